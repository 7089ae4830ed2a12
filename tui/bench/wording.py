"""Verdicts in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from tui.bench.statistics import ALPHA
from tui.bench.summary import PairVerdict
from tui.bench.targets import short_name
from tui.bench.verdict import Verdict

__all__ = ["short_name", "verdict_sentences", "verdict_text"]

_WHAT = {
    "e2e_s": ("less time for an answer", "time for an answer (E2E)"),
    "ttft_s": ("less time to the first token", "time to the first token (TTFT)"),
    "tpot_s": ("less time per token", "time per token (TPOT)"),
}


def verdict_text(pair: PairVerdict) -> str:
    """Write a verdict as a sentence, with the interval and what it rests on."""
    verdict = pair.verdict
    short, long = _WHAT[pair.metric]
    a, b = short_name(pair.a), short_name(pair.b)
    if verdict.kind == "too few":
        return f"{long}: {verdict.reason}"
    if verdict.kind == "unstable":
        return f"{long}: unstable, {verdict.reason}"
    if verdict.kind == "no difference":
        ruled_out = verdict.ruled_out or 0.0
        return f"{long}: no difference shown; above {ruled_out:.1%} is ruled out".replace("%", " %")
    if verdict.kind == "slower":
        a, b = b, a
    text = (
        f"{a} needs {_percent(verdict)} {short} than {b} ({_interval(verdict)}){_prompts(verdict)}"
    )
    if verdict.under_load:
        text += ", measured under changing load"
    if pair.unequal:
        text += "; the answers differ in length, so this is no measure of speed"
    return text


def verdict_sentences(verdicts: Sequence[PairVerdict]) -> list[tuple[PairVerdict, str]]:
    """Write each verdict; with more than one pair each says which pair it means."""
    several = len({(one.a, one.b) for one in verdicts}) > 1
    return [
        (
            one,
            f"{short_name(one.a)} / {short_name(one.b)}: {verdict_text(one)}"
            if several
            else verdict_text(one),
        )
        for one in verdicts
    ]


def _percent(verdict: Verdict) -> str:
    ratio = verdict.ratio or 1.0
    return f"{1 - min(ratio, 1 / ratio):.1%}".replace("%", " %")


def _interval(verdict: Verdict) -> str:
    low, high = verdict.low or 1.0, verdict.high or 1.0
    if verdict.kind == "slower":
        low, high = 1 / high, 1 / low
    over = f" over all {round(ALPHA / verdict.alpha)} pairs" if verdict.alpha < ALPHA else ""
    return f"95 % interval{over} {100 * (1 - high):.1f} to {100 * (1 - low):.1f} %"


def _prompts(verdict: Verdict) -> str:
    ahead, behind = verdict.prompts_faster, verdict.prompts_slower
    if verdict.kind == "slower":
        ahead, behind = behind, ahead
    if behind:
        return f"; depends on the prompt: faster on {ahead} of {verdict.prompts}"
    prompts = "this prompt" if verdict.prompts == 1 else f"these {verdict.prompts} prompts"
    return f", on {prompts}, faster on {ahead} of {verdict.prompts}"
