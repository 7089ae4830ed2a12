"""The same choice as the course's script, which is run as it stands in the course."""

from __future__ import annotations

import builtins
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.catalog.registry import load_registry
from tui.catalog.selection import GIB, select

SCRIPT = Path(__file__).parent.parent / "data" / "course" / "select_model.txt"
OURS = Path(__file__).parent.parent.parent / "models.json"


def chosen_by_the_script(text: str, ram_bytes: int) -> dict[str, Any]:
    """Run the script on a file and a machine; returns what `select` gives for each task."""

    def opened(*_: object, **__: object) -> io.StringIO:
        return io.StringIO(text)

    memory = SimpleNamespace(total=ram_bytes)
    space: dict[str, Any] = {}
    with (
        patch.object(builtins, "open", opened),
        patch.object(psutil, "virtual_memory", lambda: memory),
        patch.object(builtins, "print"),
    ):
        exec(compile(SCRIPT.read_bytes(), str(SCRIPT), "exec"), space)
        return {task: space["select"](task) for task in ("chat", "code", "CHAT", "vision")}


def chosen_by_us(file: Path, ram_bytes: int) -> dict[str, Any]:
    entries = load_registry(file).entries
    selections = {
        task: select(entries, task, ram_bytes) for task in ("chat", "code", "CHAT", "vision")
    }
    return {task: one.choice.name if one.choice else None for task, one in selections.items()}


entries = st.fixed_dictionaries(
    {
        "name": st.text(min_size=1).filter(lambda text: text.strip() != ""),
        "task": st.sampled_from(["chat", "code", "Chat", "chat "]),
        "min_ram_gb": st.integers(-1, 64) | st.floats(0, 64),
    },
    optional={"notes": st.text() | st.none() | st.integers(), "path": st.integers()},
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("course") / "models.json"


@given(st.lists(entries, max_size=6), st.integers(0, 64 * GIB))
@example([{"name": "a", "task": "chat", "min_ram_gb": 8, "notes": None}], 8 * GIB)
@example([{"name": "a", "task": "chat", "min_ram_gb": 15.6}], 15 * GIB)
def test_any_file_on_any_machine(file: Path, items: list[dict[str, Any]], ram: int) -> None:
    file.write_text(json.dumps(items), "utf-8")
    assert chosen_by_us(file, ram) == chosen_by_the_script(file.read_text("utf-8"), ram)


@pytest.mark.parametrize("ram_gib", [0, 4, 7.99, 8, 15.99, 16, 64])
def test_the_course_s_own_file(ram_gib: float) -> None:
    ram = int(ram_gib * GIB)
    assert chosen_by_us(OURS, ram) == chosen_by_the_script(OURS.read_text("utf-8"), ram)
