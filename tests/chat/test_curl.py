"""A request as a command."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.curl import as_curl
from tui.foundry.types import ChatMessage, ChatRequest


def asking(text: str, raw: bool = False) -> ChatRequest:
    return ChatRequest("phi:1", (ChatMessage("user", text),), max_tokens=64, raw=raw)


def sent(words: Sequence[str]) -> object:
    return json.loads(words[words.index("-d") + 1])


@given(st.text())
def test_any_question_survives_the_shell_and_steers_no_terminal(text: str) -> None:
    command = as_curl("http://127.0.0.1:8000", asking(text))
    assert sent(shlex.split(command)) == {
        "model": "phi:1",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 64,
    }
    assert command.replace("\n", "").isprintable() or not text.isprintable()
    assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in command.replace("\n", ""))


def test_a_key_is_named_and_never_shown() -> None:
    command = as_curl("https://box.example/v1", asking("Hi"), "BOX_KEY")
    assert '-H "Authorization: Bearer ${BOX_KEY}"' in command
    assert "Authorization" not in as_curl("https://box.example/v1", asking("Hi"))


def test_a_prompt_without_a_template_goes_to_its_own_route() -> None:
    words = shlex.split(as_curl("127.0.0.1:8000", asking("Once", raw=True)))
    assert words[2] == "http://127.0.0.1:8000/v1/completions"
    assert sent(words)["prompt"] == "Once"  # type: ignore[index]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_shell_expands_the_key_and_nothing_else() -> None:
    command = as_curl("http://127.0.0.1:8000", asking("$(echo owned) `id` $HOME '!"), "API_KEY")
    shown = subprocess.run(
        ["bash", "-c", command.replace("curl", "printf '%s\\n'", 1)],
        env={"API_KEY": "secret"}, capture_output=True, text=True, timeout=10, check=True,
    ).stdout  # fmt: skip
    assert "Authorization: Bearer secret" in shown
    assert "$(echo owned) `id` $HOME '!" in shown
