"""Finding a model while typing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.catalog.search import ModelSearch, rank
from tui.foundry.types import Device, Model, Variant


def model(alias: str, publisher: str = "", license: str = "", **more: object) -> Model:  # noqa: A002
    device = Device.GPU if "gpu" in alias else Device.CPU
    variant = Variant(f"{alias}-generic:1", alias, device)
    return Model(alias, (variant,), publisher=publisher, license=license, **more)  # type: ignore[arg-type]


MODELS = (
    model("phi-4", "Microsoft", "MIT", task="chat"),
    model("phi-4-mini", "Microsoft", "MIT", task="chat", supports_tools=True),
    model("phi-4-mini-reasoning", "Microsoft", "MIT", task="chat"),
    model("qwen2.5-7b", "Alibaba", "apache-2.0", task="chat"),
    model("qwen2.5-coder-7b", "Alibaba", "apache-2.0", task="code"),
    model("tiny-gpu", "Somebody", "MIT", display_name="The Tiny One"),
    model("demo-small", "Foundry TUI", "MIT", demo=True, local=True),
)


def found(query: str) -> list[str]:
    return [one.alias for one in rank(MODELS, query)]


def test_nothing_typed_shows_everything_in_order() -> None:
    assert found("") == found("  ") == [one.alias for one in MODELS]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("phi-4", "phi-4"),
        ("phi-4-mini", "phi-4-mini"),
        ("p4m", "phi-4-mini"),
        ("p4mr", "phi-4-mini-reasoning"),
        ("QWEN", "qwen2.5-7b"),
        ("coder", "qwen2.5-coder-7b"),
        ("qc7", "qwen2.5-coder-7b"),
        ("7b code", "qwen2.5-coder-7b"),
        ("microsoft tools", "phi-4-mini"),
        ("tiny one", "tiny-gpu"),
        ("gpu", "tiny-gpu"),
        ("demo", "demo-small"),
        ("mini", "phi-4-mini"),
    ],
)
def test_the_best_match_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_all_words_must_match() -> None:
    assert found("qwen apache") == ["qwen2.5-7b", "qwen2.5-coder-7b"]
    assert found("qwen mit") == []
    assert found("zzz") == []


def test_letters_in_order_start_at_a_word() -> None:
    assert "phi-4" not in found("h4")
    assert found("p4.*") == []


def test_the_alias_counts_more_than_the_rest() -> None:
    models = (model("other", "Phi Labs"), model("phi-4"))
    assert [one.alias for one in rank(models, "phi")] == ["phi-4", "other"]


letters = st.text("ph4imnqwe2.57bcodr-", min_size=1, max_size=4)


@given(st.lists(st.lists(letters, min_size=1, max_size=3).map(" ".join), max_size=6))
def test_asking_again_and_again_finds_what_asking_once_finds(queries: list[str]) -> None:
    search = ModelSearch(MODELS)
    for query in queries:
        for end in range(len(query) + 1):
            assert search.rank(query[:end]) == rank(MODELS, query[:end])


@given(st.text(max_size=8))
def test_nothing_typed_breaks_it(query: str) -> None:
    assert set(rank(MODELS, query)) <= set(MODELS)
