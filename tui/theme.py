"""Two themes of our own."""

from __future__ import annotations

from textual.theme import Theme

FOUNDRY_DARK = Theme(
    name="foundry-dark",
    primary="#f2a65a",
    secondary="#7fb7be",
    accent="#8fd3c8",
    foreground="#e6e3dc",
    background="#14171a",
    surface="#1a1e22",
    panel="#242a30",
    success="#8fc98b",
    warning="#e8c468",
    error="#ef8275",
    dark=True,
)
FOUNDRY_LIGHT = Theme(
    name="foundry-light",
    primary="#9a4d00",
    secondary="#22636b",
    accent="#0f6b60",
    foreground="#23262a",
    background="#faf8f4",
    surface="#f1eee8",
    panel="#e4e0d7",
    success="#2c6b2a",
    warning="#7a5600",
    error="#a62b1f",
    dark=False,
)
THEMES = (FOUNDRY_DARK, FOUNDRY_LIGHT)
