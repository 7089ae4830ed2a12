"""GPUs, NPUs and sensors of made-up machines; what is not there is told with its reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.made_up_sysfs import amd_card, intel_card, intel_npu, laptop, write
from tests.support.nvml_stand_in import make_nvml
from tui.system.device_memory import read_device_memory
from tui.system.devices import READINGS, DeviceReader
from tui.system.sensors import PortableSensorReader

GB = 1_000_000_000


@pytest.fixture(autouse=True)
def no_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)


def test_a_machine_that_tells_nothing_gives_reasons_and_no_zero(tmp_path: Path) -> None:
    sample = DeviceReader(tmp_path, tmp_path).read()
    assert (sample.gpus, sample.npus) == ((), ())
    assert sample.sensors.temperature_c is sample.sensors.power_w is None
    assert sample.sensors.throttled is sample.sensors.on_battery is None
    assert [name for name, _ in sample.reasons] == list(READINGS)
    reasons = dict(sample.reasons)
    assert "nvidia-ml-py is not installed" in reasons["gpu"]
    assert "no AMD or Intel card" in reasons["gpu"]
    assert not sample.tells_anything


def test_an_nvidia_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", make_nvml(pid=77))
    reader = DeviceReader(tmp_path, tmp_path)
    [gpu] = reader.read((77,)).gpus
    assert gpu.name == "NVIDIA H100 80GB HBM3"
    assert (gpu.busy_percent, gpu.used_bytes, gpu.total_bytes) == (40.0, 8 * GB, 80 * GB)
    assert (gpu.temperature_c, gpu.power_w, gpu.clock_mhz) == (55.0, 312.5, 1980.0)
    assert gpu.runtime_bytes == 5 * GB
    assert gpu.throttled == "heat"
    memory = read_device_memory(reader)
    assert (memory.total_bytes, memory.free_bytes) == (80 * GB, 72 * GB)
    assert reader.read().tells_anything


def test_a_gpu_that_leaves_parts_out_has_no_zero_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = (
        "nvmlDeviceGetMemoryInfo",
        "nvmlDeviceGetPowerUsage",
        "nvmlDeviceGetCurrentClocksThrottleReasons",
        "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetComputeRunningProcesses",
    )
    monkeypatch.setitem(sys.modules, "pynvml", make_nvml(broken=broken))
    reader = DeviceReader(tmp_path, tmp_path)
    [gpu] = reader.read((1,)).gpus
    assert gpu.busy_percent is gpu.used_bytes is gpu.total_bytes is gpu.power_w is None
    assert gpu.runtime_bytes is None
    assert gpu.throttled == ""
    assert gpu.note == "it shares the machine's memory"
    assert read_device_memory(reader).total_bytes is None
    assert "shares the machine's memory" in read_device_memory(reader).note


@pytest.mark.parametrize(
    ("nvml", "reason"),
    [
        (make_nvml(init_fails=True), "no NVIDIA driver answers"),
        (make_nvml(broken=("nvmlDeviceGetCount",)), "NVML cannot read it: Not Supported"),
    ],
)
def test_nvml_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nvml: object, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    sample = DeviceReader(tmp_path, tmp_path).read()
    assert sample.gpus == ()
    assert reason in dict(sample.reasons)["gpu"]


def test_an_amd_gpu(tmp_path: Path) -> None:
    reader = DeviceReader(amd_card(tmp_path), tmp_path)
    [gpu] = reader.read().gpus
    assert gpu.name == "AMD Radeon RX 7900 XTX"
    assert (gpu.busy_percent, gpu.used_bytes, gpu.total_bytes) == (73.0, 6 * GB, 24 * GB)
    assert (gpu.temperature_c, gpu.power_w, gpu.clock_mhz) == pytest.approx((61, 212, 2400))
    assert read_device_memory(reader).free_bytes == 18 * GB


def test_an_amd_gpu_that_sleeps_is_not_woken(tmp_path: Path) -> None:
    write(amd_card(tmp_path), {"class/drm/card1/device/power/runtime_status": "suspended"})
    [gpu] = DeviceReader(tmp_path, tmp_path).read().gpus
    assert (gpu.busy_percent, gpu.note) == (None, "asleep")


def test_an_intel_gpu_tells_what_the_runtime_does_with_it(tmp_path: Path) -> None:
    sysfs, proc = tmp_path / "sys", tmp_path / "proc"
    intel_card(sysfs, proc, 77, 1_000_000_000)
    reader = DeviceReader(sysfs, proc)
    [gpu] = reader.read((77,), 100.0).gpus
    assert gpu.name == "Intel GPU 0x9a49"
    assert gpu.busy_percent is None
    intel_card(sysfs, proc, 77, 1_500_000_000)
    [gpu] = reader.read((77,), 102.0).gpus
    assert gpu.busy_percent == pytest.approx(25)
    assert gpu.used_bytes == 2 * 1024 * 1024
    assert gpu.runtime_only
    assert (gpu.clock_mhz, gpu.throttled) == (1300.0, "heat or power")
    [gpu] = reader.read((), 103.0).gpus
    assert gpu.busy_percent is None
    assert "the runtime does not use it" in gpu.note


def test_the_xe_driver_counts_in_the_cards_own_clock(tmp_path: Path) -> None:
    sysfs, proc = tmp_path / "sys", tmp_path / "proc"
    intel_card(sysfs, proc, 77, 0)
    busy = []
    for cycles, total in ((0, 1000), (300, 2000)):
        text = (
            "drm-driver:\txe\ndrm-pdev:\t0000:00:02.0\ndrm-client-id:\t7\n"
            f"drm-cycles-ccs:\t{cycles}\ndrm-total-cycles-ccs:\t{total}\n"
            "drm-resident-vram0:\t3 MiB"
        )
        write(proc, {"77/fdinfo/5": text})
        if not busy:
            reader = DeviceReader(sysfs, proc)
        [gpu] = reader.read((77,), 100.0 + total).gpus
        busy.append(gpu.busy_percent)
    assert busy == [None, pytest.approx(30)]
    assert gpu.used_bytes == 3 * 1024 * 1024


def test_an_npu(tmp_path: Path) -> None:
    reader = DeviceReader(intel_npu(tmp_path, 1_000_000), tmp_path)
    [npu] = reader.read(now_s=10.0).npus
    assert (npu.name, npu.busy_percent, npu.note) == ("Intel NPU", None, "")
    intel_npu(tmp_path, 1_250_000)
    [npu] = reader.read(now_s=11.0).npus
    assert npu.busy_percent == pytest.approx(25)
    assert (npu.used_bytes, npu.clock_mhz) == (300_000_000, 1950.0)


def test_an_npu_whose_driver_does_not_tell_is_not_idle(tmp_path: Path) -> None:
    write(tmp_path, {"class/accel/accel0/device/vendor": "0x1022"})
    [npu] = DeviceReader(tmp_path, tmp_path).read().npus
    assert npu.busy_percent is None
    assert npu.note == "this driver does not tell how busy it is"


def test_a_laptop_on_its_battery(tmp_path: Path) -> None:
    reader = DeviceReader(laptop(tmp_path), tmp_path)
    first = reader.read(now_s=10.0).sensors
    assert first.temperature_c == pytest.approx(66)
    assert first.throttled is False
    assert (first.power_w, first.power_source) == (17.5, "battery")
    laptop(tmp_path, energy_uj=31_000_000, throttled=5)
    second = reader.read(now_s=12.0).sensors
    assert second.throttled is True
    assert (second.power_w, second.power_source) == (pytest.approx(15), "package")
    assert (second.on_battery, second.battery_percent) == (True, 81.0)


def test_an_energy_counter_that_starts_again_is_no_negative_power(tmp_path: Path) -> None:
    reader = DeviceReader(laptop(tmp_path, energy_uj=262_143_000_000), tmp_path)
    reader.read(now_s=10.0)
    laptop(tmp_path, energy_uj=9_671_150)
    watts = reader.read(now_s=11.0).sensors.power_w
    assert watts == pytest.approx(10, abs=0.01)


def test_an_energy_counter_of_root_is_told_as_such(tmp_path: Path) -> None:
    write(tmp_path, {"class/powercap/intel-rapl:0/name": "package-0"})
    reasons = dict(DeviceReader(tmp_path, tmp_path).read().reasons)
    assert "root only" in reasons["power"]


@pytest.mark.parametrize(("bits", "slowed"), [("0", False), ("50005", True), ("0x50000", False)])
def test_a_raspberry_pi_tells_whether_it_is_slowed(tmp_path: Path, bits: str, slowed: bool) -> None:
    write(
        tmp_path,
        {
            "devices/platform/soc/soc:firmware/get_throttled": bits,
            "class/thermal/thermal_zone0/type": "cpu-thermal",
            "class/thermal/thermal_zone0/temp": 71_500,
        },
    )
    sensors = DeviceReader(tmp_path, tmp_path).read().sensors
    assert sensors.throttled is slowed
    assert sensors.temperature_c == 71.5


def test_garbage_in_the_files_is_not_a_number(tmp_path: Path) -> None:
    laptop(tmp_path)
    for name in ("hwmon1/temp2_input", "hwmon1/temp1_input"):
        (tmp_path / "class/hwmon" / name).write_bytes(b"\xff\x00garbage")
    (tmp_path / "class/power_supply/BAT0/capacity").write_text("", "utf-8")
    sensors = DeviceReader(tmp_path, tmp_path).read().sensors
    assert sensors.temperature_c == 65.0
    assert sensors.battery_percent is None


def test_without_sysfs_the_battery_is_what_psutil_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    class Battery:
        percent, power_plugged = 40.0, False

    monkeypatch.setattr(psutil, "sensors_battery", Battery, raising=False)
    sample, reasons = PortableSensorReader().read(0.0)
    assert (sample.on_battery, sample.battery_percent) == (True, 40.0)
    assert "temperature" in reasons
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    assert "battery" in PortableSensorReader().read(0.0)[1]
