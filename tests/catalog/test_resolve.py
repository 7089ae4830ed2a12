"""Which variant a name means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.catalog.resolve import find_variant, matches_name, stem, variant_suffix
from tui.foundry.errors import NotFound
from tui.foundry.types import Device, Model, Variant

CPU = Variant("Qwen2.5-7b-instruct-generic-cpu:4", "qwen2.5-7b", Device.CPU)
OLD = Variant("Qwen2.5-7b-instruct-generic-cpu:3", "qwen2.5-7b", Device.CPU)
GPU = Variant("Qwen2.5-7b-instruct-cuda-gpu:4", "qwen2.5-7b", Device.GPU)
QWEN = Model("qwen2.5-7b", (GPU, OLD, CPU))
PHI = Model("phi-4-mini", (Variant("Phi-4-mini-instruct-generic-cpu:5", "phi-4-mini"),))
PHI_BIG = Model("phi-4", (Variant("Phi-4-generic-cpu:1", "phi-4"),))
MODELS = (QWEN, PHI, PHI_BIG)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("qwen2.5-7b", CPU.id),
        ("QWEN2.5-7B", CPU.id),
        (" qwen2.5-7b ", CPU.id),
        ("qwen2.5-7b-instruct-cuda-gpu", GPU.id),
        ("Qwen2.5-7b-instruct-generic-cpu:3", OLD.id),
        ("qwen2.5-7b-instruct-generic-cpu", CPU.id),
        ("qwen2.5-7b-instruct", CPU.id),
        ("phi-4", "Phi-4-generic-cpu:1"),
        ("phi-4-mini-instruct", "Phi-4-mini-instruct-generic-cpu:5"),
    ],
)
def test_alias_id_and_registry_name(name: str, wanted: str) -> None:
    assert find_variant(MODELS, name)[1].id == wanted


def test_loaded_goes_before_cached_goes_before_cpu() -> None:
    cached = replace(QWEN, variants=(replace(GPU, cached=True), CPU))
    assert find_variant([cached], "qwen2.5-7b")[1].id == GPU.id
    loaded = replace(QWEN, variants=(replace(GPU, cached=True), replace(OLD, loaded=True), CPU))
    assert find_variant([loaded], "qwen2.5-7b") == (loaded, loaded.variants[1])


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("phi4-mini", "phi-4-mini"),
        ("qwen2.5-7b-instruct-generic-cpu:9", "Qwen2.5-7b-instruct-generic-cpu:4"),
        ("zzzzzzzz", "foundry-tui models"),
        ("", "foundry-tui models"),
    ],
)
def test_what_is_not_found_has_near_matches(name: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_variant(MODELS, name)
    assert hint in caught.value.hint
    assert caught.value.hint.count(" or ") <= 2


def test_an_empty_catalog_says_where_to_look() -> None:
    with pytest.raises(NotFound, match="No model 'x'") as caught:
        find_variant((), "x\x1b[31m")
    assert "doctor" in caught.value.hint


def test_a_model_without_variants_is_not_found() -> None:
    with pytest.raises(NotFound):
        find_variant([Model("bare", ())], "bare")


def test_stems_and_matches() -> None:
    assert stem("deepseek-r1-distill-qwen-7b-generic-cpu:3") == "deepseek-r1-distill-qwen-7b"
    assert stem("plain") == "plain"
    assert matches_name(QWEN, "qwen2.5-7b-instruct")
    assert matches_name(PHI, "PHI-4-mini")
    assert not matches_name(PHI, "phi-4")


@pytest.mark.parametrize(
    ("variant_id", "suffix"),
    [("Phi-4-mini-instruct-generic-cpu:5", "generic-cpu:5"), ("otter-gpu", "gpu"),
     ("my-own:1", "my-own:1"), ("cpu", "cpu")],
)  # fmt: skip
def test_what_tells_a_variant_from_its_siblings(variant_id: str, suffix: str) -> None:
    assert variant_suffix(variant_id) == suffix
