"""On what a variant runs: what it asks for, what this machine has, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.formats import format_bytes
from tui.foundry.ids import provider_of
from tui.foundry.types import Device, Variant

_SUFFIX = "executionprovider"
_SHORT = {
    "nvtensorrtrtx": "TRT-RTX", "cuda": "CUDA", "webgpu": "WebGPU", "openvino": "OpenVINO",
    "qnn": "QNN", "vitisai": "VitisAI", "migraphx": "MIGraphX", "dml": "DirectML", "cpu": "CPU",
    "ryzenailight": "RyzenAI",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeviceTruth:
    """What is known about where a variant runs."""

    asks: str
    """Execution provider that it was built for, in short; '' where nothing tells."""
    registered: bool | None
    """Whether this machine has it; None where the backend does not tell."""
    runs_on: str
    """For a loaded variant, where it runs, as half a sentence; '' for others."""
    warning: str = ""
    """What a person must not overlook, as a sentence."""


def device_truth(
    variant: Variant, providers: Sequence[str], gpu_bytes: int | None = None
) -> DeviceTruth:
    """Say where a variant runs.

    No backend tells which provider a loaded model ended up on. It can be concluded where there is
    no other: for a build for the CPU, and where the provider that was asked for is not there. For
    the GPU its driver can tell whether the runtime holds any of its memory.

    Args:
        variant: The variant.
        providers: Execution providers that are registered here; none where that is not told.
        gpu_bytes: What the runtime holds of the GPU's memory; None where no driver tells.
    """
    truth = _by_providers(variant, providers)
    if not variant.loaded or variant.device is not Device.GPU or gpu_bytes is None:
        return truth
    if gpu_bytes:
        held = f"the GPU, of which the runtime holds {format_bytes(gpu_bytes)}"
        return replace(truth, runs_on=held, warning="")
    if truth.warning:
        return truth
    # In a container the driver may count processes by other numbers than ours.
    warning = "MAY HAVE FALLEN BACK TO THE CPU: the GPU's driver sees nothing of the runtime."
    return replace(truth, runs_on="not told; the GPU's driver sees nothing of it", warning=warning)


def _by_providers(variant: Variant, providers: Sequence[str]) -> DeviceTruth:
    asked = variant.execution_provider or provider_of(variant.id)
    if not asked and variant.device is Device.CPU:
        asked = "CPUExecutionProvider"
    name = short_name(asked)
    if not asked:
        return DeviceTruth("", None, "not told by the backend" if variant.loaded else "")
    if _key(asked) == "cpu":
        return DeviceTruth(name, True, "the CPU, as it asks" if variant.loaded else "")
    if not providers:
        runs_on = "not told by the backend" if variant.loaded else ""
        return DeviceTruth(name, None, runs_on)
    if _key(asked) in {_key(one) for one in providers}:
        runs_on = f"{name} is registered; not told whether it is used" if variant.loaded else ""
        return DeviceTruth(name, True, runs_on)
    has = ", ".join(short_name(one) for one in providers)
    if variant.loaded:
        warning = f"FELL BACK TO THE CPU: {name} was asked for; this machine has {has}."
        return DeviceTruth(name, False, f"the CPU, since {name} is not here", warning)
    warning = f"Asks for {name}, which is not registered here (there is {has})."
    return DeviceTruth(name, False, "", warning)


def short_name(provider: str) -> str:
    """Return the word that people use for an execution provider: `CUDA`, `TRT-RTX`."""
    key = _key(provider)
    return _SHORT.get(key, provider[: len(key)])


def _key(provider: str) -> str:
    return provider.casefold().removesuffix(_SUFFIX)
