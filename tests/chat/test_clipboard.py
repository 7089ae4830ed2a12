"""Copying through the terminal, over SSH, in tmux and in screen."""

from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path

import pytest

from tui.chat.clipboard import MOST_BYTES, SURE_BYTES, TooLong, copy


class Wire:
    """What the terminal gets."""

    def __init__(self) -> None:
        self.copied: list[str] = []
        self.written = ""

    def write(self, text: str) -> None:
        self.written += text


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def put(wire: Wire, text: str = "né", **environment: str) -> str:
    return await copy("The answer", text, wire.copied.append, wire.write, environment)


async def test_it_goes_to_the_terminal_and_the_message_says_so(wire: Wire) -> None:
    message = await put(wire)
    assert wire.copied == ["né"]
    assert wire.written == ""
    assert message == "The answer went to the clipboard of your terminal (OSC 52)."


async def test_over_ssh_it_is_the_clipboard_of_the_other_machine(wire: Wire) -> None:
    assert "the machine you sit at" in await put(wire, SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22")
    assert wire.copied == ["né"]


async def test_tmux_is_asked_itself(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "tmux"
    fake.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat > {tmp_path}/got\n')
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    message = await put(wire, TMUX="/tmp/tmux-0/default,1,0")
    assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "got").read_text() == "né"
    assert "went to tmux (prefix ] pastes it)" in message
    assert "set-clipboard on" in message


async def test_without_the_command_tmux_is_passed_through(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message = await put(wire, TMUX="/tmp/tmux-0/default,1,0")
    encoded = base64.b64encode("né".encode()).decode()
    assert wire.written == f"\x1bPtmux;\x1b\x1b]52;c;{encoded}\x07\x1b\\"
    assert "set-clipboard on" in message


async def test_screen_gets_pieces_that_it_passes_on(wire: Wire) -> None:
    text = "long text " * 100
    assert "GNU screen" in await put(wire, text, STY="1234.pts-0")
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", wire.written, re.DOTALL)
    assert all(len(piece) <= 250 for piece in pieces)
    whole = "".join(pieces)
    assert whole.startswith("\x1b]52;c;")
    assert base64.b64decode(whole.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == text


async def test_what_some_terminals_drop_is_said(wire: Wire) -> None:
    message = await put(wire, "x" * (SURE_BYTES + 1))
    assert "some terminals take no more than 75.0 kB" in message
    assert "save it to a file" in message
    assert wire.copied


async def test_what_every_terminal_drops_is_not_sent(wire: Wire) -> None:
    with pytest.raises(TooLong, match="too long") as caught:
        await put(wire, "x" * (MOST_BYTES + 1))
    assert "file" in caught.value.hint
    assert not wire.copied
