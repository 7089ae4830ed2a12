"""Puts answers through the checks of their prompts.

A pattern may take longer than the age of the universe over the wrong text, and Python cannot be
stopped meanwhile. So patterns are looked for in a process of their own that is ended when its time
is up; what it had not answered by then counts as not passed, and says why.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from tui.bench.checks import LONGEST_ANSWER, Check, Outcome, judge
from tui.bench.prompts import Prompt

PATTERN_LIMIT_S = 2.0
"""For one pattern over one answer, and the start of the process."""
_CHILD = """\
import json, re, sys
for line in sys.stdin:
    pattern, text = json.loads(line)
    print(int(re.search(pattern, text) is not None), flush=True)
"""

Asked = tuple[Prompt, str]
"""A prompt and the answer it was given."""


def grade(answers: Sequence[Asked], limit_s: float = PATTERN_LIMIT_S) -> list[tuple[Outcome, ...]]:
    """Return the outcomes of each answer's checks, in their order.

    Blocks for some milliseconds where there are patterns: call it off the event loop.
    """
    patterns = [
        (check, text)
        for prompt, text in answers
        for check in prompt.checks
        if check.kind == "regex"
    ]
    found = iter(_search(patterns, limit_s))
    return [
        tuple(
            next(found) if check.kind == "regex" else judge(check, text) for check in prompt.checks
        )
        for prompt, text in answers
    ]


def _search(patterns: Sequence[tuple[Check, str]], limit_s: float) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while len(outcomes) < len(patterns):
        rest = patterns[len(outcomes) :]
        lines = [json.dumps([check.value, text[:LONGEST_ANSWER]]) for check, text in rest]
        command = [sys.executable, "-I", "-S", "-c", _CHILD]
        try:
            answered = subprocess.run(
                command, input="\n".join(lines), capture_output=True, text=True, timeout=limit_s
            ).stdout
        except subprocess.TimeoutExpired as error:
            answered = error.stdout.decode() if isinstance(error.stdout, bytes) else ""
        except OSError as error:
            return outcomes + [Outcome(check, False, f"not checked: {error}") for check, _ in rest]
        said = answered.split()
        for (check, _), word in zip(rest, said, strict=False):
            passed = word == "1"
            outcomes.append(Outcome(check, passed, "" if passed else "the pattern is not found"))
        if len(said) < len(rest):
            reason = f"the pattern took longer than {limit_s:g} s"
            outcomes.append(Outcome(rest[len(said)][0], False, reason))
    return outcomes
