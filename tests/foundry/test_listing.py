"""From the host's rows to models."""

from __future__ import annotations

from typing import Any

import pytest

from tui.foundry.listing import models_from_rows, task_word
from tui.foundry.types import Device


def row(variant_id: str, alias: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": variant_id, "alias": alias, "display_name": "Name", "publisher": "P",
        "license": "MIT", "task": "chat-completion", "description": "", "context_tokens": 4096,
        "supports_tools": True, "device": "CPU", "execution_provider": "CPUExecutionProvider",
        "size_bytes": 10, "cached": False, "loaded": False, "origin": "catalog", **changes,
    }  # fmt: skip


def test_variants_of_one_alias_are_one_model() -> None:
    models = models_from_rows(
        [row("phi-cpu:1", "phi"), row("q:1", "q"), row("phi-gpu:1", "phi", device="GPU")]
    )
    assert [model.alias for model in models] == ["phi", "q"]
    assert [variant.device for variant in models[0].variants] == [Device.CPU, Device.GPU]
    assert not models[0].local


def test_origins_and_unknown_devices() -> None:
    demo, mine = models_from_rows(
        [row("d:1", "d", origin="demo", device=""), row("m:1", "m", origin="imported")]
    )
    assert (demo.demo, demo.local) == (True, True)
    assert (mine.demo, mine.local) == (False, True)
    assert demo.variants[0].device is Device.UNKNOWN


def test_texts_of_the_catalog_cannot_steer_the_terminal() -> None:
    (model,) = models_from_rows([row("a:1", "a", display_name="\x1b[31mred\n", publisher="\x07")])
    assert (model.display_name, model.publisher) == ("red", "")


@pytest.mark.parametrize(
    ("task", "alias", "word"),
    [
        ("chat-completion", "phi", "chat"),
        ("chat-completion", "qwen2.5-coder-7b", "code"),
        ("chat-completion, reasoning", "r1", "chat"),
        ("automatic-speech-recognition", "whisper", "speech"),
        ("embeddings", "coder-embeddings", "embeddings"),
        ("something-new", "x", "something-new"),
        ("", "x", ""),
    ],
)
def test_task_words(task: str, alias: str, word: str) -> None:
    assert task_word(task, alias) == word
