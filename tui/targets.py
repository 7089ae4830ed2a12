"""What a person can switch to while the program runs."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from tui.foundry.connect import Target
from tui.foundry.types import BackendInfo
from tui.session import Session, endpoint_target

_WORDS = {
    "auto": "foundry if it is installed, else the embedded runtime, else a known server",
    "foundry": "the foundry command line and its service",
    "runtime": "the embedded runtime, with the demo models",
}


def targets_of(session: Session) -> dict[str, Target]:
    """Return the targets by name: what was named at the start, the kinds, the named endpoints."""
    started = session.target
    targets = {} if started == Target() else {"as started": started}
    targets |= {
        "auto": Target(),
        "foundry": Target("foundry", reason="you chose it"),
        "runtime": Target("runtime", reason="you chose it"),
    }
    for name in session.config.endpoints:
        targets[name] = endpoint_target(name, session.config, os.environ)
    return targets


def describe_target(name: str, target: Target) -> str:
    """Say in a few words what a target is."""
    if name in _WORDS:
        return _WORDS[name]
    model = f", {target.model}" if target.model else ""
    return f"{target.endpoint_url or target.kind}{model} ({target.reason})"


def is_in_use(target: Target, info: BackendInfo | None) -> bool:
    """Tell whether the backend in use is the one that a target names."""
    if info is None:
        return False
    if target.kind == "endpoint" and target.endpoint_url and info.kind == "endpoint":
        here, there = urlsplit(info.endpoint or ""), urlsplit(target.endpoint_url)
        return here.netloc == there.netloc
    return target.kind == info.kind
