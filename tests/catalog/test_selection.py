"""The course's rule: total memory in GiB, first one wins."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.catalog.registry import RegistryEntry
from tui.catalog.selection import GIB, select

ENTRIES = (
    RegistryEntry("phi-4-mini", "chat", 8),
    RegistryEntry("qwen2.5-7b-instruct", "chat", 16),
    RegistryEntry("deepseek-r1-distill-qwen-7b", "code", 16),
)


@pytest.mark.parametrize(
    ("task", "ram_gib", "name"),
    [
        ("chat", 32, "phi-4-mini"),
        ("chat", 8, "phi-4-mini"),
        ("CHAT ", 64, None),
        ("chat", 7.99, None),
        ("code", 16, "deepseek-r1-distill-qwen-7b"),
        ("code", 15.6, None),
        ("poetry", 64, None),
    ],
)
def test_the_rule(task: str, ram_gib: float, name: str | None) -> None:
    selection = select(ENTRIES, task, int(ram_gib * GIB))
    assert (selection.choice.name if selection.choice else None) == name


def test_reasons() -> None:
    chosen = select(ENTRIES, "chat", 12 * GIB)
    assert "'chat'" in chosen.reason
    assert "needs 8 GiB, this machine has 12.0" in chosen.reason
    assert [(one.entry.name, one.viable) for one in chosen.candidates] == [
        ("phi-4-mini", True),
        ("qwen2.5-7b-instruct", False),
    ]
    assert chosen.candidates[1].why == "needs 16 GiB, this machine has 12.0"
    assert "smallest needs 8 GiB, this machine has 4.0" in select(ENTRIES, "chat", 4 * GIB).reason
    assert "chat, code" in select(ENTRIES, "poetry", 4 * GIB).reason
    assert "Did you mean 'chat'?" in select(ENTRIES, "CHAT ", 4 * GIB).reason
    assert "no entries" in select((), "chat", 4 * GIB).reason


def test_a_near_miss_shows_a_difference() -> None:
    [candidate] = select(ENTRIES[2:], "code", int(15.97 * GIB)).candidates
    assert (candidate.viable, candidate.why) == (False, "needs 16 GiB, this machine has 15.97")


@given(
    st.lists(
        st.builds(
            RegistryEntry,
            st.sampled_from("abc"),
            st.sampled_from(["chat", "code"]),
            st.integers(0, 64),
        )
    ),
    st.sampled_from(["chat", "code"]),
    st.integers(0, 64 * GIB),
)
def test_as_the_course_s_script(entries: Sequence[RegistryEntry], task: str, ram: int) -> None:
    ram_gb = ram / (1024**3)
    viable = [one for one in entries if one.task == task and ram_gb >= one.min_ram_gb]
    assert select(entries, task, ram).choice == (viable[0] if viable else None)
