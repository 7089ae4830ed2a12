"""Cleans text from outside before it is shown: nothing in it may steer the terminal.

Model output, model names, what a command prints and what a server answers are all hostile until
they went through here. Markup is no concern of this module: text is shown with markup off.
"""

from __future__ import annotations

import re

_ESCAPES = (
    # CSI: parameters, intermediates, one final byte. A cut one loses what is there of it.
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    # OSC, DCS, SOS, PM, APC: strings that end with BEL or ST; an open one ends with the line,
    # so that one escape character cannot swallow a whole answer.
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\r\n]*(?:\x07|\x1b\\|\x9c)?"
    # Every other escape: optional intermediates and one final byte.
    r"|\x1b[ -/]*[0-~]?"
)
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
_UNWANTED = re.compile(
    # The line and paragraph separators and NEL, VT, FF break a line in some terminals.
    rf"{_ESCAPES}|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI}{_INVISIBLE}]"
)
_LINE_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile(r"[\n\t]+")


def clean_text(text: str, keep_newlines: bool = True) -> str:
    """Return `text` without control characters, escape sequences and bidirectional overrides.

    Removed are C0 and C1 controls, ANSI escape sequences whole (colours, cursor moves, titles,
    clipboard, hyperlinks; their visible text stays), marks that turn the writing direction, tag
    characters and lone surrogates. Every kind of line break becomes a newline.

    Args:
        text: Whatever came from outside.
        keep_newlines: False for one line: newlines and tabs become single spaces. Tabs stay
            otherwise.
    """
    if text.isascii() and text.isprintable():
        return text
    cleaned = _UNWANTED.sub("", _LINE_BREAKS.sub("\n", text))
    return cleaned if keep_newlines else _SPACE.sub(" ", cleaned).strip()
