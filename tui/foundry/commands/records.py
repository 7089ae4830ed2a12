"""What the commands tell, as frozen values; the same for both generations."""

from __future__ import annotations

from dataclasses import dataclass

from tui.foundry.listing import Listed


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that a command printed."""

    rows: tuple[Listed, ...] = ()
    not_understood: tuple[str, ...] = ()
    """Lines that look like rows and could not be read, as they were printed."""
    error: str = ""
    """What the command says went wrong; '' where nothing did."""
    answered: bool = False
    """The command's answer was a list, if only an empty one."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Whether the service runs, and where."""

    running: bool
    url: str | None = None
    """Its base, without path; None where it did not tell, or told a port that cannot be used."""
    pid: int | None = None
    providers: tuple[str, ...] = ()
    """Execution providers that it says are valid on this machine."""
    provider_note: str = ""
    """What it says about registering execution providers."""
    log_file: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command that changes something ended, as far as it tells."""

    success: bool | None
    """None where the output does not tell."""
    message: str = ""
