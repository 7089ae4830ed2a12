"""What is compared: a variant, where it is asked, and with which settings."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tui.foundry.errors import FoundryError
from tui.foundry.ids import split_version

SETTINGS = ("temperature", "max_tokens", "top_p", "seed")
_WHOLE = ("max_tokens", "seed")


class PlanError(FoundryError):
    """A run that cannot be made."""

    code = "plan"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Target:
    """One column of a comparison. Raises `PlanError` where a setting makes no sense.

    Two variants of one model (CPU against GPU), one model at two servers, or at two settings are
    different targets.
    """

    variant_id: str
    label: str = ""
    """Tells it from the others everywhere: in results, tables and files. By default the id."""
    endpoint: str = ""
    """Address of a server, or its name in the settings; '' for the backend of the run."""
    temperature: float | None = None
    """This and what follows: None for what the plan says."""
    max_tokens: int | None = None
    top_p: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        """Give it a label, and check the settings."""
        if not self.variant_id.strip():
            raise PlanError("A target names no model.", "Name a model, or leave the target out.")
        object.__setattr__(self, "label", self.label.strip() or self.variant_id)
        check_settings(self.settings)

    @property
    def settings(self) -> dict[str, float | int]:
        """What differs from the plan, by name."""
        return {name: value for name in SETTINGS if (value := getattr(self, name)) is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return what is set, for the database and for plan files."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_value(cls, value: str | Mapping[str, Any]) -> Target:
        """Read what `as_dict` wrote; a bare text is a variant id. Raises `PlanError`."""
        if isinstance(value, str):
            return cls(value)
        known = {"variant_id", "label", "endpoint", *SETTINGS}
        if wrong := next((key for key in value if key not in known), None):
            raise PlanError(f"A target has no setting '{wrong}'.", meant(wrong, known))
        for key in ("variant_id", "label", "endpoint"):
            if not isinstance(value.get(key, ""), str):
                raise PlanError(f"'{key}' of a target must be a text.", "Put it into quotes.")
        return cls(**{"variant_id": "", **value})


def parse_target(text: str) -> Target:
    """Read a target as the command line has it: `NAME[,key=value ...]`.

    Keys are `endpoint`, `label`, `temperature`, `max-tokens`, `top-p` and `seed`. Raises
    `PlanError`.
    """
    name, *parts = text.split(",")
    values: dict[str, Any] = {"variant_id": name.strip()}
    known = ("label", "endpoint", *SETTINGS)
    for part in parts:
        key, equals, value = part.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or key not in known:
            raise PlanError(f"'{part.strip()}' is no setting of a target.", meant(key, known))
        values[key] = value.strip() if key in ("label", "endpoint") else _number(key, value)
    return Target(**values)


def labelled(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Give every target a label of its own: those with the same one get what tells them apart.

    Nothing tells two that are wholly equal apart; the plan refuses them.
    """
    wanted = tuple(targets)
    labels = [one.label for one in wanted]
    return tuple(
        replace(one, label=" ".join([one.label, *_differs(one)]))
        if labels.count(one.label) > 1
        else one
        for one in wanted
    )


def short_name(label: str) -> str:
    """Return a label without version and the commonest device suffix of the variant id."""
    name, blank, rest = label.partition(" ")
    return split_version(name)[0].removesuffix("-generic-cpu") + blank + rest


def check_settings(values: Mapping[str, object]) -> None:
    """Raise `PlanError` for a sampling setting that makes no sense."""
    limits = {"temperature": (0, 2), "top_p": (0, 1), "max_tokens": (1, 1_000_000)}
    for key, value in values.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        whole = number and isinstance(value, int)
        if not number or (key in _WHOLE and not whole) or not math.isfinite(float(str(value))):
            kind = "a whole number" if key in _WHOLE else "a number"
            raise PlanError(f"'{key}' must be {kind}, not {value!r}.", "Correct it.")
        least, most = limits.get(key, (-math.inf, math.inf))
        if not least <= float(str(value)) <= most:
            raise PlanError(
                f"'{key}' must be from {least:g} to {most:,.0f}, not {value}.", "Correct it."
            )


def meant(word: str, known: Iterable[str]) -> str:
    """Say which of the known words may have been meant."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, 1)
    return f"Did you mean '{near[0]}'?" if near else f"There are {', '.join(words)}."


def _differs(one: Target) -> list[str]:
    at = [f"@{one.endpoint}"] if one.endpoint else []
    return at + [f"{key.replace('_', '-')}={value:g}" for key, value in one.settings.items()]


def _number(key: str, text: str) -> float | int:
    try:
        return int(text) if key in _WHOLE else float(text)
    except ValueError:
        kind = "a whole number" if key in _WHOLE else "a number"
        raise PlanError(f"'{key}' must be {kind}, not '{text.strip()}'.", "Correct it.") from None
