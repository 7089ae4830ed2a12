"""Colours code, with Pygments where it knows the language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tui.widgets.transcript.document import Line, Run

TAB = "    "
_STYLES = (
    ("Token.Keyword", "keyword"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Class", "name"),
    ("Token.Name.Builtin", "name"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Comment", "comment"),
)


def highlight(code: Sequence[str], language: str, *, whole: bool) -> list[Line]:
    """Return the lines with styles.

    Args:
        code: Lines without line breaks.
        language: As it stands behind the fence; '' or an unknown one gives plain lines.
        whole: Colour the text as a whole. While it grows, line by line is enough, and only the
            new line costs anything.
    """
    lines = [line.expandtabs(len(TAB)) for line in code]
    if not language:
        return [((line, "fence"),) for line in lines]
    if whole:
        return list(_lexed("\n".join(lines), language))
    return [_lexed(line, language)[0] for line in lines]


@lru_cache(maxsize=2048)
def _lexed(text: str, language: str) -> tuple[Line, ...]:
    from pygments.lexers import get_lexer_by_name  # 15 ms, and only for code
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return tuple(((line, "fence"),) for line in text.split("\n"))
    lines: list[list[Run]] = [[]]
    for kind, value in lexer.get_tokens(text):
        style = next((key for name, key in _STYLES if str(kind).startswith(name)), "fence")
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((part, style))
    wanted = text.count("\n") + 1
    lines = (lines + [[] for _ in range(wanted)])[:wanted]
    return tuple(tuple(line) for line in lines)
