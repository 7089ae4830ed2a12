"""All that is known about a variant, line by line."""

from __future__ import annotations

from dataclasses import replace

from tui.catalog.about import about, sum_lines, summary_text
from tui.catalog.fit import MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.measured import Measured
from tui.catalog.registry import RegistryEntry
from tui.catalog.usable_context import UsableContext
from tui.catalog.versions import newer_than, newest_versions
from tui.foundry.types import Device, Model, Variant

GB = 10**9
VARIANT = Variant(
    "Phi-4-mini-instruct-cuda-gpu:5", "phi-4-mini", Device.GPU, "CUDAExecutionProvider", 3 * GB,
    cached=True,
)  # fmt: skip
MODEL = Model(
    "phi-4-mini", (VARIANT,), "Phi 4 mini", "Microsoft", "MIT", "chat", supports_tools=True
)
INPUTS = FitInputs(MemoryState(32 * GB, 20 * GB, 90 * GB), providers=("CPUExecutionProvider",))


def values(inputs: FitInputs = INPUTS, **more: object) -> dict[str, str]:
    facts = about(MODEL, VARIANT, inputs, **more)  # type: ignore[arg-type]
    return {fact.label: fact.value for fact in facts}


def test_each_line_says_its_source() -> None:
    known = values()
    assert list(known)[:2] == ["Attention", "Fit"]
    assert known["Context"] == (
        "advertised: 128 k (microsoft/Phi-4-mini-instruct) · usable: not probed (p)"
    )
    assert known["Runs on"] == "GPU, asks for CUDA · registered here: CPU"
    assert known["Measured"] == "nothing yet: the benchmark (b) does"
    assert "Registry" not in known
    assert summary_text(MODEL, VARIANT) == "Phi 4 mini · Microsoft · MIT · chat · tools"


def test_what_was_found_out_here_stands_in_it() -> None:
    measured = Measured(VARIANT.id, 0.34, 41.0, 1.0, 2.5, 4 * GB, measured_at="2026-11-24T10:00")
    probed = UsableContext(
        VARIANT.id, 4096, True, "the server names its limit", "runtime", "2026-11-25T01"
    )
    entry = RegistryEntry("phi-4-mini", "chat", 8, "fast", extra={"measured": {"rating": 4.25}})
    newer = Variant("Phi-4-mini-instruct-cuda-gpu:6", "phi-4-mini")
    inputs = replace(INPUTS, figures={VARIANT.id: measured}, usable={VARIANT.id.casefold(): probed})
    known = values(inputs, entry=entry, newer=newer)
    assert known["Measured"] == (
        "TTFT 340 ms · 41 tok/s · load 2.5 s · 4.0 GB · rated 4.2 of 5 (models.json) · 2026-11-24"
    )
    assert "usable: 4,096 (probed 2026-11-25, the server names its limit)" in known["Context"]
    assert known["Registry"] == "chat, min 8 GiB RAM, fast"
    assert known["Update"] == "version 6 is out"


def test_the_sum_line_by_line() -> None:
    variant = replace(VARIANT, cached=False)
    lines = sum_lines(INPUTS.judge(MODEL, variant))
    assert [line.label for line in lines] == [
        "weights", "KV at 4,096", "overhead", "sum", "free now", "in total", "device", "disk",
    ]  # fmt: skip
    by_label = {line.label: line for line in lines}
    assert by_label["sum"].size_bytes == sum(line.size_bytes or 0 for line in lines[:3])
    assert (by_label["free now"].size_bytes, by_label["free now"].note) == (20 * GB, "fits")
    assert (by_label["in total"].size_bytes, by_label["in total"].note) == (32 * GB, "fits")
    assert by_label["device"].note == "GPU memory was not read yet; counted against RAM"
    assert by_label["disk"].note == "to fetch, of 90.0 GB free"
    loaded = sum_lines(INPUTS.judge(MODEL, replace(VARIANT, loaded=True)))
    assert [line.label for line in loaded][-1] != "disk"


def test_a_newer_version_is_one_that_is_not_on_disk_yet() -> None:
    older = replace(VARIANT, id="phi:3")
    out = Variant("PHI:4", "phi")
    newest = newest_versions([Model("phi", (older, out))])
    assert newer_than(older, newest) == out
    assert newer_than(replace(older, cached=False), newest) is None
    there = newest_versions([Model("phi", (older, replace(out, cached=True)))])
    assert newer_than(older, there) is None
    assert newer_than(replace(older, id="other:1"), newest) is None
    assert newer_than(replace(older, id="phi"), newest) is None
