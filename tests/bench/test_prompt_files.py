"""The user's own prompts, in every form, and what is wrong with them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.bench.prompt_files import PromptsError, find_prompts, load_prompts
from tui.bench.prompt_sets import BUILT_IN, STANDARD
from tui.bench.prompts import PromptSet

CHECKED = [{"prompt": "6 x 7?", "name": "sum", "checks": [{"numeric": 42}, {"contains": "42"}]}]


def read(folder: Path, name: str, text: str) -> PromptSet:
    (folder / name).write_text(text, "utf-8")
    return load_prompts(folder / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.txt", "One?\n\n  Two?  \n"),
        ("p.json", '["One?", "Two?"]'),
        ("p.json", '{"prompts": ["One?", {"prompt": "Two?"}]}'),
        ("p.jsonl", '"One?"\n\n{"prompt": "Two?"}\n'),
        ("p.csv", 'Prompt,name\r\nOne?,a\r\n"Two?",b\r\n'),
        ("p.toml", 'prompts = ["One?", {prompt = "Two?"}]'),
        ("p.txt", "\ufeffOne?\nTwo?"),
    ],
)
def test_every_form_gives_the_same_prompts(tmp_path: Path, name: str, text: str) -> None:
    found = read(tmp_path, name, text)
    assert found.prompts == ("One?", "Two?")
    assert found.sha256 == PromptSet.of("x", ["One?", "Two?"]).sha256


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", json.dumps(CHECKED)),
        ("p.jsonl", json.dumps(CHECKED[0])),
        ("p.csv", "prompt,name,numeric,contains\n6 x 7?,sum,42,42\n"),
        (
            "p.toml",
            '[[prompts]]\nprompt = "6 x 7?"\nname = "sum"\n'
            'checks = [{numeric = 42}, {contains = "42"}]\n',
        ),
    ],
)
def test_checks_come_with_the_prompts(tmp_path: Path, name: str, text: str) -> None:
    (prompt,) = read(tmp_path, name, text).items
    assert prompt.name == "sum"
    assert {one.kind: one.value for one in prompt.checks} == {"numeric": 42, "contains": "42"}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.json", '["One?",\n "Two?",]', "line 2, column"),
        ("p.jsonl", '"One?"\n{"prompt": }', "line 2, column 12"),
        ("p.toml", "prompts = [\n 'a'\n 'b']", "line 3"),
        ("p.csv", "question\nOne?\n", "line 1: no column is named 'prompt'"),
        ("p.csv", "prompt,extra\nOne?,x\n", "the column 'extra' is not known"),
        ("p.csv", "prompt,numeric\nOne?,x\n", "line 2, column 'numeric'"),
        ("p.csv", "prompt,name\nOne?\n", "line 2: another number of columns"),
        ("p.json", '{"questions": []}', "does not hold a list"),
        ("p.json", '["One?", 7]', "prompt 2: neither a text nor an object"),
        ("p.json", '[{"prompt": "a", "check": []}]', "prompt 1: 'check' is not known"),
        ("p.json", '[{"prompt": "a", "checks": [{"regex": "("}]}]', "'regex' is no pattern"),
        ("p.json", '[{"prompt": "a", "checks": [{"like": "b"}]}]', "a check has one of"),
        (
            "p.json",
            '[{"prompt": "a", "checks": [{"json_schema": {"oneOf": []}}]}]',
            "the keyword 'oneOf' is not known",
        ),
        ("p.json", "[" * 100_000, "nested too deeply"),
        ("p.txt", "\n \n", "holds no prompts"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    with pytest.raises(PromptsError) as caught:
        read(tmp_path, name, text)
    assert words in caught.value.message
    assert caught.value.hint


def test_text_that_is_no_utf8_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"One?\nTw\xff?")
    with pytest.raises(PromptsError, match="line 2, column 3"):
        load_prompts(tmp_path / "p.txt")


@given(st.text(max_size=200), st.sampled_from(["txt", "json", "jsonl", "csv", "toml"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused(tmp_path: Path, text: str, ending: str) -> None:
    path = tmp_path / f"p.{ending}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(PromptsError):  # and nothing else
        assert load_prompts(path).prompts


def test_a_set_that_ships_goes_by_its_name(tmp_path: Path) -> None:
    assert find_prompts("standard") is STANDARD
    with pytest.raises(PromptsError, match="There is no file") as caught:
        find_prompts("nothing.txt")
    assert "standard" in caught.value.hint


def test_the_standard_set_covers_its_tasks_and_has_checks() -> None:
    assert len(STANDARD.items) == 12
    assert {one.task for one in STANDARD.items} == {
        "chat", "reasoning", "code", "summarization", "extraction",
    }  # fmt: skip
    assert len({one.name for one in STANDARD.items}) == 12
    assert sum(bool(one.checks) for one in STANDARD.items) >= 8
    assert len({one.sha256 for one in BUILT_IN}) == len(BUILT_IN)


def test_the_home_of_nobody_is_no_file() -> None:
    with pytest.raises(PromptsError, match="There is no file"):
        find_prompts("~nobody-at-all/prompts.txt")
