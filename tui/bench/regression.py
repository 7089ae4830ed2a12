"""Conditions under which a script counts a run as failed, such as `ttft_p50 > +10%`.

    [TARGET: ] METRIC[_STATISTIC]  >|>=|<|<=  VALUE

* METRIC: `ttft`, `ttfa`, `tpot`, `itl`, `e2e`, `decode`, `e2e_tok`, with the statistic `p50` (by
  default), `p90`, `p95`, `p99` or `max`; or `load`, `rss_peak`, `rss_mean`, `throughput`,
  `failed`, `passed`.
* VALUE with a sign and `%`, `+10%`: the change from the run that is compared with. Else what the
  metric itself may be: `200ms`, `1.5s`, `30tok/s`, `800MB`, `2GiB`; of `failed` a number of
  requests or a share (`5%`), of `passed` a share of the checked answers.
* TARGET: a label, followed by a colon and a blank; without it the condition is for all.

What cannot be judged, since a value is missing, counts as failed: a gate must not open by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tui.bench.comparison import matching
from tui.bench.summary import Metric, Summary, TargetSummary
from tui.bench.targets import PlanError, short_name
from tui.formats import format_bytes, format_duration, format_speed

_FIGURES: dict[str, Metric] = {
    "ttft": "ttft_s", "ttfa": "ttfa_s", "tpot": "tpot_s", "itl": "itl_s", "e2e": "e2e_s",
    "decode": "decode_tok_s", "e2e_tok": "e2e_tok_s",
}  # fmt: skip
_STATISTICS = {"p50": "median", "p90": "p90", "p95": "p95", "p99": "p99", "max": "largest"}
_OTHERS = ("load", "rss_peak", "rss_mean", "throughput", "failed", "passed")
_SPEEDS = ("decode", "e2e_tok", "throughput")
_SIZES = ("rss_peak", "rss_mean")
_SHARES = ("failed", "passed")
_UNITS = {
    "s": 1.0, "ms": 1e-3, "tok/s": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10,
    "MiB": 2.0**20, "GiB": 2.0**30,
}  # fmt: skip
_FORM = re.compile(
    r"(?:(?P<target>.+):\s+)?(?P<metric>[a-z0-9_]+)\s*(?P<sign>>=|<=|>|<)\s*"
    r"(?P<change>[+-])?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|[A-Za-z/]+)?"
)
HINT = (
    "For example 'ttft_p50 > +10%', 'decode < -10%', 'e2e_p95 > 2s', 'failed > 0' or "
    "'passed < 90%'."
)


@dataclass(frozen=True, slots=True)
class Limit:
    """One condition, understood."""

    text: str
    target: str
    """Label; '' for all."""
    metric: str
    statistic: str
    sign: str
    value: float
    """In seconds, bytes or tokens a second; a share where `relative` or `share`."""
    relative: bool
    """Whether it is the change from an earlier run."""
    share: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a condition for one target."""

    limit: Limit
    target: str
    failed: bool
    text: str
    value: float | None = None
    before: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "condition": self.limit.text,
            "target": self.target,
            "failed": self.failed,
            "value": self.value,
            "before": self.before,
            "text": self.text,
        }


def parse_limit(text: str) -> Limit:
    """Read a condition. Raises `PlanError`."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise PlanError(f"'{text}' is no condition.", HINT)
    metric, statistic = _metric(match["metric"])
    number, unit, relative = float(match["number"]), match["unit"] or "", bool(match["change"])
    if relative and unit != "%":
        raise PlanError(f"'{text}': a change is given in %.", HINT)
    if relative:
        value = number / 100 * (-1 if match["change"] == "-" else 1)
        share = False
    else:
        share = unit == "%"
        value = _absolute(text, metric, number, unit)
    return Limit(
        text.strip(), match["target"] or "", metric, statistic, match["sign"], value, relative,
        share,
    )  # fmt: skip


def judge_limits(
    limits: tuple[Limit, ...], now: Summary, before: Summary | None
) -> tuple[Judged, ...]:
    """Judge every condition for every target it is for.

    Raises:
        PlanError: A condition names a target that is not there, or a change without a run to
            compare with.
    """
    found = []
    for limit in limits:
        if limit.relative and before is None:
            raise PlanError(f"'{limit.text}' needs a run to compare with.", "Name it: --compare.")
        names = {one.facts.target: one for one in now.targets}
        chosen = [
            one
            for label, one in names.items()
            if limit.target in ("", label) or limit.target == short_name(label)
        ]
        if not chosen:
            raise PlanError(
                f"'{limit.text}' is for a target that is not there.", f"There are {list(names)}."
            )
        found += [_judge(limit, one, before) for one in chosen]
    return tuple(found)


def _judge(limit: Limit, one: TargetSummary, before: Summary | None) -> Judged:
    label, value = one.facts.target, _value(limit, one)
    name = f"{limit.metric}_{limit.statistic}" if limit.statistic else limit.metric
    if value is None:
        return Judged(limit, label, True, f"{label}: {name} was not measured")
    if not limit.relative:
        failed = _beyond(value, limit.sign, limit.value)
        return Judged(limit, label, failed, f"{label}: {name} is {_write(limit, value)}", value)
    other = matching(one, before) if before is not None else None
    then = _value(limit, other) if other is not None else None
    if not then:
        return Judged(limit, label, True, f"{label}: {name} is not known of the earlier run", value)
    change = value / then - 1
    text = (
        f"{label}: {name} {change:+.1%}".replace("%", " %")
        + f" ({_write(limit, then)} -> {_write(limit, value)})"
    )
    return Judged(limit, label, _beyond(change, limit.sign, limit.value), text, value, then)


def _beyond(value: float, sign: str, limit: float) -> bool:
    if sign.startswith(">"):
        return value > limit or (sign == ">=" and value == limit)
    return value < limit or (sign == "<=" and value == limit)


def _value(limit: Limit, one: TargetSummary) -> float | None:
    facts, total = one.facts, one.done + one.failed
    if limit.metric in _FIGURES:
        figure = one.metrics[_FIGURES[limit.metric]]
        found: float | None = getattr(figure, _STATISTICS[limit.statistic])
        return found
    if limit.metric == "failed":
        if not total:
            return None
        return one.failed / total if limit.share or limit.relative else float(one.failed)
    if limit.metric == "passed":
        return one.passed / one.checked if one.checked else None
    values: dict[str, float | None] = {
        "load": facts.load_s,
        "rss_peak": facts.rss_peak_bytes,
        "rss_mean": facts.rss_mean_bytes,
        "throughput": one.throughput_tok_s,
    }
    return values[limit.metric]


def _metric(name: str) -> tuple[str, str]:
    if name in _FIGURES:
        return name, "p50"
    if name in _OTHERS:
        return name, ""
    metric, _, statistic = name.rpartition("_")
    if metric in _FIGURES and statistic in _STATISTICS:
        return metric, statistic
    raise PlanError(f"'{name}' is no metric.", HINT)


def _absolute(text: str, metric: str, number: float, unit: str) -> float:
    if metric in _SHARES:
        fitting: tuple[str, ...] = ("%", "") if metric == "failed" else ("%",)
    elif metric in _SPEEDS:
        fitting = ("tok/s", "")
    elif metric in _SIZES:
        fitting = ("kB", "MB", "GB", "KiB", "MiB", "GiB")
    else:
        fitting = ("s", "ms")
    if unit not in fitting:
        units = ", ".join(one or "none" for one in fitting)
        raise PlanError(f"'{text}': the unit is one of {units}; a change has a sign.", HINT)
    return number / 100 if unit == "%" else number * _UNITS.get(unit, 1.0)


def _write(limit: Limit, value: float) -> str:
    if limit.metric in _SHARES:
        whole = limit.metric == "failed" and not (limit.share or limit.relative)
        return f"{value:g}" if whole else f"{value:.0%}".replace("%", " %")
    if limit.metric in _SPEEDS:
        return format_speed(value)
    if limit.metric in _SIZES:
        return format_bytes(round(value))
    return format_duration(value)
