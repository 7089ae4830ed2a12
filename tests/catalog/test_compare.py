"""Variants side by side."""

from __future__ import annotations

from tui.catalog.compare import compare
from tui.catalog.fit import MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.measured import Measured
from tui.catalog.registry import Registry
from tui.foundry.types import Device, Model, Variant

GB = 10**9


def pair(name: str, size: int, **changes: object) -> tuple[Model, Variant]:
    variant = Variant(f"{name}:1", name, Device.CPU, "CPUExecutionProvider", size, cached=True)
    values: dict[str, object] = {"license": "MIT", "task": "chat", "context_tokens": 4096}
    return Model(name, (variant,), **(values | changes)), variant  # type: ignore[arg-type]


def test_every_property_with_differences_and_the_best() -> None:
    pairs = [pair("otter", GB), pair("heron", 2 * GB, context_tokens=8192, supports_tools=True)]
    measured = {
        "otter:1": Measured("otter:1", 0.2, 50.0, 1.0, 2.0, GB, 3.5, "r1", "2026-11-24T10:00:00Z"),
        "heron:1": Measured("heron:1", 0.1, 80.0, 0.5, 4.0, 3 * GB, 4.5, "r2"),
    }
    lines = compare(pairs, FitInputs(MemoryState(32 * GB, 20 * GB), figures=measured), Registry())
    by_label = {line.label: line for line in lines}
    assert by_label["Model"].values == ("otter", "heron")
    assert not by_label["Licence"].differs
    assert by_label["Tools"].values == ("-", "yes")
    best = {label: line.best for label, line in by_label.items() if line.best is not None}
    assert best == {
        "Context": 1, "Size": 0, "Needs": 0, "TTFT": 1, "Decode": 1, "E2E": 1, "Load": 0,
        "Memory": 0, "Rating": 1,
    }  # fmt: skip
    assert by_label["Decode"].values == ("50 tok/s", "80 tok/s")
    assert by_label["Measured"].values == ("2026-11-24", "-")


def test_what_was_not_measured_has_no_best() -> None:
    lines = compare([pair("otter", GB), pair("heron", GB)], FitInputs(), Registry())
    by_label = {line.label: line for line in lines}
    assert by_label["TTFT"].values == ("-", "-")
    assert by_label["Size"].best is None  # equal: none is better
    assert by_label["TTFT"].best is None
