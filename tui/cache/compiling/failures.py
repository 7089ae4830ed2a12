"""Says in one sentence why the builder failed, and what to do; never with a token in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.cache.compiling.recipe import CompileFailed

TOKEN_HINT = (
    "Ask for access on the model's page on Hugging Face, then set HF_TOKEN in the environment "
    "(or: hf auth login) and try again."
)
_NETWORK_HINT = (
    "Check the connection or the proxy (HTTPS_PROXY). Without a network: bring the checkpoint "
    "here as a directory, and name that."
)
GATED, NOT_FOUND, NO_NETWORK = "gated", "not found", "no network"
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"GatedRepoError|gated repo|is restricted|awaiting a review",
        "'{model}' is gated: its owner lets in whom they choose.",
        TOKEN_HINT,
    ),
    (
        r"LocalTokenNotFoundError|Token is required",
        "Hugging Face wants a token for '{model}', and there is none.",
        TOKEN_HINT,
    ),
    (
        r"RepositoryNotFoundError|is not a valid model identifier|RevisionNotFoundError",
        "There is no model '{model}' on Hugging Face, or it is private.",
        "Check the id, OWNER/NAME; for a private one set HF_TOKEN in the environment.",
    ),
    (
        r"We couldn't connect to|LocalEntryNotFoundError|ConnectionError|ConnectError|"
        r"OfflineModeIsEnabled|Name or service not known|Temporary failure in name resolution|"
        r"ConnectTimeout|ReadTimeout|NetworkError|ProxyError",
        "Hugging Face cannot be reached for '{model}'.",
        _NETWORK_HINT,
    ),
    (
        r"No space left on device|ENOSPC|not enough space on the disk|Disk quota exceeded",
        "The disk is full.",
        "Free some space, or take another directory: --output DIR.",
    ),
    (
        r"CUDA out of memory|OutOfMemoryError",
        "There is not enough memory on the GPU.",
        "Close what uses it, or take a smaller model.",
    ),
    (
        r"MemoryError|bad_alloc|can't allocate memory|DefaultCPUAllocator|Cannot allocate memory",
        "There is not enough memory.",
        "Unload models, close programs, or take a smaller model.",
    ),
    (
        r"model is not currently supported|NotImplementedError: The .* model",
        "The builder does not know models of this architecture.",
        "A newer one may: pip install --upgrade onnxruntime-genai",
    ),
    (
        r"trust_remote_code|custom code",
        "This model brings program code of its own, which was not run.",
        "If you trust its owner: --extra hf_remote=true",
    ),
    (
        r"No module named '?([\w.]+)",
        "The interpreter lacks the package {found}.",
        "Install it there: PYTHON -m pip install PACKAGE",
    ),
    (
        r"SafetensorError|HeaderTooLarge|Error while deserializing|InvalidHeader",
        "The weights are damaged.",
        "Copy or download them again.",
    ),
)
_UNKNOWN_HINT = "Its log says more: L on the screen, or {log}"


def explain(
    lines: Sequence[str], exit_code: int | None, model: str, log: str = ""
) -> CompileFailed:
    """Return the error that fits to what was printed.

    Args:
        lines: The last ones, without secrets; the newest at the end.
        exit_code: Negative for a signal; None where there is none.
        model: What was compiled, as it was named.
        log: File with all lines.
    """
    text = "\n".join(lines)
    for pattern, message, hint in _KNOWN:
        if found := re.search(pattern, text):
            word = found[1] if found.re.groups else ""
            return CompileFailed(message.format(model=model, found=word), hint)
    if exit_code is not None and exit_code in (-9, 137):
        return CompileFailed(
            "The builder was killed, mostly because memory ran out.",
            "Unload models, close programs, or take a smaller model.",
        )
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    ended = f"ended with code {exit_code}" if exit_code is not None else "failed"
    said = f": {last[:300]}" if last else " and said nothing."
    return CompileFailed(f"The builder {ended}{said}", _UNKNOWN_HINT.format(log=log))
