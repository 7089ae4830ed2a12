"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.formats import (
    format_age,
    format_bytes,
    format_context,
    format_count,
    format_duration,
    format_percent,
    format_rate,
    format_speed,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (99_949_999, "99.9 MB"),
        (99_950_000, "100 MB"),
        (520_000_000, "520 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.0 GB"),
        (23_400_000_000, "23.4 GB"),
        (-1_500, "-1.5 kB"),
        (10**19, "10000 PB"),
        (None, "-"),
        (math.nan, "-"),
    ],
)
def test_bytes_are_decimal(size: float | None, text: str) -> None:
    assert format_bytes(size) == text


@given(st.integers(0, 10**18))
def test_bytes_are_short_and_close(size: int) -> None:
    text = format_bytes(size)
    number, unit = text.split()
    scale = 1000 ** ("B", "kB", "MB", "GB", "TB", "PB").index(unit)
    assert len(text) <= 7
    assert abs(float(number) * scale - size) <= 0.051 * size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0000163, "16 µs"),
        (0.0004, "400 µs"),
        (0.0009994, "999 µs"),
        (0.0009996, "1.0 ms"),
        (0.00412, "4.1 ms"),
        (0.34, "340 ms"),
        (0.9996, "1.0 s"),
        (1.94, "1.9 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (72, "1 min 12 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (-0.5, "-500 ms"),
        (None, "-"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (-5, "now"), (59, "now"), (61, "1 min ago"), (3_600, "1 h ago"), (86_400, "yesterday"),
        (8.5 * 86_400, "8 days ago"), (None, "-"),
    ],
)  # fmt: skip
def test_ages(age: float | None, text: str) -> None:
    assert format_age(age) == text


def test_rates_counts_contexts_and_shares() -> None:
    assert format_rate(11_400_000) == "11.4 MB/s"
    assert format_rate(None) == "-"
    assert [format_speed(one) for one in (4120.4, 38.2, 3.44, None)] == [
        "4,120 tok/s", "38 tok/s", "3.4 tok/s", "-",
    ]  # fmt: skip
    assert [format_count(one) for one in (4120, 0, None)] == ["4,120", "0", "-"]
    assert [format_context(one) for one in (512, 4096, 32_768, 131_072, 128_000, 1500, None)] == [
        "512", "4 k", "32 k", "128 k", "128 k", "1.5 k", "-",
    ]  # fmt: skip
    assert [format_percent(one) for one in (23.4, 0.7, 0, 100, None)] == [
        "23 %", "0.7 %", "0 %", "100 %", "-",
    ]  # fmt: skip
