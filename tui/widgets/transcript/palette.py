"""Style keys to colours of the theme."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style


def make_palette(base: Style, variables: Mapping[str, str]) -> dict[str, Style]:
    """Return a style for each key of `document` and of the transcript.

    Args:
        base: Foreground and background of the widget.
        variables: The theme's variables, such as `primary` and `panel`.
    """

    def colour(name: str, **changes: bool | str | None) -> Style:
        value = variables.get(name, "")
        known = value if value.startswith("#") else None
        return base + Style(color=known, **changes)  # type: ignore[arg-type]

    code = Style(bgcolor=_colour(variables, "surface"))
    return {
        "": base,
        "strong": base + Style(bold=True),
        "em": base + Style(italic=True),
        "strongem": base + Style(bold=True, italic=True),
        "strike": base + Style(strike=True),
        "link": colour("accent", underline=True),
        "code": colour("accent") + code,
        "h1": colour("primary", bold=True, underline=True),
        "h2": colour("primary", bold=True),
        "h3": colour("primary", bold=True),
        "h4": base + Style(bold=True),
        "h5": base + Style(bold=True),
        "h6": base + Style(bold=True, dim=True),
        "bullet": colour("primary"),
        "quote": colour("secondary"),
        "muted": base + Style(dim=True),
        "fence": base + code,
        "keyword": colour("primary") + code,
        "name": colour("secondary") + code,
        "string": colour("success") + code,
        "number": colour("warning") + code,
        "comment": base + code + Style(italic=True, dim=True),
        "you": colour("secondary", bold=True),
        "model": colour("primary", bold=True),
        "figures": base + Style(dim=True),
        "thought": base + Style(dim=True, italic=True),
        "accent": colour("accent"),
        "cursor": colour("accent", bold=True),
        "thumb": colour("primary"),
        "groove": colour("panel"),
        "error": colour("error"),
        "warning": colour("warning"),
    }


def _colour(variables: Mapping[str, str], name: str) -> str | None:
    value = variables.get(name, "")
    return value if value.startswith("#") else None
