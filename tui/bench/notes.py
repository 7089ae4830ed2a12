"""What has to be said about a run beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.bench.plan import BenchPlan
from tui.bench.verdict import SPREAD_LIMIT

DELAYED_S = (0.039, 0.046)
AT_ONCE_S = 0.00003
BUSY_PERCENT = 10.0

Medians = Mapping[str, tuple[float | None, float | None]]
"""TTFT and TPOT by label."""


def run_notes(
    plan: BenchPlan,
    context: Mapping[str, Any],
    medians: Medians,
    changed: float | None = None,
    late: bool = False,
    done: int | None = None,
) -> tuple[str, ...]:
    """Return sentences for people, the most important first.

    Args:
        plan: What was measured.
        context: The conditions of the run.
        medians: Of all targets.
        changed: How much the conditions changed, from `pairs.spread`.
        late: Whether a request was given up at its time limit.
        done: How many requests there are; None where all are.
    """
    notes = [*delayed(medians)]
    if done is not None:
        notes.append(
            f"Not finished: {done} of {plan.request_count} requests. There are numbers and no "
            "verdict until the run was taken up and has made all its rounds: who may choose when "
            "to look finds differences that are none."
        )
    order = context.get("order", plan.order)
    if order == "sequential":
        notes.append(
            "One target was measured after the other: drift of the machine looks like a "
            "difference then, so there are numbers and no verdict."
        )
    elif context.get("memory") == "one at a time":
        notes.append(
            "One model was in memory at a time, in block order: "
            f"{context.get('memory_reason', 'asked for')}."
        )
    notes += map(str, context.get("notes", ()))
    if plan.warm_up == 0:
        notes.append("No warm-up: the first request after a load is among the data.")
    if changed is not None and changed > SPREAD_LIMIT:
        notes.append(
            f"The conditions changed meanwhile (spread {changed:.1f}x): comparisons hold, the "
            "single numbers are not reproducible."
        )
    if late:
        notes.append(
            "Some servers go on with an answer that nobody waits for: what followed a request "
            "over its time limit may be slower for that."
        )
    conditions = context.get("conditions", {})
    if conditions.get("throttled"):
        notes.append("The processor was slowed because of heat or power meanwhile.")
    if (busy := conditions.get("background_cpu_percent")) is not None and busy >= BUSY_PERCENT:
        notes.append(f"Other programs used {busy:.0f} % of the CPU meanwhile.")
    if conditions.get("power_source_changed"):
        notes.append("The machine went from mains to battery or back meanwhile.")
    elif conditions.get("power_source") == "battery":
        notes.append("The machine ran on battery.")
    return tuple(notes)


def delayed(medians: Medians) -> tuple[str, ...]:
    """Warn where the times are those of a kept-alive connection, not those of the models.

    There the answer comes in one piece some 43 ms after the first byte was ready (the server
    waits for an acknowledgement that the client puts off), whatever the model.
    """
    low, high = DELAYED_S
    hit = [
        label
        for label, (ttft_s, tpot_s) in medians.items()
        if ttft_s is not None and tpot_s is not None and low <= ttft_s <= high
        if tpot_s < AT_ONCE_S
    ]
    if not hit or len(hit) < min(2, len(medians)):
        return ()
    return (
        f"The times of {', '.join(hit)} are those of a connection that holds answers back for "
        "40 ms (a proxy or tunnel that keeps connections alive?), not those of the models.",
    )
