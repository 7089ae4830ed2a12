"""What the monitor says in words and numbers."""

from __future__ import annotations

from tui.foundry.types import LoadResult
from tui.panes.monitor import wording
from tui.system.model_memory import ModelMemory
from tui.system.sample import (
    DeviceSample,
    GpuSample,
    NpuSample,
    ProcessSample,
    Sample,
    SensorSample,
)

MB = 1_000_000


def facts(memory: ModelMemory | None = None, **values: object) -> wording.Facts:
    memory = memory or ModelMemory()
    sample = Sample(0.0, **values)  # type: ignore[arg-type]
    loaded = tuple(one.variant_id for one in memory.models)
    return wording.Facts(sample, memory, loaded, {"PHI": (41.2, 0.34)}, "runtime 2.2.1")


def test_cores_get_bars_and_very_many_cores_a_column_each() -> None:
    lines = wording.core_lines((100.0, 50.0), 80)
    assert lines == ["core 0  ████████ 100%   core 1  ████      50%"]
    many = wording.core_lines(tuple(float(number) for number in range(96)), 80)
    assert many[0].startswith("96 cores  ▁▁")
    assert all(len(line) <= 80 for line in many)


def test_a_model_has_its_memory_and_its_speed() -> None:
    memory = ModelMemory().loaded(LoadResult("phi:4", 2.4, 900 * MB), at=0.0)
    head, row = wording.model_lines(facts(memory), 78)
    assert head.split() == ["MODEL", "MEMORY", "LOADING", "ANSWERING", "TOK/S", "TTFT"]
    assert row.split() == ["phi:4", "+900", "MB", "-", "-", "41", "340", "ms"]
    head, row = wording.model_lines(facts(memory), 120)
    assert head.split()[-2:] == ["LOADED", "TOOK"]
    assert row.endswith("2.4 s")
    for width in (56, 78, 96, 140):
        assert all(len(line) <= width for line in wording.model_lines(facts(memory), width))


def test_an_unload_that_gave_back_little_is_an_alarm() -> None:
    memory = ModelMemory().loaded(LoadResult("big:1", 1.0, 900 * MB), at=0.0)
    little, alarm = wording.unload_line(memory.unloaded("big:1", 100 * MB, at=60.0))
    assert little.startswith("! big:1 gave back 100 MB of 900 MB (11 %)")
    assert alarm
    fine, alarm = wording.unload_line(memory.unloaded("big:1", 880 * MB, at=60.0))
    assert not alarm
    assert "880 MB" in fine
    silent, alarm = wording.unload_line(memory.unloaded("big:1", None, at=60.0))
    assert not alarm
    assert "not known" in silent


def test_what_is_not_known_is_never_zero() -> None:
    lines = wording.process_lines(facts(processes=(ProcessSample(7, "x", None, None, None),)), 60)
    assert lines[1].split() == ["x", "7", "-", "-", "-"]
    assert wording.machine_line(Sample(0.0), 80).startswith("swap -")
    assert wording.own_line(Sample(0.0), 1.0).startswith("we - CPU")


def test_why_there_is_no_process_of_the_runtime_is_said() -> None:
    alone = wording.Facts(Sample(0.0), ModelMemory(), (), {}, "", "it runs on another machine")
    assert wording.process_lines(alone, 80)[-1] == (
        "no process of the runtime: it runs on another machine"
    )


def test_devices_and_what_is_not_available() -> None:
    assert wording.devices_line(None) == "looking at GPU, NPU and sensors …"
    nothing = DeviceSample(reasons=(("gpu", "why"), ("npu", "why"), ("power", "why")))
    assert wording.devices_line(nothing) == "not available: GPU, NPU, power (? says why)"
    everything = DeviceSample(
        (GpuSample("H100", 40.0, 8000 * MB, 80_000 * MB, 5000 * MB, 55.0, 312.5, 1980.0, "heat"),),
        (NpuSample("Intel NPU", 22.0, 300 * MB, 1950.0),),
        SensorSample(66.0, False, 31.0, "package", True, 81.0),
    )
    assert wording.devices_line(everything) == (
        "H100: 40 %, 8.0 GB of 80.0 GB (runtime 5.0 GB), 55 °C, 312 W, 2.0 GHz, slowed by heat · "
        "Intel NPU: 22 %, 300 MB, 1.9 GHz · 66 °C · not throttled · 31.0 W (package) · "
        "on battery 81 %"
    )
    assert "runtime" not in wording.devices_line(everything, brief=True)


def test_a_driver_that_tells_nothing_is_not_idle() -> None:
    silent = DeviceSample((GpuSample("X"),), (NpuSample("N", note="not told"),))
    line = wording.devices_line(silent)
    assert line == "X: its driver tells nothing · N: not told"
    assert "0 %" not in line
