"""Conversations and blocks of code as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.code_blocks import code_blocks
from tui.chat.conversation import Conversation, Turn
from tui.chat.export import as_markdown, as_values
from tui.chat.files import FileError, export_name, free_path, write_file
from tui.chat.parameters import Parameters

FIGURES = {"ttft_s": 0.34, "decode_tok_s": 41.0, "output_tokens": 31, "ended": "stop"}
TALK = Conversation.of(
    Turn("user", "What is *edge AI*?"),
    Turn("assistant", "It runs **here**.", "phi:1", figures=FIGURES, reasoning="Let me\nsee."),
    parameters=Parameters("Be brief.", 0.5),
)


def test_markdown_holds_what_was_said_by_whom_and_what_it_cost() -> None:
    text = as_markdown(TALK)
    assert text.startswith("# What is *edge AI*?\n")
    assert "## System prompt\n\nBe brief.\n" in text
    assert (
        "## You\n\nWhat is *edge AI*?\n\n## phi:1\n\n> Let me\n> see.\n\nIt runs **here**." in text
    )
    assert text.endswith("*TTFT 340 ms · 41 tok/s · 31 tokens · stopped by itself*\n")


def test_json_holds_every_branch() -> None:
    said = TALK.until(TALK.turns[0].id).with_turn(Turn("assistant", "Otherwise.", "qwen:2"))
    values = json.loads(json.dumps(as_values(said)))
    question, first, second = values["turns"]
    assert [one["on_show"] for one in values["turns"]] == [True, False, True]
    assert first["parent_id"] == second["parent_id"] == question["id"]
    assert (first["variant"], first["figures"]["ttft_s"]) == ("phi:1", 0.34)
    assert (first["reasoning"], values["leaf_id"]) == ("Let me\nsee.", second["id"])
    assert values["parameters"] == {"system_prompt": "Be brief.", "temperature": 0.5}
    assert "1 turns of other branches are left out" not in as_markdown(TALK)
    assert "left out (the JSON export has them)" in as_markdown(said)


def test_nothing_in_an_export_steers_a_terminal() -> None:
    said = Conversation.of(Turn("user", "a\x1b]0;x\x07b"), Turn("assistant", "\x1b[2Jc", "m\x1bc"))
    assert "\x1b" not in as_markdown(said)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is edge AI?", "chat-what-is-edge-ai-1234abcd.md"),
        ("../../etc/passwd", "chat-etc-passwd-1234abcd.md"),
        ("Điện toán biên", "chat-điện-toán-biên-1234abcd.md"),
        ("???", "chat-1234abcd.md"),
    ],
)
def test_a_file_is_named_after_the_title(title: str, name: str) -> None:
    assert export_name(Conversation("1234abcd5678", given_title=title), "md") == name


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "notes.md"
    assert write_file(path, "one") == path
    with pytest.raises(FileError, match="is there already"):
        write_file(path, "two")
    assert path.read_text() == "one"
    assert free_path(path).name == "notes-2.md"
    write_file(free_path(path), "two")
    assert free_path(path).name == "notes-3.md"
    write_file(path, "three", replace=True)
    assert path.read_text() == "three"


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory"):
        write_file(tmp_path, "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        write_file(tmp_path / "file" / "x.md", "x")


# Blocks of code

ANSWER = """Two ways:

```python
print("one")

print("two")
```

- in a list:

  ```Bash
  echo hi
  ```

```
plain
```

~~~c++ title=x
int main() {}
"""


def test_blocks_are_found_wherever_they_stand() -> None:
    blocks = code_blocks(ANSWER)
    assert [one.language for one in blocks] == ["python", "bash", "", "c++"]
    assert blocks[0].text == 'print("one")\n\nprint("two")\n'
    assert (blocks[0].lines, blocks[0].first_line) == (3, 'print("one")')
    assert blocks[1].text == "echo hi\n"
    assert blocks[3].text == "int main() {}\n"  # the answer was cut
    assert [one.file_name(number) for number, one in enumerate(blocks, 1)] == [
        "block-1.py", "block-2.sh", "block-3.txt", "block-4.cpp",
    ]  # fmt: skip


def test_an_answer_without_code_has_no_blocks() -> None:
    assert code_blocks("Use `print` and\n\n```\n\n```\n") == ()


@given(st.text())
def test_any_answer_can_be_looked_through(text: str) -> None:
    for number, block in enumerate(code_blocks(text), 1):
        assert block.text.endswith("\n")
        name = block.file_name(number)
        assert Path(name).name == name
        assert name.isascii()
