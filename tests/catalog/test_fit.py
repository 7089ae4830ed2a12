"""Verdicts and the sums behind them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.catalog.fit import OVERHEAD_BYTES, SMALL_WEIGHTS_BYTES, MemoryState, judge
from tui.catalog.kv_cache import KvShape, bound, kv_shapes, read_kv_shape
from tui.foundry.types import CacheEntry, CacheInfo, Device, Model, Variant
from tui.system.device_memory import DeviceMemory
from tui.system.memory_records import MemoryRecord

GB, MB = 1_000_000_000, 1_000_000
PHI = Variant("phi:1", "phi", Device.CPU, "CPUExecutionProvider", int(2.2 * GB))
MODEL = Model("phi", (PHI,), context_tokens=131_072)
MEMORY = MemoryState(16 * GB, 10 * GB, 100 * GB)


def test_the_worked_example_for_half_precision() -> None:
    # Phi-3.5-mini: 32 layers, 32 KV heads of 96, 4,096 tokens in fp16 are 1.50 GiB.
    variant = replace(PHI, device=Device.GPU, cached=True)
    fit = judge(variant, MODEL, MEMORY, 4096, KvShape(32, 32, 96))
    assert fit.parts[1].size_bytes == pytest.approx(1.5 * 2**30)
    assert fit.need_bytes == sum(part.size_bytes for part in fit.parts)
    assert [part.label for part in fit.parts] == ["weights", "KV at 4,096", "overhead"]
    assert [part.source for part in fit.parts] == [
        "file size", "32 layers, 32 x 96", "estimate",
    ]  # fmt: skip
    assert (fit.verdict, fit.source) == ("fits", "genai_config")
    assert "GPU" in fit.reason


def test_the_cpu_keeps_its_cache_in_float32() -> None:
    shape = KvShape(32, 32, 96)
    cpu, gpu = (
        judge(replace(PHI, device=device), MODEL, MEMORY, kv=shape).parts[1].size_bytes
        for device in (Device.CPU, Device.GPU)
    )
    assert cpu == 2 * gpu


@pytest.mark.parametrize(
    ("available_gb", "verdict"),
    [(10.0, "fits"), (3.6, "tight"), (2.9, "too big"), (0.0, "too big")],
)
def test_verdicts(available_gb: float, verdict: str) -> None:
    state = MemoryState(16 * GB, int(available_gb * GB))
    fit = judge(PHI, MODEL, state, kv=KvShape(32, 8, 64))
    assert fit.need_bytes == pytest.approx(3.2 * GB, rel=0.1)
    assert fit.verdict == verdict
    assert "3.2 GB of" in fit.reason
    assert fit.in_total == "fits"
    assert ("closing other programs" in fit.reason) == (verdict == "too big")


def test_a_cache_of_unknown_shape_is_bounded_and_says_so() -> None:
    # Phi-3.5-mini has one KV head for each attention head: the bound must not be below it.
    weights = 2_181 * 2**20
    limits = bound(weights, Device.GPU, 4096)
    real = KvShape(32, 32, 96).bytes_per_token(2) * 4096
    assert limits.high_bytes == pytest.approx(real, rel=0.1)
    assert limits.low_bytes < real / 4
    fit = judge(PHI, MODEL, MEMORY)
    assert fit.source == "bound"
    assert "at most" in fit.parts[1].source
    assert "Needs at most" in fit.reason
    low = sum(part.size_bytes for part in fit.parts) - fit.parts[1].size_bytes
    between = judge(PHI, MODEL, MemoryState(16 * GB, low + 300 * MB))
    assert between.verdict == "tight"
    assert "with a small KV cache" in between.reason
    assert judge(PHI, MODEL, MemoryState(16 * GB, low)).verdict == "too big"


def test_a_known_family_tells_its_shape_and_its_source() -> None:
    variant = Variant("Phi-4-mini-instruct-generic-gpu:5", "phi-4-mini", Device.GPU, "", 3_809 * MB)
    fit = judge(variant, Model("phi-4-mini", (variant,)), MEMORY)
    assert fit.source == "family"
    assert fit.parts[1].source == "32 layers, 8 x 128, microsoft/Phi-4-mini-instruct"
    assert fit.parts[1].size_bytes == 2 * 32 * 8 * 128 * 2 * 4096


def test_the_gpu_s_memory_is_what_counts_where_it_can_be_read() -> None:
    variant = replace(PHI, device=Device.GPU, cached=True)
    shape = KvShape(32, 8, 64)
    blind = judge(variant, MODEL, MEMORY, kv=shape)
    assert (blind.pool, blind.available_bytes) == ("RAM", 10 * GB)
    assert "was not read yet; counted against RAM" in blind.device_note
    room = replace(MEMORY, device=DeviceMemory(8 * GB, 2 * GB, "Tiny GPU"))
    seen = judge(variant, MODEL, room, kv=shape)
    assert (seen.pool, seen.verdict, seen.in_total) == ("GPU memory", "too big", "fits")
    assert (seen.total_bytes, seen.available_bytes) == (8 * GB, 2 * GB)
    assert "2.0 GB free GPU memory" in seen.reason
    assert judge(replace(variant, device=Device.CPU), MODEL, room, kv=shape).pool == "RAM"


def test_a_demo_model_does_not_need_half_a_gigabyte() -> None:
    demo = Variant("demo-small:1", "demo-small", Device.CPU, "", 2 * MB, cached=True)
    fit = judge(demo, Model("demo-small", (demo,)), MemoryState(2 * GB, 200 * MB))
    assert fit.verdict == "fits"
    assert fit.need_bytes is not None
    assert 10 * MB < fit.need_bytes < 60 * MB


def test_the_overhead_has_no_step() -> None:
    below = judge(replace(PHI, size_bytes=SMALL_WEIGHTS_BYTES - 1), MODEL, MEMORY).parts[2]
    assert below.size_bytes == pytest.approx(OVERHEAD_BYTES, rel=0.001)


def test_loaded_needs_no_more() -> None:
    fit = judge(replace(PHI, loaded=True), MODEL, MemoryState(GB, 0))
    assert (fit.verdict, fit.need_bytes, fit.source) == ("fits", 0, "loaded")


def test_an_answer_that_took_more_than_the_cache_counts() -> None:
    record = MemoryRecord("phi:1", GB, "runtime", "2026-11-24T01:00:00+00:00")
    plain = judge(PHI, MODEL, MEMORY, 4096, KvShape(32, 8, 64), record)
    more = replace(record, answer_peak_bytes=5 * GB)
    fit = judge(PHI, MODEL, MEMORY, 4096, KvShape(32, 8, 64), more)
    assert fit.need_bytes == 5 * GB
    assert [part.label for part in fit.parts] == ["at load", "answering"]
    less = replace(record, answer_peak_bytes=GB + 1)
    assert judge(PHI, MODEL, MEMORY, 4096, KvShape(32, 8, 64), less) == plain


def test_what_was_measured_replaces_weights_and_overhead() -> None:
    record = MemoryRecord(PHI.id, 2_500 * MB, "runtime 2.2.1", "2026-11-24T10:00:00+00:00")
    fit = judge(PHI, MODEL, MEMORY, measured=record)
    assert [part.label for part in fit.parts] == ["at load", "KV at 4,096"]
    assert fit.parts[0].source == "measured here 2026-11-24"
    assert fit.source == "measured"
    assert "measured here on 2026-11-24" in fit.reason


def test_no_room_on_the_disk() -> None:
    small = replace(MEMORY, disk_free_bytes=1 * GB)
    assert judge(PHI, MODEL, small).verdict == "too big"
    assert "1.0 GB are free" in judge(PHI, MODEL, small).reason
    assert judge(replace(PHI, cached=True), MODEL, small).verdict == "fits"


def test_what_is_not_known_is_unknown() -> None:
    assert judge(replace(PHI, size_bytes=None), MODEL, MEMORY).verdict == "unknown"
    fit = judge(PHI, MODEL, MemoryState())
    assert (fit.verdict, fit.available_bytes) == ("unknown", None)
    assert fit.need_bytes is not None


def test_the_context_is_cut_to_what_the_model_takes() -> None:
    fit = judge(PHI, replace(MODEL, context_tokens=1024), MEMORY, 8192)
    assert fit.parts[1].label == "KV at 1,024"


@given(st.integers(0, 200 * GB), st.integers(1, 200_000), st.integers(0, 200 * GB))
def test_more_memory_never_makes_it_worse(size: int, tokens: int, available: int) -> None:
    order = ("fits", "tight", "too big")
    variant = replace(PHI, size_bytes=size)
    one = judge(variant, MODEL, MemoryState(None, available), tokens)
    more = judge(variant, MODEL, MemoryState(None, available + GB), tokens)
    assert order.index(more.verdict) <= order.index(one.verdict)


def config(**decoder: object) -> str:
    return json.dumps({"model": {"decoder": decoder}})


def test_the_shape_is_read_from_the_cache(tmp_path: Path) -> None:
    text = config(num_hidden_layers=4, num_key_value_heads=2, head_size=32)
    nested = tmp_path / "phi-1" / "v1"
    nested.mkdir(parents=True)
    (nested / "genai_config.json").write_text(text)
    entry = CacheEntry("phi:1", tmp_path / "phi-1", 1, 0.0)
    half = replace(entry, variant_id="half:1", state="partial")
    other = replace(entry, variant_id="none:1", path=tmp_path / "nowhere")
    assert kv_shapes(CacheInfo(tmp_path, (entry, half, other), 0)) == {"phi:1": KvShape(4, 2, 32)}
    assert KvShape(4, 2, 32).bytes_per_token(4) == 2 * 4 * 2 * 32 * 4


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"model": 1}', config(), config(num_hidden_layers="4"),
     config(num_hidden_layers=4, num_key_value_heads=0, head_size=32),
     config(num_hidden_layers=True, num_key_value_heads=2, head_size=32)],
)  # fmt: skip
def test_a_config_that_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "genai_config.json").write_text(text)
    assert read_kv_shape(tmp_path) is None


def test_coarse_memory_does_not_change_every_second() -> None:
    one, other = MemoryState(16 * GB, 10 * GB + 1, None), MemoryState(16 * GB, 10 * GB + 2, None)
    assert one != other
    assert one.coarse() == other.coarse() == MemoryState(16 * GB, 10 * GB, None)


def test_memory_that_wavers_about_the_edge_of_a_step_keeps_its_step() -> None:
    def free(size_bytes: int) -> MemoryState:
        device = DeviceMemory(free_bytes=size_bytes)
        return MemoryState(16 * GB, size_bytes, size_bytes, device)

    kept = free(10 * GB).coarse()
    for wavering in (10 * GB - 40_000_000, 10 * GB + 140_000_000, 10 * GB + 1):
        assert free(wavering).coarse(kept) == kept
    assert free(10 * GB - 60_000_000).coarse(kept) == free(10 * GB - 100_000_000)
    assert free(10 * GB + 160_000_000).coarse(kept) == free(10 * GB + 100_000_000)
    assert MemoryState().coarse(kept) == MemoryState()
