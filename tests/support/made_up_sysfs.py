"""Made-up trees of sysfs and proc, in the layout that Linux drivers document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write(root: Path, files: Mapping[str, object]) -> Path:
    """Write small files below `root`; returns it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n", "utf-8")
    return root


def amd_card(root: Path) -> Path:
    """An RX with 24 GB that works at 73 %."""
    return write(
        root,
        {
            "class/drm/card1/device/vendor": "0x1002",
            "class/drm/card1/device/product_name": "Radeon RX 7900 XTX",
            "class/drm/card1/device/gpu_busy_percent": 73,
            "class/drm/card1/device/mem_info_vram_total": 24_000_000_000,
            "class/drm/card1/device/mem_info_vram_used": 6_000_000_000,
            "class/drm/card1/device/hwmon/hwmon3/name": "amdgpu",
            "class/drm/card1/device/hwmon/hwmon3/temp1_input": 61_000,
            "class/drm/card1/device/hwmon/hwmon3/power1_average": 212_000_000,
            "class/drm/card1/device/hwmon/hwmon3/freq1_input": 2_400_000_000,
            "class/drm/card1-DP-1/status": "connected",
        },
    )


def intel_card(sysfs: Path, proc: Path, pid: int, engine_ns: int) -> None:
    """An integrated card of i915, of which process `pid` has used the engine for a while."""
    device = write(
        sysfs,
        {
            "devices/pci0000:00/0000:00:02.0/vendor": "0x8086",
            "devices/pci0000:00/0000:00:02.0/device": "0x9a49",
            "class/drm/card0/gt_cur_freq_mhz": 1300,
            "class/drm/card0/gt/gt0/throttle_reason_status": 1,
        },
    )
    link = sysfs / "class/drm/card0/device"
    if not link.exists():
        link.symlink_to(device / "devices/pci0000:00/0000:00:02.0")
    write(
        proc,
        {
            f"{pid}/fdinfo/5": "pos:\t0\ndrm-driver:\ti915\ndrm-pdev:\t0000:00:02.0\n"
            f"drm-client-id:\t7\ndrm-engine-render:\t{engine_ns} ns\n"
            "drm-engine-capacity-video:\t2\ndrm-engine-copy:\t0 ns\n"
            "drm-resident-system0:\t2048 KiB",
            f"{pid}/fdinfo/6": "pos:\t0",
        },
    )
    files = proc / str(pid) / "fd"
    files.mkdir(exist_ok=True)
    for name, target in (("5", "/dev/dri/renderD128"), ("6", "/dev/null")):
        if not (files / name).is_symlink():
            (files / name).symlink_to(target)


def intel_npu(root: Path, busy_us: int) -> Path:
    """An NPU of the driver intel_vpu."""
    (root / "bus/pci/drivers/intel_vpu").mkdir(parents=True, exist_ok=True)
    write(
        root,
        {
            "class/accel/accel0/device/npu_busy_time_us": busy_us,
            "class/accel/accel0/device/npu_memory_utilization": 300_000_000,
            "class/accel/accel0/device/npu_current_frequency_mhz": 1950,
        },
    )
    link = root / "class/accel/accel0/device/driver"
    if not link.exists():
        link.symlink_to(root / "bus/pci/drivers/intel_vpu")
    return root


def laptop(root: Path, *, energy_uj: int = 1_000_000, throttled: int = 4) -> Path:
    """A laptop on its battery, warm and slowed."""
    return write(
        root,
        {
            "class/hwmon/hwmon0/name": "nvme",
            "class/hwmon/hwmon0/temp1_input": 33_000,
            "class/hwmon/hwmon1/name": "coretemp",
            "class/hwmon/hwmon1/temp1_input": 64_000,
            "class/hwmon/hwmon1/temp1_label": "Core 0",
            "class/hwmon/hwmon1/temp2_input": 66_000,
            "class/hwmon/hwmon1/temp2_label": "Package id 0",
            "class/thermal/thermal_zone0/type": "x86_pkg_temp",
            "class/thermal/thermal_zone0/temp": 65_000,
            "class/powercap/intel-rapl:0/name": "package-0",
            "class/powercap/intel-rapl:0/energy_uj": energy_uj,
            "class/powercap/intel-rapl:0/max_energy_range_uj": 262_143_328_850,
            "class/powercap/intel-rapl:0:0/name": "core",
            "class/powercap/intel-rapl:0:0/energy_uj": 5,
            "class/power_supply/AC/type": "Mains",
            "class/power_supply/AC/online": 0,
            "class/power_supply/BAT0/type": "Battery",
            "class/power_supply/BAT0/status": "Discharging",
            "class/power_supply/BAT0/capacity": 81,
            "class/power_supply/BAT0/power_now": 17_500_000,
            "class/power_supply/hidpp_battery_0/type": "Battery",
            "class/power_supply/hidpp_battery_0/scope": "Device",
            "class/power_supply/hidpp_battery_0/capacity": 5,
            "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": throttled,
            "devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": 0,
        },
    )
