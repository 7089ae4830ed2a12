"""Both themes can be read: contrast as WCAG 2 counts it."""

from __future__ import annotations

import pytest
from rich.color import ColorTriplet
from textual.app import App, ComposeResult
from textual.filter import dim_color
from textual.theme import Theme
from textual.widgets import Static

from tui.theme import THEMES

LEAST = 4.5
GROUNDS = ("background", "surface", "panel")
INKS = ("foreground", "text-muted", "primary", "secondary", "accent", "success", "warning", "error",
        "text-success", "text-warning", "text-error")  # fmt: skip

both_themes = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


class Swatches(App[None]):
    """Every ink on every ground, as the screen would show it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.register_theme(theme)
        self.theme = theme.name

    def compose(self) -> ComposeResult:
        for ground in GROUNDS:
            for ink in INKS:
                yield Static("text", id=f"{ink}-on-{ground}")

    CSS = "\n".join(
        f"#{ink}-on-{ground} {{ color: ${ink}; background: ${ground}; }}"
        for ground in GROUNDS
        for ink in INKS
    )


def luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
        for one in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_counted_as_wcag_does() -> None:
    assert contrast(ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)) == pytest.approx(21)
    assert contrast(ColorTriplet(119, 119, 119), ColorTriplet(255, 255, 255)) == pytest.approx(
        4.48, abs=0.01
    )


@both_themes
async def test_every_colour_of_text_can_be_read_on_every_ground(theme: Theme) -> None:
    app = Swatches(theme)
    async with app.run_test():
        poor = {}
        for swatch in app.query(Static):
            style = swatch.rich_style
            assert style.color is not None
            assert style.bgcolor is not None
            value = contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor())
            if value < LEAST:
                poor[swatch.id] = round(value, 2)
        assert poor == {}


@both_themes
async def test_dimmed_text_of_the_transcript_can_be_read(theme: Theme) -> None:
    app = Swatches(theme)
    async with app.run_test():
        style = app.query_one("#foreground-on-background", Static).rich_style
        assert style.color is not None
        assert style.bgcolor is not None
        dimmed = dim_color(style.bgcolor, style.color).get_truecolor()
        assert contrast(dimmed, style.bgcolor.get_truecolor()) >= LEAST


@both_themes
def test_the_active_pane_can_be_read_in_the_header(theme: Theme) -> None:
    from textual.color import Color

    ink, ground = Color.parse(theme.background or ""), Color.parse(theme.primary)
    assert contrast(ColorTriplet(*ink.rgb), ColorTriplet(*ground.rgb)) >= LEAST


def test_there_is_a_dark_and_a_light_theme() -> None:
    assert [theme.dark for theme in THEMES] == [True, False]
