"""The conditions of a run: what one has to know to compare it with another."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import tui
from tui.bench.plan import BenchPlan
from tui.foundry.types import BackendInfo


def now_text() -> str:
    """Return the time now as ISO 8601 with zone."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def run_context(plan: BenchPlan, info: BackendInfo) -> dict[str, Any]:
    """Return the conditions as plain values."""
    import psutil

    memory = psutil.virtual_memory()
    return {
        "started_at": now_text(),
        "foundry_tui_version": tui.__version__,
        "backend": info.kind,
        "backend_version": info.version,
        "endpoint": info.endpoint,
        "host_system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python_version": platform.python_version(),
        "cpu_count": os.cpu_count(),
        "load_average_1min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "ram_total_bytes": memory.total,
        "ram_available_bytes": memory.available,
        "prompt_set": plan.prompt_set.name,
        "prompt_set_version": plan.prompt_set.version or None,
        "prompt_set_sha256": plan.prompt_set.sha256,
        "prompts": list(plan.prompt_set.prompts),
        "rounds": plan.rounds,
        "max_tokens": plan.max_tokens,
        "timeout_s": plan.timeout_s,
        "temperature": plan.temperature,
        "top_p": plan.top_p,
        "seed": plan.seed,
        "concurrency": plan.concurrency,
        "warm_up": plan.warm_up,
        "api": plan.api,
        "providers": list(info.providers),
    }


_MUST_AGREE = (
    "foundry_tui_version", "backend", "backend_version", "host_system", "machine", "cpu_count",
    "ram_total_bytes",
)  # fmt: skip


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any], keys: Iterable[str] = _MUST_AGREE
) -> list[str]:
    """Say in which conditions two runs differ, for those that both know."""
    return [
        f"{key.replace('_', ' ')} {_short(one[key])} / {_short(other[key])}"
        for key in keys
        if one.get(key) is not None and other.get(key) is not None and one[key] != other[key]
    ]


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:8]}…" if len(text) == 64 else text


def resumed_context(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the conditions of a run that is taken up again, with what is not as it was."""
    context = {**before, "notes": list(before.get("notes", ()))}
    context["resumptions"] = [*before.get("resumptions", ()), now["started_at"]]
    if changed := differences(before, now):
        context["notes"].append(f"Taken up again under other conditions: {'; '.join(changed)}.")
    return context
