"""Who may import whom, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "tui"
DOMAIN = ("catalog", "cache", "chat", "system", "bench", "foundry", "cli")
FORBIDDEN = {
    "foundry": ("textual", "tui.catalog", "tui.cache", "tui.chat", "tui.system", "tui.bench",
                "tui.workers", "tui.panes", "tui.widgets", "tui.cli", "tui.store", "tui.app",
                "tui.config", "tui.paths", "tui.session", "tui.database"),
    "catalog": ("textual", "tui.chat", "tui.bench", "tui.workers", "tui.panes", "tui.widgets",
                "tui.store", "tui.app", "tui.cli"),
    "cache": ("textual", "tui.chat", "tui.bench", "tui.workers", "tui.panes", "tui.widgets",
              "tui.store", "tui.app", "tui.cli"),
    "chat": ("textual", "tui.bench", "tui.workers", "tui.panes", "tui.widgets", "tui.store",
             "tui.app", "tui.cli"),
    "system": ("textual", "tui.chat", "tui.bench", "tui.workers", "tui.panes", "tui.widgets",
               "tui.store", "tui.app", "tui.cli"),
    "bench": ("textual", "tui.workers", "tui.panes", "tui.widgets", "tui.store", "tui.app",
              "tui.cli"),
    "cli": ("textual", "tui.workers", "tui.panes", "tui.widgets", "tui.store"),
    "widgets": ("tui.workers", "tui.panes", "tui.app", "tui.cli", "httpx", "psutil", "sqlite3"),
    "workers": ("tui.widgets", "tui.panes", "tui.app", "tui.cli"),
    "panes": ("tui.app", "tui.cli", "httpx", "psutil"),
}  # fmt: skip


def imported_names(path: Path) -> Iterator[str]:
    """Yield the modules a file imports when it runs, those for type checking left out."""
    tree = ast.parse(path.read_text("utf-8"))
    guarded = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imported_names(path)
        for forbidden in FORBIDDEN[room]
        if name == forbidden or name.startswith(f"{forbidden}.")
    ]
    assert not wrong


def test_panes_never_import_each_other() -> None:
    names = {path.stem for path in (ROOT / "panes").glob("*.py")} - {"__init__", "base", "factory"}
    names |= {path.name for path in (ROOT / "panes").iterdir() if path.is_dir()}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "panes").rglob("*.py")
        if path.stem != "factory"
        for name in imported_names(path)
        for pane in names
        if name.startswith(f"tui.panes.{pane}")
        and path.relative_to(ROOT / "panes").parts[0].removesuffix(".py") != pane
    ]
    assert not wrong


def test_no_junk_drawers() -> None:
    assert not [
        path.relative_to(ROOT)
        for path in ROOT.rglob("*.py")
        if path.stem in {"utils", "helpers", "manager", "misc", "common"}
    ]


def loaded_modules(*arguments: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running `arguments`."""
    output = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stderr
    return {line.rpartition("|")[2].strip() for line in output.splitlines() if "|" in line}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_quick_answer_loads_nothing_heavy(option: str) -> None:
    loaded = loaded_modules("-m", "tui", option)
    assert not {"textual", "httpx", "psutil", "rich", "asyncio", "sqlite3"} & loaded


@pytest.mark.parametrize("room", DOMAIN)
def test_the_domain_does_not_load_textual(room: str) -> None:
    modules = [
        ".".join(("tui", *path.relative_to(ROOT).with_suffix("").parts))
        for path in (ROOT / room).rglob("*.py")
        if path.stem not in {"__init__", "host", "service"}
    ]
    code = "import importlib\n" + "\n".join(f"importlib.import_module({m!r})" for m in modules)
    assert not {"textual", "foundry_local_sdk"} & loaded_modules("-c", code)
