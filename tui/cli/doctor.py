"""`doctor`: which backends there are, how the one in use does, what is wrong and what to do."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tui import __version__
from tui.cli.describe import backend_values
from tui.cli.execute import Context
from tui.cli.output import facts
from tui.formats import format_bytes
from tui.foundry import commands
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.merge import NOT_UNDERSTOOD
from tui.foundry.types import Capability
from tui.session import Session

PACKAGES = ("textual", "httpx", "psutil", "foundry-local-sdk", "nvidia-ml-py")
LEAST_FREE_BYTES = 5 * 10**9
"""Below this a download of a usual model will not fit."""
_FILES = {"config_file": "Settings", "models_file": "Registry", "database": "Database",
          "log_dir": "Logs"}  # fmt: skip


async def run(context: Context) -> int:
    """Check what there is. Exit code 0 with a backend, that of the backend's error without."""
    values: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _package(name) for name in PACKAGES},
        "backends": await _backends(),
        **_machine(context.session),
        "files": _files(context.session),
        "findings": [{"what": one, "mend": ""} for one in context.session.problems],
        "backend": None,
    }
    code = 0
    try:
        async with context.backend(start_service=False) as backend:
            await _look_at(backend, values, probing=context.arguments.probe)
    except FoundryError as error:
        code = error.exit_code
        values["backend_error"] = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
        }
        if values["backend"]:
            values["findings"].append({"what": error.message, "mend": error.hint})
    _judge(values)
    shown = _without_home(values)
    context.output.result(shown, _text(shown))
    return code


async def _backends() -> dict[str, Any]:
    """Return each source of models that was found, in use or not."""
    from tui.foundry.connect import probe_known_ports

    found = await commands.find()
    command = found.backend.info if found.backend else None
    server = await probe_known_ports()
    return {
        "foundry": {"version": command.version, "generation": command.generation}
        if command
        else None,
        "foundry_note": found.note or None,
        "runtime": _package("foundry-local-sdk")
        if find_spec("foundry_local_sdk") is not None
        else None,
        "server": {"endpoint": server[0], "usually": server[1]} if server else None,
    }


async def _look_at(backend: Backend, values: dict[str, Any], *, probing: bool) -> None:
    info = backend.info
    stopped = info.kind == "foundry" and info.endpoint is None
    values["backend"] = {
        **backend_values(info),
        "port": urlsplit(info.endpoint).port if info.endpoint else None,
        "running": not stopped,
    }
    if stopped:
        values["findings"].append(
            {
                "what": "The service of foundry does not run.",
                "mend": "foundry-tui service start; the screen starts it by itself.",
            }
        )
        return
    models = await backend.models()
    variants = [variant for model in models for variant in model.variants]
    loaded = [variant.id for variant in variants if variant.loaded]
    values["models"] = {
        "total": len(models),
        "cached": sum(model.cached for model in models),
        "loaded": loaded if info.supports(Capability.LOAD) else [],
    }
    values["devices"] = sorted({str(one.device) for one in variants} - {"unknown"})
    values["execution_providers"] = list(info.providers) or sorted(
        {one.execution_provider for one in variants if one.execution_provider}
    )
    lost = sum(model.task == NOT_UNDERSTOOD for model in models)
    if lost:
        values["findings"].append(
            {
                "what": f"{lost} lines of `foundry model list` were not understood.",
                "mend": "foundry-tui models shows them; please report them.",
            }
        )
    if info.supports(Capability.CACHE):
        cache = await backend.cache()
        partial = sum(entry.state == "partial" for entry in cache.entries)
        values["cache"] = {
            "location": str(cache.location),
            "total_bytes": cache.total_bytes,
            "free_bytes": cache.free_bytes,
            "partial_downloads": partial,
        }
        if partial:
            values["findings"].append(
                {
                    "what": f"{partial} downloads ended early.",
                    "mend": "Download again to go on, or delete: foundry-tui cache list",
                }
            )
    if probing:
        await _probe(backend, loaded, values)


async def _probe(backend: Backend, loaded: list[str], values: dict[str, Any]) -> None:
    from tui.foundry.health import probe

    if not loaded:
        values["findings"].append(
            {"what": "No model is loaded: nothing to probe.", "mend": "foundry-tui load X"}
        )
        return
    health = await probe(backend, loaded[0])
    values["probe"] = {
        "variant": health.variant_id,
        "answered": health.answered,
        "elapsed_s": health.elapsed_s,
    }
    if not health.answered:
        values["findings"].append(
            {"what": health.sentence(), "mend": "Restart the service: foundry-tui service restart"}
        )


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


def _judge(values: dict[str, Any]) -> None:
    findings: list[dict[str, str]] = values["findings"]
    note = values["backends"]["foundry_note"]
    if note:
        findings.append({"what": f"{note}.", "mend": "Check what is called foundry on PATH."})
    for found in values["files"].values():
        if not found["writable"]:
            findings.append(
                {"what": f"{found['path']} cannot be written.", "mend": "Check its permissions."}
            )
    free = values.get("cache", {}).get("free_bytes", values["disk_free_bytes"])
    if free is not None and free < LEAST_FREE_BYTES:
        findings.append(
            {
                "what": f"Only {format_bytes(free)} are free for models.",
                "mend": "Delete some: foundry-tui cache list",
            }
        )


def _without_home(value: Any) -> Any:
    """Return a value with the home directory written as `~`: a report is shown to others."""
    if isinstance(value, dict):
        return {key: _without_home(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_home(inner) for inner in value]
    home = os.path.expanduser("~")
    if isinstance(value, str) and len(home) > 1:
        return value.replace(home, "~")
    return value


def _text(values: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {found}" for name, found in values["packages"].items() if found)
    found = values["backends"]
    command, server = found["foundry"], found["server"]
    rows = [
        ("Foundry TUI", f"{values['version']}, Python {values['python']} on {sys.platform}"),
        ("Packages", packages),
        ("foundry", f"{command['version']} ({command['generation']})"
                    if command else found["foundry_note"] or "not on PATH"),
        ("Runtime", found["runtime"] or "not installed"),
        ("Servers", f"{server['endpoint']} (usually {server['usually']})"
                    if server else "none on the known ports"),
        *_backend_rows(values),
        ("Machine", f"{values['cpu_count']} processors, "
                    f"{format_bytes(values['ram_available_bytes'])} of memory available of "
                    f"{format_bytes(values['ram_total_bytes'])}"),
        *((_FILES[name], _file_text(place))
          for name, place in values["files"].items() if name in _FILES),
    ]  # fmt: skip
    problems = values["findings"]
    if not problems and values["backend"]:
        rows.append(("Findings", "nothing is wrong"))
    for number, finding in enumerate(problems):
        rows.append(("" if number else "Findings", f"! {finding['what']} {finding['mend']}"))
    return facts(rows)


def _backend_rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    backend = values["backend"]
    if not backend:
        error = values["backend_error"]
        hints = [("", line) for line in error["hint"].splitlines()]
        return [("In use", f"none: {error['message']}"), *hints]
    name = " ".join(filter(None, (backend["kind"], backend["version"])))
    rows = [("In use", f"{name}: {backend['reason']}")]
    if backend["endpoint"]:
        rows.append(("Endpoint", f"{backend['endpoint']} (port {backend['port']})"))
    if models := values.get("models"):
        loaded = ", ".join(models["loaded"]) or "none loaded"
        rows.append(("Models", f"{models['total']} models, {models['cached']} on disk; {loaded}"))
        providers = ", ".join(values["execution_providers"]) or "not told"
        rows.append(("Devices", f"{', '.join(values['devices']) or 'not told'}; {providers}"))
    if cache := values.get("cache"):
        rows.append(
            (
                "Cache",
                f"{cache['location']}: {format_bytes(cache['total_bytes'])}, "
                f"{format_bytes(cache['free_bytes'])} free",
            )
        )
    if probe := values.get("probe"):
        answer = f"answered one token after {probe['elapsed_s']:.2f} s"
        rows.append(("Probe", f"{probe['variant']} {answer if probe['answered'] else 'failed'}"))
    return rows


def _file_text(place: dict[str, Any]) -> str:
    return f"{place['path']} ({'there' if place['exists'] else 'not there yet'})"
