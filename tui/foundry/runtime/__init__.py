"""The embedded Foundry Local runtime in a process of its own: host (child) and client (parent)."""

from __future__ import annotations


def installed() -> bool:
    """Tell whether the runtime's package is there, without importing it."""
    from importlib.util import find_spec

    return find_spec("foundry_local_sdk") is not None
