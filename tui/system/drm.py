"""AMD and Intel GPUs, from what their Linux drivers put into sysfs and into fdinfo.

amdgpu tells load and memory of the whole card. i915 and xe tell them only of processes that we may
look into, so that there the runtime's share is what can be had.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection
from pathlib import Path

from tui.foundry.text import clean_text
from tui.system.sample import GpuSample
from tui.system.sysfs import PROC, SYSFS, Counter, entries, first, number, size, word

AMD, INTEL, NVIDIA = "0x1002", "0x8086", "0x10de"
_CARD = re.compile(r"card\d+")
_FDINFO = re.compile(r"^(drm-[\w-]+):[ \t]*(\S+)(?:[ \t]+(\w+))?", re.MULTILINE)
_UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2}
OWN_MEMORY = ("vram", "local", "stolen")


class DrmReader:
    """Reads the cards of the drivers amdgpu, i915 and xe.

    Args:
        sysfs: Root of sysfs.
        proc: Root of the proc file system, for fdinfo.
    """

    def __init__(self, sysfs: Path = SYSFS, proc: Path = PROC) -> None:
        self._proc = proc
        cards = [p for p in entries(sysfs / "class/drm", "card*") if _CARD.fullmatch(p.name)]
        vendors = {card: word(card / "device/vendor") for card in cards}
        self._amd = [card for card, vendor in vendors.items() if vendor == AMD]
        self._intel = [_IntelCard(card) for card, vendor in vendors.items() if vendor == INTEL]
        self.found = bool(self._amd or self._intel)
        self.listed_nvidia = any(vendor == NVIDIA for vendor in vendors.values())
        self.reason = "" if self.found else "no AMD or Intel card in /sys/class/drm"

    def read(self, pids: Collection[int], now_s: float) -> tuple[GpuSample, ...]:
        """Return one sample for each card.

        Args:
            pids: The runtime's processes.
            now_s: `time.perf_counter()`, for what is measured between two calls.
        """
        samples = [_amd_sample(card) for card in self._amd]
        if self._intel:
            clients = _clients(self._proc, pids)
            samples += [card.sample(clients, now_s) for card in self._intel]
        return tuple(samples)


def _amd_sample(card: Path) -> GpuSample:
    device = card / "device"
    name = f"AMD {clean_text(word(device / 'product_name') or '', False) or 'GPU'}"
    if word(device / "power/runtime_status") == "suspended":
        # Reading its figures would wake it up.
        return GpuSample(name, note="asleep")
    used, total = size(device / "mem_info_vram_used"), size(device / "mem_info_vram_total")
    busy = number(device / "gpu_busy_percent")
    chips = entries(device, "hwmon/hwmon*")
    chip = chips[0] if chips else device
    return GpuSample(
        name,
        busy_percent=busy,
        used_bytes=used,
        total_bytes=total,
        temperature_c=number(chip / "temp1_input", 0.001),
        power_w=first(number(chip / "power1_average", 1e-6), number(chip / "power1_input", 1e-6)),
        clock_mhz=number(chip / "freq1_input", 1e-6),
        note="" if busy is not None else "the driver does not tell how busy it is",
    )


class _IntelCard:
    """A card of i915 or xe, with what is kept of it between samples."""

    def __init__(self, card: Path) -> None:
        self._card = card
        self._address = (card / "device").resolve().name
        self._busy: dict[tuple[str, str], Counter] = {}
        chips = entries(card / "device", "hwmon/hwmon*")
        self._energy = chips[0] / "energy1_input" if chips else None
        self._watts = Counter()

    def sample(self, clients: dict[str, dict[str, float]], now_s: float) -> GpuSample:
        card, device = self._card, self._card / "device"
        ours = {key: one for key, one in clients.items() if key.startswith(f"{self._address}/")}
        clock = first(
            number(card / "gt/gt0/rps_act_freq_mhz"),
            number(card / "gt_cur_freq_mhz"),
            number(device / "tile0/gt0/freq0/act_freq"),
        )
        slowed = first(
            number(card / "gt/gt0/throttle_reason_status"),
            number(device / "tile0/gt0/freq0/throttle/status"),
        )
        own = [value for one in ours.values() for key, value in one.items() if _own(key)]
        return GpuSample(
            f"Intel GPU {word(device / 'device') or ''}".strip(),
            busy_percent=self._busy_percent(ours, now_s) if ours else None,
            used_bytes=int(sum(own)) if own else None,
            power_w=self._watts.rate(number(self._energy, 1e-6), now_s) if self._energy else None,
            clock_mhz=clock,
            throttled="heat or power" if slowed else "",
            runtime_only=True,
            note="" if ours else "the runtime does not use it, and the driver tells no more",
        )

    def _busy_percent(self, clients: dict[str, dict[str, float]], now_s: float) -> float | None:
        """Return how busy the runtime keeps the engine that it uses most."""
        engines: dict[str, list[float]] = {}
        for client, values in clients.items():
            for key, value in values.items():
                if (share := self._share(client, key, value, values, now_s)) is not None:
                    engines.setdefault(key, []).append(share)
        return min(100.0, max(map(sum, engines.values()))) if engines else None

    def _share(
        self, client: str, key: str, value: float, values: dict[str, float], now_s: float
    ) -> float | None:
        if key.startswith("drm-engine-") and not key.startswith("drm-engine-capacity"):
            rate = self._busy.setdefault((client, key), Counter()).rate(value, now_s)
            return None if rate is None else 100 * rate * 1e-9  # nanoseconds
        if key.startswith("drm-cycles-"):
            # xe counts in the card's own clock: the total stands beside it.
            total = values.get(key.replace("cycles", "total-cycles", 1))
            if total is None:
                return None
            rate = self._busy.setdefault((client, key), Counter()).rate(value, total)
            return None if rate is None else 100 * rate
        return None


def _own(key: str) -> bool:
    return key.startswith("drm-resident-") and key[len("drm-resident-") :].startswith(
        (*OWN_MEMORY, "system", "gtt")
    )


def _clients(proc: Path, pids: Collection[int]) -> dict[str, dict[str, float]]:
    """Return the numbers of each DRM client of the processes, by `address/client`."""
    clients: dict[str, dict[str, float]] = {}
    for pid in pids:
        for name in _open_cards(proc / str(pid) / "fd"):
            text = word(proc / str(pid) / "fdinfo" / name) or ""
            found = {key: (value, unit) for key, value, unit in _FDINFO.findall(text)}
            if "drm-client-id" in found and "drm-pdev" in found:
                # A file that was opened once may have several numbers.
                client = f"{found['drm-pdev'][0]}/{found['drm-client-id'][0]}"
                clients[client] = {
                    key: int(value) * _UNITS.get(unit, 1)
                    for key, (value, unit) in found.items()
                    if value.isdecimal()
                }
    return clients


def _open_cards(folder: Path) -> list[str]:
    """Return the numbers of the open files that are cards."""
    found = []
    with contextlib.suppress(OSError):  # another user's, or it has ended
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if os.readlink(folder / name).startswith("/dev/dri/"):
                    found.append(name)
    return found
