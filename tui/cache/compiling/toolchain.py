"""The interpreter that has the builder, and what it can tell before anything is built."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.cache.compiling import probe
from tui.cache.compiling.checkpoint import Checkpoint, from_config
from tui.cache.compiling.child import Line, run_child
from tui.cache.compiling.failures import explain
from tui.cache.compiling.recipe import CompileFailed, hide_secrets
from tui.foundry.errors import TimedOut
from tui.foundry.on_disk.model_folder import read_object

PROBE_LIMIT_S = 90.0
_TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
_INSTALL = (
    "Install the extra: pip install 'foundry-tui[compile]'\n"
    "Or into an environment of its own, since it takes some GB: python -m venv DIR, then "
    "DIR/bin/pip install {packages}, and name DIR/bin/python as --python or in the settings as "
    "compile_python."
)


class BuilderMissing(CompileFailed):
    """The interpreter has no model builder."""

    code = "builder_missing"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What an interpreter has."""

    python: str
    versions: Mapping[str, str]
    """By the names of the packages."""
    hub_dir: Path
    """Where downloads from Hugging Face are kept."""
    token: bool
    """Whether it finds a token for Hugging Face."""
    checkpoint: Checkpoint | None = None
    """Of the model that was asked about."""
    downloaded: bool = False
    """Whether that lies on this disk already."""
    problem: CompileFailed | None = None
    """Why that model cannot be had."""


async def find_toolchain(python: str, model: str) -> Toolchain:
    """Ask an interpreter what it has; for a model on Hugging Face also what that is.

    Args:
        python: The interpreter, by path or by name.
        model: The id; '' to ask for the interpreter alone.

    Raises:
        BuilderMissing: It has not all packages; says which.
        CompileFailed: It cannot be run.
    """
    path = shutil.which(python)
    if path is None:
        raise BuilderMissing(
            f"There is no interpreter {python}.", "Name another one: --python, or compile_python."
        )
    lines: list[str] = []

    def keep(line: Line) -> None:
        lines.append(hide_secrets(line.text, secrets()))

    command = [path, probe.__file__, *([model] if model else [])]
    try:
        async with asyncio.timeout(PROBE_LIMIT_S):
            await run_child(command, child_environment(path), keep, silence_s=PROBE_LIMIT_S)
    except (TimeoutError, TimedOut):
        raise CompileFailed(
            f"{python} did not answer within {PROBE_LIMIT_S:.0f} s.",
            "Hugging Face may be slow or blocked; try again, or name a directory.",
        ) from None
    except OSError as error:
        raise BuilderMissing(
            f"{python} cannot be run: {error.strerror or error}.", "Name a Python interpreter."
        ) from error
    found = next((value for line in reversed(lines) if (value := read_object(line))), None)
    if found is None:
        raise CompileFailed(
            f"{python} is no Python that can be asked: {(lines or ['it says nothing'])[-1][:200]}",
            "Name a Python interpreter of version 3.10 or newer.",
        )
    if missing := [str(name) for name in found.get("missing") or ()]:
        raise BuilderMissing(
            f"{python} has no {', '.join(missing)}: they make the model builder.",
            _INSTALL.format(packages=" ".join(probe.PACKAGES.values())),
        )
    return _toolchain(path, found, model)


def _toolchain(path: str, found: Mapping[str, Any], model: str) -> Toolchain:
    problem = None
    if error := found.get("error"):
        problem = explain([*map(str, error), str(found.get("said"))], None, model)
    config, size = found.get("config"), found.get("weight_bytes")
    known = isinstance(config, dict) and isinstance(size, int)
    return Toolchain(
        path,
        {str(name): str(version) for name, version in dict(found.get("versions") or {}).items()},
        Path(str(found.get("hub_dir") or Path.home() / ".cache" / "huggingface" / "hub")),
        bool(found.get("token")),
        from_config(config, size) if known else None,  # type: ignore[arg-type]
        bool(found.get("downloaded")),
        problem,
    )


def child_environment(python: str) -> dict[str, str]:
    """Return the variables for the builder: output at once and plain, no telemetry."""
    values = dict(os.environ)
    if os.path.abspath(python) != os.path.abspath(sys.executable):
        # They speak of our interpreter's packages.
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"):
            values.pop(name, None)
    return values | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:replace",
        "NO_COLOR": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def secrets() -> tuple[str, ...]:
    """Return the tokens in the environment, to be hidden wherever text is shown."""
    return tuple(value for name in _TOKEN_NAMES if (value := os.environ.get(name, "").strip()))
