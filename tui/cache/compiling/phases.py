"""Reads from what the builder prints which phase it is in, and how far.

The words are those of onnxruntime-genai 0.18 with transformers 5; words that are not known change
nothing, so that another version shows fewer phases and works all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PHASES = ("starting", "downloading", "loading", "converting", "quantising", "saving", "tokenizer")
"""In their order. What comes after, checks and import, is ours."""
_SHARES = {
    "starting": (0.0, 0.02),
    "downloading": (0.02, 0.40),
    "loading": (0.40, 0.50),
    "converting": (0.50, 0.65),
    "quantising": (0.65, 0.85),
    "saving": (0.85, 0.97),
    "tokenizer": (0.97, 0.99),
}
"""Part of the whole at which each begins and ends; for a rough bar, not for a promise."""
_BAR = re.compile(r"(\d{1,3})%\|")
_DOWNLOAD = re.compile(
    r"^(Fetching \d+ files|Downloading|[\w./-]+\.(safetensors|bin|json|model))\b"
)
_LOAD = re.compile(r"^Loading (weights|checkpoint)")
_LAYER = re.compile(r"^Reading layer (\d+)")
_QUANTISED = re.compile(r"complete quantization of (?:\S*?layers\.(\d+))?")
_SAVING = re.compile(r"^(Saving \S+ \(|\d+it \[)")
_NOISE = re.compile(r"matmul_nbits_quantizer \[INFO\] - (skip|start) to quantize|have const weight")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the builder is."""

    phase: str = "starting"
    fraction: float = 0.0
    """Of the whole, 0.0 to 1.0."""
    detail: str = ""

    @property
    def message(self) -> str:
        """The phase in words."""
        return f"{self.phase} {self.detail}".strip()


class PhaseReader:
    """Follows the lines of one run.

    Args:
        layers: How many layers the model has; None where that is not known.
    """

    def __init__(self, layers: int | None = None) -> None:
        self._layers = layers
        self.stage = Stage()

    def read(self, text: str) -> bool:
        """Take in one line; tells whether anything changed."""
        before = self.stage
        phase, part, detail = self._place(text)
        if phase and PHASES.index(phase) >= PHASES.index(before.phase):
            start, end = _SHARES[phase]
            fraction = start + (end - start) * min(1.0, part)
            # Each file has a bar of its own: it never goes back.
            self.stage = Stage(phase, max(before.fraction, fraction), detail)
        return self.stage != before

    def _place(self, text: str) -> tuple[str, float, str]:
        bar = _BAR.search(text)
        part = int(bar[1]) / 100 if bar else 0.0
        if _DOWNLOAD.match(text) and bar:
            return "downloading", part, text.partition(":")[0][:40]
        if _LOAD.match(text):
            return "loading", part, ""
        if found := _LAYER.match(text):
            return self._layer("converting", int(found[1]))
        if text.startswith(("Reading embedding", "Reading final", "Reading LM")):
            return "converting", 0.0, ""
        if found := _QUANTISED.search(text):
            return self._layer("quantising", int(found[1])) if found[1] else ("quantising", 0.0, "")
        if text.startswith("Saving ONNX model"):
            return "converting", 1.0, ""
        if text.startswith(("Saving GenAI config", "Saving processing files")):
            return "tokenizer", 0.5, ""
        if _SAVING.match(text):
            return "saving", part, ""
        return "", 0.0, ""

    def _layer(self, phase: str, number: int) -> tuple[str, float, str]:
        if not self._layers:
            return phase, 0.0, f"layer {number + 1}"
        return phase, (number + 1) / self._layers, f"layer {number + 1} of {self._layers}"


def is_noise(text: str) -> bool:
    """Tell whether a line is one of thousands that say nothing to a person."""
    return bool(_NOISE.search(text))
