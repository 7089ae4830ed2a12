"""What goes through disks and network."""

from __future__ import annotations

from pathlib import Path

from tests.support.made_up_sysfs import write
from tui.system.traffic import TrafficReading, rate, read_traffic

DISKS = """\
   7       0 loop0 9 0 900 0 9 0 900 0 0 0 0
 259       0 nvme0n1 10 0 2000 0 10 0 4000 0 0 0 0
 259       1 nvme0n1p1 10 0 2000 0 10 0 4000 0 0 0 0
   8       0 sda 1 0 8 0 1 0 16 0 0 0 0
 253       0 dm-0 9 0 2000 0 9 0 4000 0 0 0 0"""
NETWORK = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 999999 1 0 0 0 0 0 0 999999 1 0 0 0 0 0 0
  eth0: 1000 6 0 0 0 0 0 0 300 3 0 0 0 0 0 0
 wlan0:50 6 0 0 0 0 0 0 7 3 0 0 0 0 0 0"""


def test_each_byte_counts_once_and_loopback_not_at_all(tmp_path: Path) -> None:
    write(tmp_path, {"diskstats": DISKS, "net/dev": NETWORK})
    assert read_traffic(tmp_path) == TrafficReading(2008 * 512, 4016 * 512, 1050, 307)


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    write(tmp_path, {"diskstats": "", "net/dev": "garbage: x y"})
    assert read_traffic(tmp_path) == TrafficReading()


def test_a_system_without_proc_is_asked_through_psutil(tmp_path: Path) -> None:
    reading = read_traffic(tmp_path)
    assert reading.net_received_bytes is None or reading.net_received_bytes >= 0


def test_a_rate_is_known_from_the_second_reading_on() -> None:
    assert rate(3000, 1000, 2.0) == 1000
    assert rate(3000, None, 2.0) is None
    assert rate(10, 1000, 2.0) is None  # set back
    assert rate(10, 10, 0.0) is None
