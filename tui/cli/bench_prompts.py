"""`bench prompts`: what the sets that ship ask, and whether an own file is understood."""

from __future__ import annotations

import asyncio
from typing import Any

from tui.bench.prompt_files import find_prompts
from tui.bench.prompt_sets import NAMES
from tui.bench.prompts import PromptSet
from tui.cli.execute import Context
from tui.cli.output import table
from tui.foundry.text import clean_text

HEADINGS = ("NAME", "PROMPTS", "CHECKS", "SHA-256", "WHAT")


async def run(context: Context) -> int:
    """List the sets, or show one."""
    name = context.arguments.name
    if name is None:
        rows = [
            [key, str(len(one.items)), str(_checks(one)), one.sha256[:12], one.name]
            for key, one in NAMES.items()
        ]
        sets = [{"set": key, **_values(one)} for key, one in NAMES.items()]
        context.output.result({"sets": sets}, table(HEADINGS, rows, right=(1, 2)))
        return 0
    found = await asyncio.to_thread(find_prompts, name)
    lines = [
        f"{found.name}{f' version {found.version}' if found.version else ''}, "
        f"{len(found.items)} prompts, {_checks(found)} checks, {found.sha256[:12]}"
    ]
    for number, one in enumerate(found.items, 1):
        about = ", ".join(part for part in (one.name, one.task) if part)
        lines += ["", f"{number}. {f'[{about}] ' if about else ''}{one.text}"]
        lines += [f"   check: {check}" for check in one.checks]
    context.output.result(_values(found), clean_text("\n".join(lines)))
    return 0


def _checks(found: PromptSet) -> int:
    return sum(len(one.checks) for one in found.items)


def _values(found: PromptSet) -> dict[str, Any]:
    return {
        "name": found.name,
        "version": found.version or None,
        "sha256": found.sha256,
        "prompts": [one.as_dict() for one in found.items],
    }
