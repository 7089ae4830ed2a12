"""Where a variant runs: what it asks for, what there is, what can be concluded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.catalog.providers import device_truth, short_name
from tui.foundry.types import Device, Variant

CPU_EP, CUDA_EP = "CPUExecutionProvider", "CUDAExecutionProvider"
CUDA = Variant("otter-cuda-gpu:1", "otter", Device.GPU, CUDA_EP)
CPU = Variant("otter-generic-cpu:1", "otter", Device.CPU, CPU_EP)


def test_a_loaded_model_whose_provider_is_not_here_fell_back_and_says_so_loudly() -> None:
    truth = device_truth(replace(CUDA, loaded=True), (CPU_EP, "WebGpuExecutionProvider"))
    assert truth.registered is False
    assert truth.warning == (
        "FELL BACK TO THE CPU: CUDA was asked for; this machine has CPU, WebGPU."
    )
    assert truth.runs_on == "the CPU, since CUDA is not here"


def test_before_the_load_it_is_a_warning() -> None:
    truth = device_truth(CUDA, (CPU_EP,))
    assert truth.warning == "Asks for CUDA, which is not registered here (there is CPU)."
    assert truth.runs_on == ""


@pytest.mark.parametrize("providers", [(), (CPU_EP, CUDA_EP)])
def test_what_no_backend_tells_is_not_claimed(providers: tuple[str, ...]) -> None:
    truth = device_truth(replace(CUDA, loaded=True), providers)
    assert "not told" in truth.runs_on
    assert truth.warning == ""
    assert truth.registered is (True if providers else None)


def test_a_build_for_the_cpu_can_run_nowhere_else() -> None:
    truth = device_truth(replace(CPU, loaded=True), ())
    assert (truth.asks, truth.registered, truth.runs_on) == ("CPU", True, "the CPU, as it asks")
    assert device_truth(replace(CPU, execution_provider="", id="x"), ()).asks == "CPU"


def test_what_asks_for_nothing_known() -> None:
    served = Variant("gpt", "gpt", loaded=True)
    truth = device_truth(served, (CPU_EP,))
    assert (truth.asks, truth.registered, truth.runs_on) == ("", None, "not told by the backend")


@pytest.mark.parametrize(
    ("provider", "short"),
    [("NvTensorRTRTXExecutionProvider", "TRT-RTX"), ("QNNExecutionProvider", "QNN"),
     ("SpecialExecutionProvider", "Special"), ("odd", "odd"), ("", "")],
)  # fmt: skip
def test_short_names(provider: str, short: str) -> None:
    assert short_name(provider) == short


def test_the_gpu_s_driver_tells_whether_the_runtime_is_there() -> None:
    loaded = replace(CUDA, loaded=True)
    there = device_truth(loaded, (CPU_EP, CUDA_EP), 2_000_000_000)
    assert there.runs_on == "the GPU, of which the runtime holds 2.0 GB"
    assert there.warning == ""
    gone = device_truth(loaded, (CPU_EP, CUDA_EP), 0)
    assert gone.warning.startswith("MAY HAVE FALLEN BACK TO THE CPU")
    assert device_truth(loaded, (CPU_EP,), 0).warning.startswith("FELL BACK TO THE CPU")
    assert device_truth(replace(CPU, loaded=True), (CPU_EP,), 0).warning == ""
    assert device_truth(CUDA, (CUDA_EP,), 0).warning == ""
