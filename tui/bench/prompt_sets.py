"""The sets of prompts that ship. Change a prompt, and the set's version goes up."""

from __future__ import annotations

from typing import Any

from tui.bench.checks import Check
from tui.bench.prompts import Prompt, PromptSet

COURSE = PromptSet.of("course prompt", ("Explain edge AI in one sentence.",))
SMALL = PromptSet.of(
    "small set",
    (
        "Explain edge AI in one sentence.",
        "What is a local model?",
        "What is quantization?",
        "What is the KV cache?",
        "Why should I run models locally?",
        "Give me a tour of this program",
    ),
)

_MEETING = (
    "The team met on Tuesday. Ana reported that the new sensor uses 40 % less power but arrives "
    "three weeks late. Bo offered to test the old sensor with new firmware meanwhile. They agreed "
    "to decide on 12 May, after both measurements."
)
_ORDER = "Order 4711: 3 chairs at 49.50 EUR each, delivery to Oslo, paid by card on 2 March 2026."
_ORDER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["order", "item", "quantity", "city"],
    "properties": {
        "order": {"type": ["integer", "string"]},
        "item": {"type": "string"},
        "quantity": {"const": 3},
        "city": {"const": "Oslo"},
    },
}


def _prompt(task: str, name: str, text: str, *checks: Check) -> Prompt:
    return Prompt(text, checks, name, task)


STANDARD = PromptSet(
    "standard set",
    (
        _prompt("chat", "edge AI", "Explain edge AI in one sentence."),
        _prompt(
            "chat",
            "polite no",
            "Write two friendly sentences that decline an invitation to dinner on Friday.",
            Check("contains", "Friday"),
        ),
        _prompt("chat", "tea", "Give three short tips for brewing good green tea."),
        _prompt(
            "reasoning",
            "apples",
            "Mia has 14 apples. She gives away half of them, then buys 5 more. How many apples "
            "does she have? End with the number.",
            Check("numeric", 12),
        ),
        _prompt(
            "reasoning",
            "trains",
            "A train leaves at 9:40 and arrives at 12:05. How many minutes does the journey take? "
            "End with the number.",
            Check("numeric", 145),
        ),
        _prompt(
            "reasoning",
            "ordering",
            "Kim is taller than Lee, and Lee is taller than Max. Who is the shortest? Answer with "
            "the name only.",
            Check("contains", "Max"),
        ),
        _prompt(
            "code",
            "even numbers",
            "Write a Python function evens(numbers) that returns the even numbers of a list.",
            Check("regex", r"def\s+evens\s*\("),
            Check("contains", ["% 2", "return"]),
        ),
        _prompt(
            "code",
            "find the bug",
            "What is wrong with this Python line: for i in range(len(xs) + 1): print(xs[i])",
            Check("regex", r"(?i)index|range|off[- ]by[- ]one|out of"),
        ),
        _prompt(
            "summarization",
            "meeting",
            f"Summarise in one sentence: {_MEETING}",
            Check("contains", "sensor"),
        ),
        _prompt(
            "summarization",
            "headline",
            f"Write a headline of at most eight words for this report: {_MEETING}",
        ),
        _prompt(
            "extraction",
            "order as JSON",
            "Return only a JSON object with the keys order, item, quantity and city for this "
            f"text: {_ORDER}",
            Check("json_schema", _ORDER_SCHEMA),
        ),
        _prompt(
            "extraction",
            "date",
            f"On which date do they decide? Answer with day and month only. {_MEETING}",
            Check("contains", ["12", "May"]),
        ),
    ),
    version="1",
)
BUILT_IN = (COURSE, SMALL, STANDARD)
NAMES = {"course": COURSE, "small": SMALL, "standard": STANDARD}
"""What the command line calls them."""
