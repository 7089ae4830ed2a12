"""Results as files: CSV with a row a request, JSON with everything."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tui.atomic_file import write_atomically
from tui.bench.summary import Summary
from tui.foundry.errors import FoundryError

COLUMNS = (
    "model",
    "prompt",
    "round",
    "latency_sec",
    "ttft_s",
    "tpot_s",
    "decode_tok_s",
    "input_tokens",
    "output_tokens",
    "tokens_estimated",
    "finish_reason",
    "answer",
    "error",
    "error_code",
    "sequence",
    "lane",
    "started_at",
    "ttfa_s",
    "e2e_s",
    "e2e_tok_s",
    "itl_max_s",
    "checks",
    "checks_passed",
    "run_id",
)
SUMMARY_COLUMNS = (
    "model", "variant", "device", "execution_provider", "endpoint", "requests", "failed",
    "ttft_s_median", "ttft_s_p95", "tpot_s_median", "tpot_s_p95", "decode_tok_s_median",
    "e2e_s_median", "e2e_s_low", "e2e_s_high", "e2e_s_p95", "itl_s_median", "itl_s_p95",
    "itl_s_p99", "output_tokens_median", "tokens_estimated", "throughput_tok_s", "load_s",
    "load_bytes", "rss_peak_bytes", "rss_mean_bytes", "cpu_percent", "answers_checked",
    "answers_passed", "run_id",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class ExportError(FoundryError):
    """A file cannot be written."""

    code = "export"


def export_csv(summary: Summary, path: Path) -> None:
    """Write one row a request; `latency_sec` is the course's figure, rounded to milliseconds."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    prompts = summary.plan.prompt_set.prompts
    for one in summary.requests:
        values = one.as_dict()
        latency = values["e2e_s"] if one.error is None else None
        row = {name: values.get(name) for name in COLUMNS}
        row |= {
            "model": one.step.target,
            "prompt": prompts[one.step.prompt_index],
            "latency_sec": None if latency is None else round(latency, 3),
            "answer": values["text"],
            "itl_max_s": max(values["itl_s"], default=None),
            "run_id": summary.run_id,
        }
        if outcomes := summary.outcomes.get(one.step.sequence):
            row["checks"] = len(outcomes)
            row["checks_passed"] = sum(done.passed for done in outcomes)
        writer.writerow({name: inert(value) for name, value in row.items()})
    write_file(path, buffer.getvalue())


def export_summary_csv(summary: Summary, path: Path) -> None:
    """Write one row a target."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, SUMMARY_COLUMNS)
    writer.writeheader()
    for one in summary.as_dict()["targets"]:
        row = {name: one.get(name) for name in SUMMARY_COLUMNS}
        for metric in ("ttft_s", "tpot_s", "decode_tok_s", "e2e_s", "itl_s"):
            low, high = one[metric]["ci95"]
            found = {**one[metric], "low": low, "high": high}
            row |= {
                name: found[statistic]
                for statistic in found
                if (name := f"{metric}_{statistic}") in SUMMARY_COLUMNS
            }
        row |= {
            "model": one["target"],
            "requests": one["done"] + one["failed"],
            "run_id": summary.run_id,
        }
        writer.writerow({name: inert(value) for name, value in row.items()})
    write_file(path, buffer.getvalue())


def export_json(summary: Summary, path: Path) -> None:
    """Write the whole run."""
    write_file(path, json.dumps(summary.as_dict(), indent=2, ensure_ascii=False) + "\n")


def inert(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula, whatever a model wrote."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def write_file(path: Path, text: str) -> None:
    """Write `text`, making the directory. Raises `ExportError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror}.", "Choose another directory."
        ) from error
