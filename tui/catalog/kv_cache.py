"""How much memory the keys and values of a context take: a model's shape, or a bound without it.

* Shape known, from genai_config.json of a model on disk or from a family's published config:
  2 (keys and values) x layers x KV heads x head size x context x bytes a value.
* Shape unknown: at most what a model with one KV head for each attention head takes. With the
  usual proportions (12 x layers x width^2 parameters, width = 128 x layers) that is
  2 x width^2 / 128 values a token; 7 billion parameters give 0.55 MB in two bytes, 3.8 billion
  0.37 MB (Phi-3.5-mini: 0.39). Models that share KV heads take a half to an eighth of it, so the
  estimate of llmfit, 0.000008 GiB a billion parameters and token for two-byte values, stands
  beside it as the low end. Parameters = weights / 0.58 bytes, its figure for a 4-bit build.
* Bytes a value: 4 on the CPU, 2 elsewhere. The model builder of ONNX Runtime GenAI keeps inputs
  and outputs of int4 and int8 CPU models, the cache among them, in float32 (default_io_dtype).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tui.foundry.on_disk.model_folder import read_json
from tui.foundry.types import CacheInfo, Device

WEIGHT_BYTES_PER_PARAMETER = 0.58
LOW_BYTES_PER_TOKEN_AND_PARAMETER = 0.000008 * 2**30 / 1e9 / 2
"""For a value of one byte."""
WIDTH_PER_LAYER = 128
OWN_FILE = "genai_config.json"


@dataclass(frozen=True, slots=True)
class KvShape:
    """What sets the size of a model's KV cache."""

    layers: int
    kv_heads: int
    head_size: int
    context_tokens: int | None = None
    """The longest context that the same file names."""
    source: str = OWN_FILE
    """Which file tells: the model's own, or the repository of the family's config.json."""

    def bytes_per_token(self, value_bytes: int) -> int:
        """Return the cache's growth with each token of context."""
        return 2 * self.layers * self.kv_heads * self.head_size * value_bytes

    def __str__(self) -> str:
        return f"{self.layers} layers, {self.kv_heads} x {self.head_size}"


class KvBound(NamedTuple):
    """What a cache of unknown shape takes."""

    low_bytes: int
    high_bytes: int


def value_bytes_on(device: Device) -> int:
    """Return the bytes of one value in the cache."""
    return 4 if device is Device.CPU else 2


def bound(weights_bytes: int, device: Device, tokens: int) -> KvBound:
    """Return between what and what the cache of a model of unknown shape lies."""
    parameters = weights_bytes / WEIGHT_BYTES_PER_PARAMETER
    value_bytes = value_bytes_on(device)
    width = (WIDTH_PER_LAYER * parameters / 12) ** (1 / 3)
    high = 2 * width * width / WIDTH_PER_LAYER * value_bytes
    low = LOW_BYTES_PER_TOKEN_AND_PARAMETER * parameters * value_bytes
    return KvBound(round(min(low, high) * tokens), round(high * tokens))


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
    for pattern in (OWN_FILE, f"*/{OWN_FILE}", f"*/*/{OWN_FILE}"):
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
    if not isinstance(model, dict) or not isinstance(decoder, dict):
        return None
    layers = _count(decoder.get("num_hidden_layers"))
    heads = _count(decoder.get("num_key_value_heads", decoder.get("num_attention_heads")))
    head_size = _count(decoder.get("head_size"))
    if layers is None or heads is None or head_size is None:
        return None
    return KvShape(layers, heads, head_size, _count(model.get("context_length"), 2**31))


def _count(value: object, limit: int = 1_000_000) -> int | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and 0 < value < limit
    return value if fine and isinstance(value, int) else None
