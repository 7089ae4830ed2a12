"""Why the builder failed, in words that help."""

from __future__ import annotations

import pytest

from tui.cache.compiling.failures import explain


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("huggingface_hub.errors.GatedRepoError: 403", "'o/n' is gated", "HF_TOKEN"),
        ("LocalTokenNotFoundError: Token is required (`token=True`)", "wants a token", "HF_TOKEN"),
        ("RepositoryNotFoundError: 401 Client Error.", "no model 'o/n'", "OWNER/NAME"),
        ("OSError: We couldn't connect to 'the hub' to load", "cannot be reached", "connection"),
        ("OSError: [Errno 28] No space left on device", "disk is full", "--output"),
        ("RuntimeError: DefaultCPUAllocator: can't allocate memory", "not enough memory", "small"),
        ("torch.OutOfMemoryError: CUDA out of memory.", "memory on the GPU", "smaller"),
        ("NotImplementedError: The o/n model is not currently supported.", "architecture", "newer"),
        ("ValueError: ... Please pass `trust_remote_code=True`", "code of its own", "hf_remote"),
        ("ModuleNotFoundError: No module named 'peft'", "lacks the package peft", "pip install"),
        ("SafetensorError: Error while deserializing header", "damaged", "again"),
    ],
)
def test_what_is_known_is_said_plainly(line: str, said: str, hint: str) -> None:
    error = explain(["Reading layer 0", "Traceback:", line, ""], 1, "o/n")
    assert said in error.message
    assert hint in error.hint
    assert "Traceback" not in error.message


def test_what_is_not_known_is_quoted_with_the_place_of_the_log() -> None:
    error = explain(["a", "ValueError: strange", " "], 1, "o/n", "/logs/compile.log")
    assert error.message == "The builder ended with code 1: ValueError: strange"
    assert "/logs/compile.log" in error.hint
    assert "said nothing" in explain([], 2, "o/n").message


@pytest.mark.parametrize("code", [-9, 137])
def test_a_builder_that_was_killed_mostly_ran_out_of_memory(code: int) -> None:
    assert "memory ran out" in explain(["Reading layer 3"], code, "o/n").message
