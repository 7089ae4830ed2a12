"""The second line: what runs and what is loaded. Hidden while there is nothing to say."""

from __future__ import annotations

import time

from textual.content import Content
from textual.widgets import Static

from tui.formats import format_bytes, format_duration, format_rate
from tui.foundry.ids import split_version
from tui.foundry.text import clean_text
from tui.store import Job, State

MOST_MODELS = 4


class StatusLine(Static):
    """Jobs, loaded models with their memory, and a lost backend."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $surface;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        display: none;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shown = Content("")

    def show(self, state: State) -> None:
        """Show the state; paints only what reads differently."""
        parts: list[Content] = []
        if state.connection == "failed" and state.connection_error is not None:
            error = state.connection_error
            said = f"! {error.message} {error.hint}".rstrip()
            parts.append(Content.styled(clean_text(said, False), "$text-error"))
            parts.append(Content.styled("R tries again", "$foreground-muted"))
        jobs = state.active_jobs
        if jobs:
            more = f"  +{len(jobs) - 1}" if len(jobs) > 1 else ""
            parts.append(Content.styled(f"◐ {job_text(jobs[0])}{more}", "$text-warning"))
        for variant_id in state.loaded[:MOST_MODELS]:
            parts.append(_loaded(state, variant_id))
        if len(state.loaded) > MOST_MODELS:
            parts.append(Content(f"+{len(state.loaded) - MOST_MODELS}"))
        if jobs:
            parts.append(Content.styled("J jobs", "$foreground-muted"))
        text = Content("   ").join(parts)
        if text != self._shown:
            self._shown = text
            self.update(text, layout=False)
            self.display = bool(parts)


def _loaded(state: State, variant_id: str) -> Content:
    # An endpoint serves all it lists; only what was loaded here is worth a mark.
    took = state.memory.measured_bytes(variant_id)
    size = f" {format_bytes(took)}" if took is not None else ""
    alias = next(
        (
            model.alias
            for model in state.models or ()
            if any(variant.id == variant_id for variant in model.variants)
        ),
        split_version(variant_id)[0],
    )
    return Content.assemble(("● ", "$text-success"), clean_text(f"{alias}{size}", False))


def job_text(job: Job) -> str:
    """Write what a job does and how far it has come."""
    parts = [f"{job.kind} {clean_text(job.subject, False)}"]
    progress = job.progress
    if job.state == "waiting":
        parts.append("waits")
    elif progress.done_bytes is not None and progress.total_bytes:
        parts.append(f"{format_bytes(progress.done_bytes)} of {format_bytes(progress.total_bytes)}")
    elif progress.fraction is not None:
        phase = f"{clean_text(progress.message, False)} " if job.kind == "compile" else ""
        parts.append(f"{phase}{progress.fraction:.0%}")
    elif progress.message:
        parts.append(clean_text(progress.message, False))
    stalled_s = job.stalled_s(time.monotonic())
    if stalled_s is not None:
        return "  ".join((*parts, f"stalled for {format_duration(stalled_s)}: J, x cancels"))
    if job.rate_bytes_s:
        parts.append(format_rate(job.rate_bytes_s))
    if job.left_s is not None:
        parts.append(f"{format_duration(job.left_s)} left")
    return "  ".join(parts)
