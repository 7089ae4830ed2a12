"""Known families, found by the names that catalogs give them."""

from __future__ import annotations

import pytest

from tui.catalog.contexts import advertised_context
from tui.catalog.families import FAMILIES, family_of, reasons
from tui.catalog.kv_cache import KvShape
from tui.catalog.snapshot import snapshot
from tui.foundry.types import Model, Variant

BOUNDED = ("gemma-4", "ministral-3", "olmo-3", "qwen3.5", "qwen3-vl", "qwen3-embedding",
           "nemotron", "parakeet", "whisper")  # fmt: skip
"""What the snapshot holds beside: their configs are not in the table, the bound is stated."""


def test_the_table_covers_what_the_public_catalog_chats_with() -> None:
    missing = [
        model.alias
        for model in snapshot()
        if not model.alias.startswith(BOUNDED)
        and any(family_of(model.alias, one.id) is None for one in model.variants)
    ]
    assert not missing


@pytest.mark.parametrize(
    ("alias", "variant_id", "source"),
    [
        ("phi-4", "Phi-4-generic-cpu:1", "microsoft/phi-4"),
        ("phi-4-mini", "Phi-4-mini-instruct-cuda-gpu:5", "microsoft/Phi-4-mini-instruct"),
        ("phi-4-reasoning", "", "microsoft/Phi-4-reasoning"),
        ("qwen2.5-coder-7b", "", "Qwen/Qwen2.5-7B-Instruct"),
        ("deepseek-r1-7b", "", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"),
        (
            "x",
            "mistralai-Mistral-7B-Instruct-v0-2-cuda-gpu:2",
            "mistralai/Mistral-7B-Instruct-v0.2",
        ),
        ("my-own", "my-own:1", None),
        ("phi-4o", "", None),
        ("qwen2.5-70b", "", None),
        ("phi-4-multimodal", "", None),
    ],
)
def test_names(alias: str, variant_id: str, source: str | None) -> None:
    family = family_of(alias, variant_id)
    assert (family.source if family else None) == source


def test_no_family_hides_another() -> None:
    names = [family.source.partition("/")[2].casefold() for family in FAMILIES]
    wrong = [name for name, one in zip(names, FAMILIES, strict=True) if family_of(name) is not one]
    assert not wrong


def test_whether_it_reasons_is_the_catalog_s_word_first() -> None:
    variant = Variant("Phi-4-reasoning-generic-cpu:1", "phi-4-reasoning")
    model = Model("phi-4-reasoning", (variant,))
    assert reasons(model, variant) == (True, "model card of microsoft/Phi-4-reasoning")
    assert reasons(Model("x", (), supports_reasoning=False), Variant("x", "x")) == (
        False,
        "catalog",
    )
    assert reasons(Model("think-r1", ()), Variant("think-r1", "think-r1")) == (None, "")


def test_the_advertised_context_and_whose_word_it_is() -> None:
    variant = Variant("Phi-4-generic-cpu:1", "phi-4")
    model = Model("phi-4", (variant,))
    family = advertised_context(model, variant)
    assert (family.tokens, family.source, family.certain) == (16_384, "microsoft/phi-4", False)
    told = advertised_context(Model("phi-4", (variant,), context_tokens=8192), variant)
    assert (told.tokens, told.source, told.certain) == (8192, "catalog", True)
    own = advertised_context(model, variant, KvShape(40, 10, 128, 4096))
    assert (own.tokens, own.source) == (4096, "genai_config.json")
    assert advertised_context(Model("x", ()), None).tokens is None
