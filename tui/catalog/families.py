"""Known model families: the shape of their KV cache, their context, whether they reason first.

Taken from the `config.json` that the maker published for the model (num_hidden_layers,
num_key_value_heads, head_dim or hidden_size / num_attention_heads, max_position_embeddings), and
for reasoning from its model card. A build may be limited further; what its own files or the
backend say comes first. Families with sliding windows (gpt-oss) are counted as if every layer kept
the whole context, which the ONNX builds do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tui.catalog.kv_cache import KvShape
from tui.foundry.ids import split_version
from tui.foundry.types import Model, Variant


@dataclass(frozen=True, slots=True)
class Family:
    """What the maker published about a model of one size."""

    pattern: str
    """Matches the beginning of an alias, or of a variant's name without its maker."""
    shape: KvShape
    reasons: bool = False
    """Writes down its reasoning before it answers."""

    @property
    def source(self) -> str:
        """Whose file this is, as it is shown."""
        return self.shape.source


def _family(
    source: str, pattern: str, layers: int, kv_heads: int, head_size: int, context: int,
    *, reasons: bool = False,
) -> Family:  # fmt: skip
    return Family(pattern, KvShape(layers, kv_heads, head_size, context, source), reasons)


_QWEN25 = r"qwen2\.5-(?:coder-|math-)?"
_R1 = r"deepseek-r1-(?:distill-qwen-)?"

FAMILIES: tuple[Family, ...] = (
    _family("Qwen/Qwen2.5-0.5B-Instruct", _QWEN25 + r"0\.5b", 24, 2, 64, 32_768),
    _family("Qwen/Qwen2.5-1.5B-Instruct", _QWEN25 + r"1\.5b", 28, 2, 128, 32_768),
    _family("Qwen/Qwen2.5-3B-Instruct", _QWEN25 + "3b", 36, 2, 128, 32_768),
    _family("Qwen/Qwen2.5-7B-Instruct", _QWEN25 + "7b", 28, 4, 128, 32_768),
    _family("Qwen/Qwen2.5-14B-Instruct", _QWEN25 + "14b", 48, 8, 128, 32_768),
    _family("Qwen/Qwen2.5-32B-Instruct", _QWEN25 + "32b", 64, 8, 128, 32_768),
    _family("Qwen/Qwen3-0.6B", r"qwen3-0\.6b", 28, 8, 128, 40_960, reasons=True),
    _family("Qwen/Qwen3-1.7B", r"qwen3-1\.7b", 28, 8, 128, 40_960, reasons=True),
    _family("Qwen/Qwen3-4B", "qwen3-4b", 36, 8, 128, 40_960, reasons=True),
    _family("Qwen/Qwen3-8B", "qwen3-8b", 36, 8, 128, 40_960, reasons=True),
    _family("Qwen/Qwen3-14B", "qwen3-14b", 40, 8, 128, 40_960, reasons=True),
    _family("microsoft/Phi-3-mini-4k-instruct", "phi-3-mini-4k", 32, 32, 96, 4_096),
    _family("microsoft/Phi-3-mini-128k-instruct", "phi-3-mini-128k", 32, 32, 96, 131_072),
    _family("microsoft/Phi-3.5-mini-instruct", r"phi-3\.5-mini", 32, 32, 96, 131_072),
    _family("microsoft/Phi-3-medium-128k-instruct", "phi-3-medium-128k", 40, 10, 128, 131_072),
    _family("microsoft/Phi-4-mini-reasoning", "phi-4-mini-(?:flash-)?reasoning", 32, 8, 128,
            131_072, reasons=True),
    _family("microsoft/Phi-4-mini-instruct", "phi-4-mini", 32, 8, 128, 131_072),
    _family("microsoft/Phi-4-reasoning", "phi-4-reasoning", 40, 10, 128, 32_768, reasons=True),
    _family("microsoft/phi-4", "phi-4(?!-multi)", 40, 10, 128, 16_384),
    _family("meta-llama/Llama-3.2-1B-Instruct", r"llama-3\.2-1b", 16, 8, 64, 131_072),
    _family("meta-llama/Llama-3.2-3B-Instruct", r"llama-3\.2-3b", 28, 8, 128, 131_072),
    _family("meta-llama/Llama-3.1-8B-Instruct", r"(?:meta-)?llama-3\.1-8b", 32, 8, 128, 131_072),
    _family("mistralai/Mistral-7B-Instruct-v0.2", r"mistral-7b-(?:instruct-)?v0[.-]2", 32, 8, 128,
            32_768),
    _family("mistralai/Mistral-7B-Instruct-v0.3", r"mistral-7b-(?:instruct-)?v0[.-]3", 32, 8, 128,
            32_768),
    _family("mistralai/Mistral-Nemo-Instruct-2407", "mistral-nemo-(?:12b|instruct)", 40, 8, 128,
            131_072),
    _family("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", _R1 + r"1\.5b", 28, 2, 128, 131_072,
            reasons=True),
    _family("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", _R1 + "7b", 28, 4, 128, 131_072,
            reasons=True),
    _family("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", _R1 + "14b", 48, 8, 128, 131_072,
            reasons=True),
    _family("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "deepseek-r1-distill-llama-8b", 32, 8, 128,
            131_072, reasons=True),
    _family("openai/gpt-oss-20b", "gpt-oss-20b", 24, 8, 64, 131_072, reasons=True),
    _family("HuggingFaceTB/SmolLM3-3B", "smollm3-3b", 36, 4, 128, 65_536, reasons=True),
)  # fmt: skip
"""The first that matches counts: a longer name stands before the shorter one it begins with."""

_MAKERS = r"^(?:mistralai-|microsoft-|openai-|meta-|qwen-|deepseek-ai-|huggingfacetb-)?"


def family_of(alias: str, variant_id: str = "") -> Family | None:
    """Return the family of a model, by its alias or else its variant's name; None for no known."""
    return _known(alias.casefold()) or _known(split_version(variant_id)[0].casefold())


def reasons(model: Model, variant: Variant) -> tuple[bool | None, str]:
    """Tell whether a model reasons before it answers, and who says so: the catalog comes first."""
    if model.supports_reasoning is not None:
        return model.supports_reasoning, "catalog"
    family = family_of(model.alias, variant.id)
    return (None, "") if family is None else (family.reasons, f"model card of {family.source}")


@lru_cache(maxsize=16_384)
def _known(name: str) -> Family | None:
    for pattern, family in _compiled():
        if pattern.match(name):
            return family
    return None


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[re.Pattern[str], Family], ...]:
    # A name ends or goes on with a part of its own: `phi-4` is not the beginning of `phi-40b`.
    return tuple(
        (re.compile(rf"{_MAKERS}{family.pattern}(?![a-z0-9.])"), family) for family in FAMILIES
    )
