"""`doctor`: what this machine and this installation have."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tui import __version__
from tui.cli.describe import backend_values
from tui.cli.execute import Context
from tui.cli.output import facts
from tui.formats import format_bytes
from tui.foundry import commands
from tui.foundry.errors import FoundryError
from tui.session import Session

PACKAGES = ("textual", "httpx", "psutil", "foundry-local-sdk", "onnxruntime-genai")


async def run(context: Context) -> int:
    """Check what there is. Exit code 0 with a backend, that of the backend's error without."""
    values: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _package(name) for name in PACKAGES},
        "runtime_installed": find_spec("foundry_local_sdk") is not None,
        "foundry_command": (await commands.find()).note or None,
        **_machine(context.session),
        "files": _files(context.session),
        "problems": list(context.session.problems),
    }
    code = 0
    try:
        async with context.backend() as backend:
            models = await backend.models()
            values["backend"] = backend_values(backend.info)
            values["models"] = {
                "total": len(models),
                "cached": sum(model.cached for model in models),
            }
    except FoundryError as error:
        code = error.exit_code
        values["backend"] = None
        values["backend_error"] = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
        }
    context.output.result(values, _text(values))
    return code


def _package(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _machine(session: Session) -> dict[str, Any]:
    import psutil

    from tui.system.sampler import free_bytes

    memory = psutil.virtual_memory()
    return {
        "cpu_count": os.cpu_count(),
        "ram_total_bytes": memory.total,
        "ram_available_bytes": memory.available,
        "disk_free_bytes": free_bytes(session.runtime_settings.cache_dir),
    }


def _files(session: Session) -> dict[str, Any]:
    places = {
        "config_file": session.config_file,
        "models_file": session.registry_path,
        "database": session.paths.database,
        "model_cache": session.runtime_settings.cache_dir,
        "log_dir": session.paths.log_dir,
    }
    return {
        name: {"path": str(path), "exists": path.exists(), "writable": _writable(path)}
        for name, path in places.items()
    }


def _writable(path: Path) -> bool:
    """Tell whether the path, or the nearest directory above it that exists, may be written."""
    for place in (path, *path.parents):
        if place.exists():
            return os.access(place, os.W_OK)
    return False


def _text(values: dict[str, Any]) -> str:
    packages = ", ".join(
        f"{name} {found}" for name, found in values["packages"].items() if found is not None
    )
    rows = [
        ("Foundry TUI", values["version"]),
        ("Python", f"{values['python']} ({sys.executable})"),
        ("Platform", values["platform"]),
        ("Packages", packages),
        ("Embedded runtime", "installed" if values["runtime_installed"] else "not installed"),
        ("foundry command", values["foundry_command"] or "not on PATH"),
        ("Processors", str(values["cpu_count"])),
        ("Memory", f"{format_bytes(values['ram_available_bytes'])} available of "
                   f"{format_bytes(values['ram_total_bytes'])}"),
        ("Disk", f"{format_bytes(values['disk_free_bytes'])} free for models"),
    ]  # fmt: skip
    names = {
        "config_file": "Settings",
        "models_file": "Registry",
        "database": "Database",
        "model_cache": "Models",
        "log_dir": "Logs",
    }
    for key, found in values["files"].items():
        state = "there" if found["exists"] else "not there yet"
        if not found["writable"]:
            state += ", CANNOT BE WRITTEN"
        rows.append((names[key], f"{found['path']} ({state})"))
    if backend := values["backend"]:
        rows.append(("Backend", f"{backend['kind']} {backend['version']}: {backend['reason']}"))
        count = values["models"]
        rows.append(("Catalog", f"{count['total']} models, {count['cached']} on disk"))
    else:
        error = values["backend_error"]
        rows.append(("Backend", f"none: {error['message']}"))
        rows += [("", line) for line in error["hint"].splitlines()]
    return facts(rows)
