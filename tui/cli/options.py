"""What the command line says about the session as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Options that every verb and the screen take; None where the user said nothing."""

    backend: Literal["auto", "foundry", "runtime", "endpoint"] | None = None
    endpoint: str | None = None
    """Address of an OpenAI-compatible server, or its name in the settings."""
    config_file: Path | None = None
    models_file: Path | None = None
    """The team's registry."""
    log_level: str | None = None
    """debug, info, warning or error."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the screen shows first."""

    pane: str = "catalog"
    conversation_id: str | None = None
    """A kept conversation, for the chat."""
    variant: str | None = None
    """Who answers in the chat, as the user named it."""
