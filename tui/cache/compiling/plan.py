"""Everything that is known before the builder runs: what it will be told, what it needs, what is
wrong. Nothing is written."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from tui.cache.compiling.checkpoint import (
    Checkpoint,
    check_checkpoint,
    context_finding,
    read_checkpoint,
)
from tui.cache.compiling.needs import Needs, work_out
from tui.cache.compiling.recipe import CompileFailed, Recipe
from tui.cache.compiling.toolchain import Toolchain, find_toolchain
from tui.cache.folder_check import Finding
from tui.cache.importing import arriving_place
from tui.foundry.backend import Backend
from tui.foundry.errors import Unsupported
from tui.foundry.ids import split_version
from tui.foundry.on_disk.local_models import LocalModels
from tui.foundry.types import Capability


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, and whether it can be."""

    recipe: Recipe
    command: tuple[str, ...]
    folder: Path
    """Where the builder writes."""
    findings: tuple[Finding, ...]
    """Errors, warnings and figures."""
    toolchain: Toolchain
    checkpoint: Checkpoint | None = None
    needs: Needs | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What stands against it."""
        return tuple(one for one in self.findings if one.severity == "error")


async def make_plan(recipe: Recipe, backend: Backend) -> Plan:
    """Look at source, interpreter, name, disk and memory.

    Args:
        recipe: What is wanted.
        backend: Whose cache the model joins.

    Raises:
        CompileFailed: The words are wrong, the interpreter has no builder, or Hugging Face does
            not give the model; says what to do.
        InvalidModelFolder: The name cannot be used.
        Unsupported: The backend takes no models.
    """
    recipe.check()
    if not backend.info.supports(Capability.IMPORT):
        raise Unsupported(
            backend.info.unavailable[Capability.IMPORT], "Take another backend: --backend runtime."
        )
    cache = (await backend.cache()).location
    models = await backend.models()
    ids = {variant.id for model in models for variant in model.variants}
    taken = {model.alias for model in models} | {split_version(one)[0] for one in ids}
    await asyncio.to_thread(LocalModels(cache, None).check_name, recipe.name, taken)
    source = recipe.source
    folder = recipe.output or arriving_place(cache / "Local", recipe.name) / "model"
    findings: list[Finding] = []
    if recipe.output is not None:
        findings += await asyncio.to_thread(_output_findings, recipe.output)
    if source.folder is not None:
        findings += await asyncio.to_thread(check_checkpoint, source.folder)
    toolchain = await find_toolchain(recipe.python, "" if source.folder else source.text)
    if toolchain.problem is not None:
        raise toolchain.problem
    checkpoint = toolchain.checkpoint
    broken = any(one.severity == "error" for one in findings)
    if source.folder is not None and not broken:
        checkpoint = await asyncio.to_thread(read_checkpoint, source.folder)
    elif checkpoint is not None:
        findings += context_finding(checkpoint.context_tokens)
    needs = None
    if checkpoint is not None:
        download = source.folder is None and not toolchain.downloaded
        needs = await asyncio.to_thread(
            work_out, checkpoint, recipe.precision, folder, toolchain.hub_dir, download=download
        )
        findings += needs.findings()
    elif not broken:
        findings.append(
            Finding("warning", "How much disk and memory it takes is not known", "Watch both.")
        )
    order = {"error": 0, "warning": 1, "info": 2}
    return Plan(
        recipe,
        recipe.command(folder, str(toolchain.hub_dir), token=toolchain.token),
        folder,
        tuple(sorted(findings, key=lambda one: order[one.severity])),
        toolchain,
        checkpoint,
        needs,
    )


def refuse(plan: Plan) -> None:
    """Raise `CompileFailed` with all that stands against a plan."""
    if errors := plan.errors:
        raise CompileFailed(
            f"'{plan.recipe.source.text}' cannot be compiled: "
            f"{'; '.join(one.what for one in errors)}.",
            "\n".join(one.mend for one in errors if one.mend),
        )


def _output_findings(output: Path) -> list[Finding]:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        return [Finding("error", f"{output} is not empty", "Name a new directory as the output.")]
    parent = output.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not os.access(parent, os.W_OK):
        return [Finding("error", f"{parent} may not be written", "Name another output.")]
    return []
