"""The picture of speed, memory and rating, with colours."""

from __future__ import annotations

from textual.content import Content

from tui.bench.scatter import Picture

KEY = (
    "Up is faster, right needs more memory, the number is the rating. * no other is at least as "
    "good on all of these and better on one."
)


def picture_text(picture: Picture) -> Content:
    """Colour the marks: what nothing else beats stands out, by colour and by its star."""
    lines = []
    for number, line in enumerate(picture.lines):
        text = Content(line)
        for mark in picture.marks:
            if mark.line == number:
                style = "b $text-success" if mark.best else "b $primary"
                text = text.stylize(style, mark.column, mark.column + len(mark.text))
        lines.append(text)
    legend = [Content(line) for line in picture.legend]
    note = Content.styled(KEY, "$foreground-muted")
    return Content("\n").join([*lines, Content(""), *legend, Content(""), note])
