"""Says whether a variant fits into this machine's memory now, and what the sum is made of.

need = weights + KV cache at the chosen context + overhead

* Weights: the size on disk. The runtime maps or copies the whole file; for ONNX this is closer
  than parameters times bits, since embeddings often stay wider than the rest.
* KV cache: by the model's shape where that is known, else within a bound (`kv_cache.py`). What is
  too big only by the upper end of the bound is called tight, and the reason says so.
* Overhead (activations, arenas, tokenizer): 0.5 GB as llmfit takes it. Below 100 MB of weights
  that would be absurd: the runtime's process is there already, and loading models of 1 to 6 MB was
  measured to take 10 to 35 MB; so there 10 MB + 4.9 x weights, which meets 0.5 GB at 100 MB.

A growth that was measured here, in this session or an earlier one, replaces weights and overhead.
A variant for the GPU is held against the GPU's memory where that can be read, else against RAM,
as those for the NPU are; the reason says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tui.catalog.contexts import advertised_context
from tui.catalog.families import family_of
from tui.catalog.kv_cache import OWN_FILE, KvBound, KvShape, bound, value_bytes_on
from tui.formats import format_bytes, format_count
from tui.foundry.types import Device, Model, Variant
from tui.system.device_memory import DeviceMemory
from tui.system.memory_records import MemoryRecord

Verdict = Literal["fits", "tight", "too big", "unknown"]
FitSource = Literal["loaded", "measured", "genai_config", "family", "bound", ""]

DEFAULT_CONTEXT_TOKENS = 4096
TIGHT_SHARE = 0.8
OVERHEAD_BYTES = 500_000_000
SMALL_WEIGHTS_BYTES = 100_000_000
SMALL_OVERHEAD_BYTES = 10_000_000
SMALL_OVERHEAD_FACTOR = (OVERHEAD_BYTES - SMALL_OVERHEAD_BYTES) / SMALL_WEIGHTS_BYTES
COARSE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class MemoryState:
    """Room on this machine; None where it is not known."""

    total_bytes: int | None = None
    available_bytes: int | None = None
    disk_free_bytes: int | None = None
    """Where the model cache is."""
    device: DeviceMemory = DeviceMemory()

    def coarse(self, kept: MemoryState | None = None) -> MemoryState:
        """Return it in steps of 100 MB, so that rows do not differ from second to second.

        Args:
            kept: What was returned last: a figure less than half a step outside of its step keeps
                it, so that one that wavers about the edge does not go back and forth.
        """
        kept = kept or MemoryState()
        free_bytes = _step(self.device.free_bytes, kept.device.free_bytes)
        return replace(
            self,
            available_bytes=_step(self.available_bytes, kept.available_bytes),
            disk_free_bytes=_step(self.disk_free_bytes, kept.disk_free_bytes),
            device=replace(self.device, free_bytes=free_bytes),
        )


class FitPart(NamedTuple):
    """One summand."""

    label: str
    size_bytes: int
    source: str


class Sum(NamedTuple):
    """What a variant needs."""

    parts: tuple[FitPart, ...]
    source: FitSource
    """Where the least certain big part comes from."""
    spare_bytes: int
    """How much of it may not arise."""

    @property
    def need_bytes(self) -> int:
        """All parts together."""
        return sum(part.size_bytes for part in self.parts)


@dataclass(frozen=True, slots=True)
class Fit:
    """The verdict and how it came about."""

    verdict: Verdict
    need_bytes: int | None
    """Memory needed beyond what is in use now; 0 for a loaded variant."""
    available_bytes: int | None
    """Free now, of the memory that it is held against."""
    parts: tuple[FitPart, ...]
    source: FitSource
    """Where the least certain big part of the sum comes from."""
    reason: str
    """A sentence with the numbers."""
    pool: Literal["RAM", "GPU memory"] = "RAM"
    """Which memory it is held against."""
    total_bytes: int | None = None
    """Of that memory, in use or not."""
    in_total: Verdict = "unknown"
    """The verdict if nothing else ran here."""
    download_bytes: int | None = None
    """What would be fetched to disk; None where nothing has to be."""
    disk_free_bytes: int | None = None
    device_note: str = ""
    """For a GPU or NPU: which it is, or why its memory is not counted."""


def judge(
    variant: Variant,
    model: Model,
    memory: MemoryState,
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
    kv: KvShape | None = None,
    measured: MemoryRecord | None = None,
) -> Fit:
    """Judge whether a variant fits.

    Args:
        variant: What would be loaded.
        model: Its model, for its family and the longest context.
        memory: Room on this machine.
        context_tokens: Context to plan for; cut to what the model can take.
        kv: Shape of the KV cache that the model's own files tell, see `kv_shapes`.
        measured: What an earlier load of this variant took on this machine.

    Returns:
        'fits' up to 80 % of the free memory, 'tight' up to all of it, 'too big' beyond it or
        where the disk has no room for the download, 'unknown' where a size is missing.
    """
    return judge_sum(
        variant, memory, sum_up(variant, model, context_tokens, kv, measured), measured
    )


def sum_up(
    variant: Variant,
    model: Model,
    context_tokens: int,
    kv: KvShape | None,
    measured: MemoryRecord | None,
) -> Sum | None:
    """Return what a variant needs, whatever there is; None where its size is not known."""
    if variant.size_bytes is None and measured is None:
        return None
    longest = advertised_context(model, variant, kv).tokens
    tokens = min(context_tokens, longest or context_tokens)
    if kv is None and (family := family_of(model.alias, variant.id)) is not None:
        kv = family.shape
    return _parts(variant, tokens, kv, measured)


def judge_sum(
    variant: Variant, memory: MemoryState, summed: Sum | None, measured: MemoryRecord | None
) -> Fit:
    """Judge a sum; see `judge`."""
    fit = _against(variant, memory)
    if summed is None:
        if variant.loaded:
            return _loaded(fit)
        return replace(fit, reason="The size of this variant is not known.")
    fit = replace(fit, need_bytes=summed.need_bytes, parts=summed.parts, source=summed.source)
    if variant.loaded:
        return _loaded(fit)
    fit = replace(
        fit,
        verdict=_verdict(summed, fit.available_bytes),
        in_total=_verdict(summed, fit.total_bytes),
    )
    return _with_reason(fit, variant, summed.spare_bytes, measured)


def quick_verdict(variant: Variant, memory: MemoryState, summed: Sum | None) -> Verdict:
    """Return the verdict alone, for thousands of variants at once."""
    if variant.loaded:
        return "fits"
    if summed is None:
        return "unknown"
    disk = memory.disk_free_bytes
    if not variant.cached and disk is not None and (variant.size_bytes or 0) > disk:
        return "too big"
    device = memory.device.free_bytes if variant.device is Device.GPU else None
    return _verdict(summed, memory.available_bytes if device is None else device)


def _against(variant: Variant, memory: MemoryState) -> Fit:
    """Return the beginning of a verdict: which memory, and how much of it there is."""
    download = None if variant.cached or variant.loaded else variant.size_bytes
    device = memory.device
    fit = Fit(
        "unknown", None, memory.available_bytes, (), "", "",
        total_bytes=memory.total_bytes,
        download_bytes=download,
        disk_free_bytes=memory.disk_free_bytes,
    )  # fmt: skip
    if variant.device is Device.GPU and device.free_bytes is not None:
        return replace(
            fit,
            available_bytes=device.free_bytes,
            total_bytes=device.total_bytes,
            pool="GPU memory",
            device_note=device.note,
        )
    if variant.device is Device.GPU:
        return replace(fit, device_note=f"{device.note}; counted against RAM")
    if variant.device is Device.NPU:
        return replace(fit, device_note="memory of an NPU cannot be read; counted against RAM")
    return fit


def _loaded(fit: Fit) -> Fit:
    return replace(
        fit,
        verdict="fits",
        in_total="fits",
        need_bytes=0,
        source="loaded",
        reason="Loaded already: it needs no more memory.",
    )


def _verdict(summed: Sum, room: int | None) -> Verdict:
    """Judge a need of which a part may not arise."""
    if room is None:
        return "unknown"
    if summed.need_bytes <= TIGHT_SHARE * room:
        return "fits"
    return "tight" if summed.need_bytes - summed.spare_bytes <= room else "too big"


def _parts(variant: Variant, tokens: int, kv: KvShape | None, measured: MemoryRecord | None) -> Sum:
    weights = variant.size_bytes or 0
    label = f"KV at {format_count(tokens)}"
    source: FitSource
    spare = 0
    if kv is not None:
        cache_bytes = kv.bytes_per_token(value_bytes_on(variant.device)) * tokens
        known = str(kv) if kv.source == OWN_FILE else f"{kv}, {kv.source}"
        kv_part = FitPart(label, cache_bytes, known)
        source = "genai_config" if kv.source == OWN_FILE else "family"
    else:
        limits: KvBound = bound(weights, variant.device, tokens)
        spare = limits.high_bytes - limits.low_bytes
        least = format_bytes(limits.low_bytes)
        kv_part = FitPart(label, limits.high_bytes, f"at most; {least} at least, shape not known")
        source = "bound"
    if measured is not None:
        at_load = FitPart("at load", measured.resident_bytes, f"measured here {measured.day}")
        answering = (measured.answer_peak_bytes or 0) - measured.resident_bytes
        if answering > kv_part.size_bytes:
            return Sum((at_load, FitPart("answering", answering, "measured here")), "measured", 0)
        return Sum((at_load, kv_part), "measured", spare)
    overhead = FitPart("overhead", _overhead(weights), "estimate")
    return Sum((FitPart("weights", weights, "file size"), kv_part, overhead), source, spare)


def _overhead(weights_bytes: int) -> int:
    if weights_bytes >= SMALL_WEIGHTS_BYTES:
        return OVERHEAD_BYTES
    return round(SMALL_OVERHEAD_BYTES + SMALL_OVERHEAD_FACTOR * weights_bytes)


def _with_reason(fit: Fit, variant: Variant, spare: int, measured: MemoryRecord | None) -> Fit:
    need = fit.need_bytes or 0
    disk, download = fit.disk_free_bytes, fit.download_bytes
    if disk is not None and download is not None and download > disk:
        reason = (
            f"The download takes {format_bytes(download)} of disk, {format_bytes(disk)} are free."
        )
        return replace(fit, verdict="too big", in_total="too big", reason=reason)
    if fit.available_bytes is None:
        reason = f"Needs {format_bytes(need)}; how much memory is free cannot be read."
        return replace(fit, reason=reason)
    where = "memory" if fit.pool == "RAM" else fit.pool
    at_most = "at most " if spare and fit.source == "bound" else ""
    text = (
        f"Needs {at_most}{format_bytes(need)} of {format_bytes(fit.available_bytes)} free {where}"
    )
    if measured is not None:
        text += f" (its load was measured here on {measured.day})"
    if fit.verdict == "tight" and need > fit.available_bytes:
        text += f"; with a small KV cache {format_bytes(need - spare)} would do"
    if fit.verdict == "too big" and fit.in_total in ("fits", "tight"):
        total = format_bytes(fit.total_bytes)
        text += f"; closing other programs may help, the machine has {total}"
    if variant.device in (Device.GPU, Device.NPU) and fit.pool == "RAM":
        text += f"; memory of the {variant.device} is not read, this counts RAM"
    return replace(fit, reason=f"{text}.")


def _step(size_bytes: int | None, kept_bytes: int | None) -> int | None:
    if size_bytes is None:
        return None
    slack = COARSE_BYTES // 2
    if kept_bytes is not None and -slack <= size_bytes - kept_bytes < COARSE_BYTES + slack:
        return kept_bytes
    return size_bytes // COARSE_BYTES * COARSE_BYTES
