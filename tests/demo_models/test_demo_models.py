"""What the models that ship with the program know, asked over HTTP as a user asks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.demo_models.training.questions import Questions, load_questions
from tests.support.runtime import running_runtime, runtime_is_there
from tui import demo_models
from tui.actions import ACTIONS, PANES, keys_of

MOST_BYTES = 12_000_000
LEAST_SHARES = {"known": 0.98, "rephrased": 0.85, "off topic": 0.8}
ALIASES = [card.alias for card in demo_models.cards()]


def test_they_differ_clearly_in_size_and_are_small_together() -> None:
    small, large = demo_models.cards()
    assert large.parameters > 2 * small.parameters
    files = [path for path in demo_models.folder().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


@pytest.mark.parametrize("alias", ALIASES)
def test_the_card_tells_what_the_files_hold(alias: str) -> None:
    card = next(one for one in demo_models.cards() if one.alias == alias)
    config = json.loads((demo_models.folder() / alias / "genai_config.json").read_text("utf-8"))
    assert config["model"]["context_length"] == card.context_tokens
    assert card.license == "MIT"


def _questions() -> tuple[Questions, dict[str, list[tuple[str, str]]]]:
    questions = load_questions()
    return questions, {
        "known": [(ask, one.say) for one in questions.answers for ask in one.ask[:1]],
        "rephrased": [(ask, one.say) for one in questions.answers for ask in one.held_out],
        "off topic": [(ask, questions.fallback) for ask in questions.off_topic_held_out],
    }


@pytest.mark.skipif(not runtime_is_there(), reason="the extra `runtime` is not installed")
@pytest.mark.parametrize("alias", ALIASES)
async def test_they_answer_questions_they_have_not_seen_in_these_words(
    alias: str, tmp_path: Path
) -> None:
    _, sets = _questions()
    variant_id = next(one.variant_id for one in demo_models.cards() if one.alias == alias)
    async with running_runtime(tmp_path) as backend, httpx.AsyncClient(timeout=20) as client:
        await backend.load(variant_id)
        for name, pairs in sets.items():
            right = 0
            for question, wanted in pairs:
                body = {
                    "model": variant_id,
                    "messages": [{"role": "user", "content": question}],
                    "max_tokens": 200,
                    "temperature": 0,
                }
                answer = await client.post(
                    f"{backend.info.endpoint}/v1/chat/completions", json=body
                )
                right += answer.json()["choices"][0]["message"]["content"].strip() == wanted
            share = right / len(pairs)
            print(f"{alias}, {name}: {right} of {len(pairs)} right ({share:.0%})")
            assert share >= LEAST_SHARES[name]


def test_they_name_keys_that_the_program_has() -> None:
    keys = {key for action in ACTIONS for key in keys_of(action, {}).split()}
    for answer in load_questions().answers:
        for key in re.findall(r"\b(?:press|key) ([A-Za-z0-9+/?]+)", answer.say):
            name = key.rstrip(".,;:")
            if len(name) == 1 or "+" in name:
                assert name in keys, f"'{name}' in: {answer.say}"


def test_they_know_every_pane() -> None:
    said = " ".join(answer.say for answer in load_questions().answers).casefold()
    assert all(title.casefold() in said for _, title in PANES)
