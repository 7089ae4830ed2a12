"""What a conversation asks of the server beside its words: system prompt and sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tui.foundry.types import ChatMessage, ChatRequest

MOST_STOPS = 4
"""More are refused by OpenAI's interface, and so by some servers."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Of one conversation, or of a preset; None leaves a value to the server."""

    system_prompt: str = ""
    temperature: float | None = None
    """0 to 2."""
    top_p: float | None = None
    """Above 0, to 1."""
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """Texts that end the answer where they come; they are not part of it."""

    def request(self, variant_id: str, messages: tuple[ChatMessage, ...]) -> ChatRequest:
        """Return the request that asks `variant_id` under these parameters."""
        return ChatRequest(
            variant_id,
            messages,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=self.stop,
        )

    def as_record(self) -> dict[str, Any]:
        """Return what is set, as it is kept and exported."""
        values = asdict(self) | {"stop": list(self.stop)}
        return {name: value for name, value in values.items() if value not in (None, "", [])}

    def summary(self) -> str:
        """Name what is set: `temp 0.7 · seed 1`; '' where everything is the server's."""
        names = {"temperature": "temp", "top_p": "top_p", "max_tokens": "max", "seed": "seed"}
        parts = ["system"] if self.system_prompt.strip() else []
        for name, word in names.items():
            value = getattr(self, name)
            if value is not None:
                parts.append(f"{word} {value:g}" if isinstance(value, float) else f"{word} {value}")
        if self.stop:
            parts.append(f"{len(self.stop)} {'stop' if len(self.stop) == 1 else 'stops'}")
        return " · ".join(parts)


def from_record(record: Mapping[str, Any]) -> Parameters:
    """Read what `as_record` wrote; what is missing or no longer fits is left to the server."""
    prompt, stop = record.get("system_prompt", ""), record.get("stop", ())
    stops = stop if isinstance(stop, list | tuple) else ()
    return Parameters(
        system_prompt=prompt if isinstance(prompt, str) else "",
        temperature=_number(record.get("temperature"), 0, 2),
        top_p=_number(record.get("top_p"), 0, 1),
        max_tokens=_whole(record.get("max_tokens"), 1),
        seed=_whole(record.get("seed"), None),
        stop=tuple(one for one in stops if isinstance(one, str) and one)[:MOST_STOPS],
    )


def _number(value: object, least: float, most: float) -> float | None:
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if fine and least <= value <= most else None  # type: ignore[operator, arg-type]


def _whole(value: object, least: int | None) -> int | None:
    fine = isinstance(value, int) and not isinstance(value, bool)
    if not fine or (least is not None and value < least):  # type: ignore[operator]
        return None
    return value  # type: ignore[return-value]
