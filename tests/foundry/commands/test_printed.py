"""From bytes to lines and JSON."""

from __future__ import annotations

import pytest

from tui.foundry.commands.printed import json_of, lines_of, size_bytes, whole_lines_of


def test_each_redrawing_is_a_line_and_escapes_are_gone() -> None:
    assert lines_of(b"10 %\r20 %\r\n\x1b[32mdone\x1b[0m\n") == ["10 %", "20 %", "done", ""]


def test_a_line_that_was_cut_is_left_out() -> None:
    assert whole_lines_of(b"one\ntwo\nthr") == ["one", "two"]


def test_utf_16_and_broken_utf_8_are_read() -> None:
    assert lines_of("🟢 läuft".encode("utf-16"))[0] == "🟢 läuft"
    assert lines_of("läuft".encode("cp1252"))[0] == "l\ufffduft"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": [1, 2]}',
        b'[10:50:17 ERR] noise\nDownloading [1/1]...\n{"a": [1, 2]}\nand after\n',
        b'chatter before it on the line: {"a": [1, 2]}',
        '\ufeff{"a": [1, 2]}'.encode(),
    ],
)
def test_the_document_is_found_in_the_chatter(text: bytes) -> None:
    assert json_of(text) == {"a": [1, 2]}


@pytest.mark.parametrize("text", [b"", b"no document", b"[1/1] half {", b"{" * 100_000])
def test_without_a_document_there_is_none(text: bytes) -> None:
    assert json_of(text) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("8.37 GB", int(8.37 * 1024**3)), ("756 MB", 756 * 1024**2), ("0,5 KB", 512), ("12 B", 12),
     ("eight", None), ("8.37", None), ("", None)],
)  # fmt: skip
def test_sizes(text: str, size: int | None) -> None:
    assert size_bytes(text) == size
