"""The machine at one moment, as frozen values. What a system does not tell is None, never 0."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from tui.system.activity import LiveSample

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """One process that is followed."""

    pid: int
    name: str
    cpu_percent: float | None
    """Of one core: four busy threads are 400. None until it was seen twice."""
    rss_bytes: int | None
    """Resident memory; None where the system does not let us read it."""
    threads: int | None
    own: bool = False
    """Whether it is this program."""


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU at one moment."""

    name: str
    busy_percent: float | None = None
    """Share of the last sample period in which it worked."""
    used_bytes: int | None = None
    total_bytes: int | None = None
    """None where it has no memory of its own, or the driver does not tell."""
    runtime_bytes: int | None = None
    """Of `used_bytes` what the runtime's processes hold."""
    temperature_c: float | None = None
    power_w: float | None = None
    clock_mhz: float | None = None
    throttled: str = ""
    """Why it runs slower than it could; '' where it does not, or does not tell."""
    runtime_only: bool = False
    """Whether `busy_percent` and `used_bytes` count the runtime's work alone: this driver tells
    each user only about the user's own processes."""
    note: str = ""
    """What cannot be read of it, and why."""


@dataclass(frozen=True, slots=True)
class NpuSample:
    """One NPU at one moment."""

    name: str
    busy_percent: float | None = None
    used_bytes: int | None = None
    clock_mhz: float | None = None
    note: str = ""
    """What cannot be read of it, and why."""


@dataclass(frozen=True, slots=True)
class SensorSample:
    """What the machine feels."""

    temperature_c: float | None = None
    """Of the processor's package, or its hottest sensor."""
    throttled: bool | None = None
    """Whether the processor was slowed because of heat or power since the last reading."""
    power_w: float | None = None
    power_source: str = ""
    """What `power_w` is of: `package`, `battery` or a sensor's own name."""
    on_battery: bool | None = None
    battery_percent: float | None = None


@dataclass(frozen=True, slots=True)
class DeviceSample:
    """GPUs, NPUs and sensors; they are read off the event loop and may be a second older."""

    gpus: tuple[GpuSample, ...] = ()
    npus: tuple[NpuSample, ...] = ()
    sensors: SensorSample = SensorSample()
    reasons: tuple[tuple[str, str], ...] = ()
    """What is not available, by name (`gpu`, `npu`, `temperature` ...), and why."""

    @property
    def tells_anything(self) -> bool:
        """Whether there is anything here that changes from reading to reading."""
        return bool(self.gpus or self.npus or self.sensors != SensorSample())


@dataclass(frozen=True, slots=True)
class Sample:
    """The machine at one moment. What this system does not tell is None, never 0."""

    at_s: float
    """`time.perf_counter()`, the clock of the chat events."""
    cpu_percent: float | None = None
    """0 to 100 over all cores since the last sample; None in the first one."""
    per_core: tuple[float, ...] = ()
    """The same for each core."""
    cpu_frequency_mhz: float | None = None
    load_average: float | None = None
    """Over one minute; None on Windows."""
    ram_total_bytes: int | None = None
    ram_used_bytes: int | None = None
    """Total less available, so that used and available add up to total."""
    ram_available_bytes: int | None = None
    swap_used_bytes: int | None = None
    swap_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    """Where the models are kept."""
    disk_read_bytes_s: float | None = None
    """From all disks together, since the last sample."""
    disk_write_bytes_s: float | None = None
    net_received_bytes_s: float | None = None
    """Over all interfaces but loopback, since the last sample."""
    net_sent_bytes_s: float | None = None
    processes: tuple[ProcessSample, ...] = ()
    """This program first, then the runtime's in their order; ended ones are left out."""
    runtime_highest_bytes: int | None = None
    """The most that the runtime held since it started; read only while a model answers."""
    devices: DeviceSample | None = None
    """None until they were looked at."""
    live: LiveSample | None = None
    """What the models did for this program; None where nothing follows them."""
    cost_s: float | None = None
    """How long taking this sample took."""

    def process(self, pid: int) -> ProcessSample | None:
        """Return the sample of one process, or None."""
        return next((one for one in self.processes if one.pid == pid), None)

    @property
    def own(self) -> ProcessSample | None:
        """This program."""
        return next((one for one in self.processes if one.own), None)

    @property
    def runtime(self) -> tuple[ProcessSample, ...]:
        """The processes that hold and run the models."""
        return tuple(one for one in self.processes if not one.own)

    @property
    def runtime_rss_bytes(self) -> int | None:
        """Resident memory of the runtime; pages that its processes share count in each."""
        known = [one.rss_bytes for one in self.runtime if one.rss_bytes is not None]
        return sum(known) if known else None

    @property
    def runtime_cpu_percent(self) -> float | None:
        """Of one core, over all processes of the runtime."""
        known = [one.cpu_percent for one in self.runtime if one.cpu_percent is not None]
        return sum(known) if known else None

    def peak_with(self, earlier: Sample) -> Sample:
        """Return this sample with the larger of both in each number, for a graph that keeps peaks.

        Processes and devices that only one of the two has are kept out of it or as they are now.
        """
        processes = tuple(
            _peak(one, before) if (before := earlier.process(one.pid)) else one
            for one in self.processes
        )
        devices = self.devices
        if devices is not None and earlier.devices is not None:
            old = earlier.devices
            devices = replace(
                devices,
                gpus=_peaks(devices.gpus, old.gpus),
                npus=_peaks(devices.npus, old.npus),
                sensors=_peak(devices.sensors, old.sensors),
            )
        live = self.live
        if live is None or earlier.live is None:
            live = live or earlier.live
        else:
            live = _peak(live, earlier.live)
        peak = _peak(self, earlier)
        return replace(peak, at_s=self.at_s, processes=processes, devices=devices, live=live)


def _peaks(parts: tuple[Part, ...], earlier: tuple[Part, ...]) -> tuple[Part, ...]:
    if len(parts) != len(earlier):
        return parts
    return tuple(_peak(one, before) for one, before in zip(parts, earlier, strict=True))


def _peak(now: Part, before: Part) -> Part:
    """Return `now` with the larger of both in each of its own numbers."""
    changes: dict[str, Any] = {}
    for field in fields(now):  # type: ignore[arg-type]
        new, old = getattr(now, field.name), getattr(before, field.name)
        if _is_number(old) and (new is None or (_is_number(new) and old > new)):
            changes[field.name] = old
    return replace(now, **changes) if changes else now  # type: ignore[type-var]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
