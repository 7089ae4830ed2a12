"""Plans as plain values for the database, and as TOML files that run the same again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tui.atomic_file import write_atomically
from tui.bench.plan import BenchPlan
from tui.bench.prompt_files import find_prompts, read_items
from tui.bench.prompts import PromptSet
from tui.bench.targets import PlanError, Target, meant

LARGEST_FILE_BYTES = 8 * 1024 * 1024
HEADING = "# A benchmark of Foundry TUI. Run it again: foundry-tui bench --plan {name}\n\n"
_PLAIN = tuple(one.name for one in fields(BenchPlan) if one.name not in ("targets", "prompt_set"))


def plan_dict(plan: BenchPlan) -> dict[str, Any]:
    """Return the plan as plain values; what is None is left out."""
    values = {name: value for name in _PLAIN if (value := getattr(plan, name)) is not None}
    prompt_set = plan.prompt_set
    values["prompt_set"] = {
        "name": prompt_set.name,
        **({"version": prompt_set.version} if prompt_set.version else {}),
        "sha256": prompt_set.sha256,
        "prompts": [one.as_dict() for one in prompt_set.items],
    }
    values["targets"] = [one.as_dict() for one in plan.targets]
    return values


def plan_from(values: Mapping[str, Any]) -> BenchPlan:
    """Read what `plan_dict` wrote, also by earlier versions of this program.

    Raises:
        PlanError: A value makes no sense.
        PromptsError: The prompts are none.
    """
    known = {*_PLAIN, "targets", "prompt_set"}
    if wrong := next((key for key in values if key not in known), None):
        raise PlanError(f"A plan has no '{wrong}'.", meant(wrong, known))
    plain = {key: value for key, value in values.items() if key in _PLAIN}
    for key, value in plain.items():
        _check_kind(key, value)
    targets = values.get("targets")
    if not isinstance(targets, list) or not all(isinstance(one, str | dict) for one in targets):
        raise PlanError("'targets' must be a list.", "Each a name, or a section [[targets]].")
    found = tuple(Target.from_value(one) for one in targets)
    return BenchPlan(found, _prompt_set(values.get("prompt_set")), **plain)


def save_plan(plan: BenchPlan, path: Path) -> None:
    """Write a plan file. Raises `PlanError`."""
    import tomli_w

    try:
        write_atomically(path, HEADING.format(name=path.name) + tomli_w.dumps(plan_dict(plan)))
    except OSError as error:
        raise PlanError(
            f"{path} cannot be written: {error.strerror}.", "Choose another directory."
        ) from error


def load_plan(path: Path) -> BenchPlan:
    """Read a plan file. Raises `PlanError` or `PromptsError`, with line and column."""
    hint = "`foundry-tui bench ... --save-plan FILE` writes one."
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise PlanError(f"{path} is too large for a plan.", hint)
        values = tomllib.loads(path.read_text("utf-8-sig"))
        return plan_from(values)
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}.", hint) from error
    except PlanError as error:
        raise PlanError(f"{path}: {error.message}", error.hint) from error
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{path} is not understood: {error}.", hint) from error


def _prompt_set(value: Any) -> PromptSet:
    if isinstance(value, str):
        return find_prompts(value)
    if not isinstance(value, Mapping):
        raise PlanError(
            "'prompt_set' must be a section with 'name' and 'prompts', or a name.",
            'prompt_set = "standard", or a file.',
        )
    items = read_items(value.get("prompts"))
    if not items:
        raise PlanError("The plan has no prompts.", "Name at least one.")
    return PromptSet(str(value.get("name", "prompts")), items, str(value.get("version", "")))


def _check_kind(key: str, value: Any) -> None:
    default = next(one.default for one in fields(BenchPlan) if one.name == key)
    text = isinstance(default, str)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = isinstance(default, int) and not isinstance(default, bool)
    if text != isinstance(value, str) or (not text and not number):
        kind = "a text" if text else "a number"
        raise PlanError(f"'{key}' must be {kind}, not {value!r}.", "Correct it.")
    if whole and not isinstance(value, int):
        raise PlanError(f"'{key}' must be a whole number, not {value!r}.", "Correct it.")
