"""Says whether a variant fits into this machine's memory now, and what the sum is made of.

need = weights + KV cache at the chosen context + overhead

* Weights: the size on disk. The runtime maps or copies the whole file; for ONNX this is closer
  than parameters times bits, since embeddings often stay wider than the rest.
* KV cache, shape known (genai_config.json of a model on disk):
  2 (keys and values) x layers x KV heads x head size x context x bytes a value.
* KV cache, shape unknown: 0.000008 GiB a billion parameters and token, the estimate of llmfit for
  two-byte values; parameters = weights / 0.58 bytes, its figure for a 4-bit build. Models with
  one KV head for each attention head need several times as much.
* Bytes a value: 4 on the CPU, 2 elsewhere. The model builder of ONNX Runtime GenAI keeps inputs
  and outputs of int4 and int8 CPU models, the cache among them, in float32 (default_io_dtype).
* Overhead (activations, arenas, tokenizer): 0.5 GB as llmfit takes it. Below 100 MB of weights
  that would be absurd: the runtime's process is there already, and loading models of 1 to 6 MB was
  measured to take 10 to 35 MB; so there 10 MB + 4.9 x weights, which meets 0.5 GB at 100 MB.

A growth that was measured here, in this session or an earlier one, replaces weights and overhead.
GPU and NPU memory is not read; variants for these are counted against RAM, and the reason says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tui.formats import format_bytes, format_count
from tui.foundry.on_disk.model_folder import read_json
from tui.foundry.types import CacheInfo, Device, Model, Variant
from tui.system.memory_records import MemoryRecord

Verdict = Literal["fits", "tight", "too big", "unknown"]
FitSource = Literal["loaded", "measured", "genai_config", "estimate", ""]

DEFAULT_CONTEXT_TOKENS = 4096
TIGHT_SHARE = 0.8
OVERHEAD_BYTES = 500_000_000
SMALL_WEIGHTS_BYTES = 100_000_000
SMALL_OVERHEAD_BYTES = 10_000_000
SMALL_OVERHEAD_FACTOR = (OVERHEAD_BYTES - SMALL_OVERHEAD_BYTES) / SMALL_WEIGHTS_BYTES
WEIGHT_BYTES_PER_PARAMETER = 0.58
KV_BYTES_PER_TOKEN_AND_PARAMETER = 0.000008 * 2**30 / 1e9
COARSE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class MemoryState:
    """Room on this machine; None where it is not known."""

    total_bytes: int | None = None
    available_bytes: int | None = None
    disk_free_bytes: int | None = None
    """Where the model cache is."""

    def coarse(self) -> MemoryState:
        """Return it in steps of 100 MB, so that rows do not differ from second to second."""
        return replace(
            self,
            available_bytes=_step(self.available_bytes),
            disk_free_bytes=_step(self.disk_free_bytes),
        )


@dataclass(frozen=True, slots=True)
class KvShape:
    """What sets the size of a model's KV cache."""

    layers: int
    kv_heads: int
    head_size: int

    def bytes_per_token(self, value_bytes: int) -> int:
        """Return the cache's growth with each token of context."""
        return 2 * self.layers * self.kv_heads * self.head_size * value_bytes


class FitPart(NamedTuple):
    """One summand."""

    label: str
    size_bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Fit:
    """The verdict and how it came about."""

    verdict: Verdict
    need_bytes: int | None
    """Memory needed beyond what is in use now; 0 for a loaded variant."""
    available_bytes: int | None
    parts: tuple[FitPart, ...]
    source: FitSource
    """Where the least certain big part of the sum comes from."""
    reason: str
    """A sentence with the numbers."""


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
        model: Its model, for the longest context.
        memory: Room on this machine.
        context_tokens: Context to plan for; cut to what the model can take.
        kv: Shape of the KV cache where known, see `kv_shapes`.
        measured: What an earlier load of this variant took on this machine.

    Returns:
        'fits' up to 80 % of the available memory, 'tight' up to all of it, 'too big' beyond it or
        where the disk has no room for the download, 'unknown' where a size is missing.
    """
    available = memory.available_bytes
    if variant.loaded:
        return Fit("fits", 0, available, (), "loaded", "Loaded already: it needs no more memory.")
    weights, disk = variant.size_bytes, memory.disk_free_bytes
    if weights is None and measured is None:
        return Fit("unknown", None, available, (), "", "The size of this variant is not known.")
    tokens = min(context_tokens, model.context_tokens or context_tokens)
    parts, source = _parts(variant, tokens, kv, measured)
    need = sum(part.size_bytes for part in parts)
    if not variant.cached and weights is not None and disk is not None and weights > disk:
        reason = (
            f"The download takes {format_bytes(weights)} of disk, {format_bytes(disk)} are free."
        )
        return Fit("too big", need, available, parts, source, reason)
    if available is None:
        reason = f"Needs {format_bytes(need)}; how much memory is free cannot be read."
        return Fit("unknown", need, None, parts, source, reason)
    verdict: Verdict = "fits"
    if need > available:
        verdict = "too big"
    elif need > TIGHT_SHARE * available:
        verdict = "tight"
    reason = _reason(variant, need, memory, verdict, measured)
    return Fit(verdict, need, available, parts, source, reason)


def kv_shapes(cache: CacheInfo) -> dict[str, KvShape]:
    """Return the KV shapes of the models on disk, by variant id. Reads files; not for the loop."""
    shapes: dict[str, KvShape] = {}
    for entry in cache.entries:
        if entry.variant_id and entry.state == "complete":
            shape = read_kv_shape(entry.path)
            if shape is not None:
                shapes[entry.variant_id] = shape
    return shapes


def read_kv_shape(folder: Path) -> KvShape | None:
    """Return the KV shape that a model directory tells; None where it tells none.

    genai_config.json is looked for in the directory itself and up to two levels below, as the
    cache keeps `<name>-<version>/v<version>/`.
    """
    for pattern in ("genai_config.json", "*/genai_config.json", "*/*/genai_config.json"):
        try:
            files = sorted(folder.glob(pattern))
        except OSError:
            return None
        if files:
            return _shape(read_json(files[0]))
    return None


def _shape(config: Mapping[str, Any] | None) -> KvShape | None:
    model = config.get("model") if config else None
    decoder = model.get("decoder") if isinstance(model, dict) else None
    if not isinstance(decoder, dict):
        return None
    layers = _count(decoder.get("num_hidden_layers"))
    heads = _count(decoder.get("num_key_value_heads", decoder.get("num_attention_heads")))
    head_size = _count(decoder.get("head_size"))
    if layers is None or heads is None or head_size is None:
        return None
    return KvShape(layers, heads, head_size)


def _count(value: object) -> int | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000
    return value if fine and isinstance(value, int) else None


def _parts(
    variant: Variant, tokens: int, kv: KvShape | None, measured: MemoryRecord | None
) -> tuple[tuple[FitPart, ...], FitSource]:
    weights = variant.size_bytes or 0
    label = f"KV at {format_count(tokens)}"
    value_bytes = 4 if variant.device is Device.CPU else 2
    source: FitSource
    if kv is not None:
        cache_bytes = kv.bytes_per_token(value_bytes) * tokens
        shape = f"{kv.layers} layers, {kv.kv_heads} x {kv.head_size}"
        kv_part, source = FitPart(label, cache_bytes, shape), "genai_config"
    else:
        parameters = weights / WEIGHT_BYTES_PER_PARAMETER
        per_token = KV_BYTES_PER_TOKEN_AND_PARAMETER * parameters * value_bytes / 2
        kv_part, source = FitPart(label, round(per_token * tokens), "estimate"), "estimate"
    if measured is not None:
        at_load = FitPart("at load", measured.resident_bytes, f"measured here {measured.day}")
        return (at_load, kv_part), "measured"
    overhead = FitPart("overhead", _overhead(weights), "estimate")
    return (FitPart("weights", weights, "file size"), kv_part, overhead), source


def _overhead(weights_bytes: int) -> int:
    if weights_bytes >= SMALL_WEIGHTS_BYTES:
        return OVERHEAD_BYTES
    return round(SMALL_OVERHEAD_BYTES + SMALL_OVERHEAD_FACTOR * weights_bytes)


def _reason(
    variant: Variant,
    need: int,
    memory: MemoryState,
    verdict: Verdict,
    measured: MemoryRecord | None,
) -> str:
    free = format_bytes(memory.available_bytes)
    known = "" if measured is None else f" (its load was measured here on {measured.day})"
    text = f"Needs {format_bytes(need)} of {free} free memory{known}"
    if verdict == "too big":
        total = memory.total_bytes
        if total is not None and need <= TIGHT_SHARE * total:
            text += f"; closing other programs may help, the machine has {format_bytes(total)}"
    if variant.device in (Device.GPU, Device.NPU):
        text += f"; memory of the {variant.device} is not read, this counts RAM"
    return f"{text}."


def _step(size_bytes: int | None) -> int | None:
    return None if size_bytes is None else size_bytes // COARSE_BYTES * COARSE_BYTES
