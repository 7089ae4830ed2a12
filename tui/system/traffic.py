"""Bytes to and from the disks and the network: on Linux from /proc, elsewhere through psutil."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512
"""Of /proc/diskstats, whatever the disk's own sectors are."""
_WHOLE_DISK = re.compile(r"(sd|vd|xvd|hd)[a-z]+|nvme\d+n\d+|mmcblk\d+|pmem\d+|dasd[a-z]+")
"""Partitions and what lies on top of disks (dm, md, loop) would count bytes twice."""
_LOOPBACK = re.compile(r"lo\d*|Loopback.*")


@dataclass(frozen=True, slots=True)
class TrafficReading:
    """Bytes since the machine started; None where the system does not tell."""

    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    net_received_bytes: int | None = None
    net_sent_bytes: int | None = None


def read_traffic(proc: Path = Path("/proc")) -> TrafficReading:
    """Return what went through so far.

    Args:
        proc: Root of the proc file system; where it is not there psutil is asked.
    """
    if not (proc / "net" / "dev").exists():
        return _psutil_traffic()
    return TrafficReading(*_linux_disks(proc / "diskstats"), *_linux_network(proc / "net" / "dev"))


def rate(new: int | None, old: int | None, span_s: float) -> float | None:
    """Return bytes a second between two readings; None for a counter that was set back."""
    if new is None or old is None or span_s <= 0 or new < old:
        return None
    return (new - old) / span_s


def _linux_disks(path: Path) -> tuple[int | None, int | None]:
    try:
        rows = [line.split() for line in path.read_text("ascii", "replace").splitlines()]
    except OSError:
        return None, None
    # Field 3 is the name, 6 sectors read, 10 sectors written: iostats.rst of the kernel.
    disks = [row for row in rows if len(row) > 9 and _WHOLE_DISK.fullmatch(row[2])]
    try:
        read = sum(int(row[5]) for row in disks)
        written = sum(int(row[9]) for row in disks)
    except ValueError:
        return None, None
    return (read * SECTOR_BYTES, written * SECTOR_BYTES) if disks else (None, None)


def _linux_network(path: Path) -> tuple[int | None, int | None]:
    received, sent, found = 0, 0, False
    try:
        for line in path.read_text("ascii", "replace").splitlines():
            name, colon, numbers = line.partition(":")
            if not colon or _LOOPBACK.fullmatch(name.strip()):
                continue
            values = numbers.split()
            received, sent, found = received + int(values[0]), sent + int(values[8]), True
    except (OSError, ValueError, IndexError):
        return None, None
    return (received, sent) if found else (None, None)


def _psutil_traffic() -> TrafficReading:
    import psutil

    try:
        disks = psutil.disk_io_counters()
        cards = psutil.net_io_counters(pernic=True)
    except (OSError, RuntimeError, psutil.Error):
        return TrafficReading()
    outside = [one for name, one in cards.items() if not _LOOPBACK.match(name)]
    return TrafficReading(
        disks.read_bytes if disks else None,
        disks.write_bytes if disks else None,
        sum(one.bytes_recv for one in outside) if outside else None,
        sum(one.bytes_sent for one in outside) if outside else None,
    )
