"""`connect()`: finds which backend this machine has, and says why it was taken."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tui.foundry import commands
from tui.foundry.backend import Backend
from tui.foundry.errors import BackendUnavailable, FoundryError

if TYPE_CHECKING:
    from tui.foundry.runtime.settings import RuntimeSettings

TargetKind = Literal["auto", "foundry", "runtime", "endpoint"]

PROBE_LIMIT_S = 0.3
PROBE_BYTES = 256 * 1024
KNOWN_PORTS: tuple[tuple[int, str], ...] = (
    (5273, "Foundry Local's service"),
    (11434, "Ollama"),
    (1234, "LM Studio"),
    (8080, "llama.cpp"),
    (8000, "vLLM"),
)
"""Loopback ports where a model server may listen, with who usually does, in order of preference."""

INSTALL_HINT = (
    "Embedded runtime: pip install 'foundry-tui[runtime]'\n"
    "Foundry Local: winget install Microsoft.FoundryLocal (Windows), "
    "brew install microsoft/foundrylocal/foundrylocal (macOS)\n"
    "Any OpenAI-compatible server: foundry-tui --endpoint http://127.0.0.1:8080"
)


@dataclass(frozen=True, slots=True)
class Target:
    """What the user named as the source of models, from flags, config and environment."""

    kind: TargetKind = "auto"
    endpoint_url: str | None = None
    """With `auto`, a named address is taken before anything else."""
    api_key: str | None = field(default=None, repr=False)
    reason: str = ""
    """Where the choice comes from, for the header: `--endpoint`, `FOUNDRY_ENDPOINT` ..."""
    model: str | None = None
    """A model name to offer even if the endpoint does not list it."""
    start_service: bool = True
    """Start the service of the foundry command line where it does not run."""


async def connect(target: Target, runtime_settings: RuntimeSettings | None) -> Backend:
    """Return a started backend; the caller closes it.

    Args:
        target: What the user named.
        runtime_settings: Places for the embedded runtime; None leaves it out.

    Raises:
        BackendUnavailable: What was named does not answer, or nothing was found; the hint says
            what to install.
        RequestFailed: The endpoint refuses the key.
        TimedOut: The endpoint hangs.
    """
    if target.kind == "endpoint" or (target.kind == "auto" and target.endpoint_url):
        return await _endpoint(target)
    if target.kind == "runtime":
        return await _runtime(
            runtime_settings, _named(target, "the embedded runtime was asked for")
        )
    sizes_file = runtime_settings.sizes_file if runtime_settings else None
    found = await commands.find(target.reason if target.kind == "foundry" else "", sizes_file)
    if found.backend is not None:
        try:
            await found.backend.start(launch=target.start_service)
        except BaseException:
            await found.backend.close()
            raise
        return found.backend
    if target.kind == "foundry":
        raise BackendUnavailable(
            f"The foundry command line cannot be used: {found.note or 'it is not on PATH'}.",
            "Leave --backend out, or take --backend runtime or --endpoint URL.",
        )
    return await _first_that_works(runtime_settings, found.note)


async def _first_that_works(settings: RuntimeSettings | None, note: str) -> Backend:
    broken: FoundryError | None = None
    if settings is not None and _runtime_installed():
        why = f"{note}: using the embedded runtime" if note else "the embedded runtime is installed"
        try:
            return await _runtime(settings, why)
        except FoundryError as error:
            broken = error
    known = await probe_known_ports()
    if known is not None:
        from tui.foundry.endpoint.backend import EndpointBackend

        url, name = known
        why = f"a model server answers at {url} (usually {name})"
        backend = EndpointBackend(url, None, f"{note}; {why}" if note else why)
        await backend.start()
        return backend
    if broken is not None:
        raise broken
    raise BackendUnavailable(
        "No source of models was found on this machine" + (f" ({note})." if note else "."),
        INSTALL_HINT,
    )


async def _endpoint(target: Target) -> Backend:
    from tui.foundry.endpoint.backend import EndpointBackend

    if not target.endpoint_url:
        raise BackendUnavailable(
            "The backend 'endpoint' needs an address.",
            "Give --endpoint URL, or set FOUNDRY_ENDPOINT or BASE_URL.",
        )
    reason = _named(target, "an endpoint was named")
    backend = EndpointBackend(target.endpoint_url, target.api_key, reason, target.model)
    try:
        await backend.start()
        await backend.models()
    except BaseException:
        await backend.close()
        raise
    return backend


async def _runtime(settings: RuntimeSettings | None, reason: str) -> Backend:
    if settings is None or not _runtime_installed():
        raise BackendUnavailable(
            "The embedded runtime is not installed.", "pip install 'foundry-tui[runtime]'"
        )
    from tui.foundry.runtime.backend import RuntimeBackend

    backend = RuntimeBackend(settings, reason=reason)
    try:
        await backend.start()
    except BaseException:
        await backend.close()
        raise
    return backend


def _runtime_installed() -> bool:
    from tui.foundry.runtime import installed

    return installed()


def _named(target: Target, otherwise: str) -> str:
    return target.reason or otherwise


async def probe_known_ports(
    ports: tuple[tuple[int, str], ...] = KNOWN_PORTS, limit_s: float = PROBE_LIMIT_S
) -> tuple[str, str] | None:
    """Return address and usual owner of the first known port where a model server answers.

    All ports are asked at once; none of them for longer than `limit_s`.
    """
    answers = await asyncio.gather(*(_serves_models(port, limit_s) for port, _ in ports))
    for (port, name), answers_well in zip(ports, answers, strict=True):
        if answers_well:
            return f"http://127.0.0.1:{port}", name
    return None


async def _serves_models(port: int, limit_s: float) -> bool:
    """Tell whether `/v1/models` gives a JSON object with a `data` list; a status proves nothing.

    A bare socket, since most of these ports are closed and an HTTP client costs more than they do.
    """
    writer: asyncio.StreamWriter | None = None
    body = b""
    try:
        async with asyncio.timeout(limit_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                f"GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n"
                "Accept: application/json\r\n\r\n".encode()
            )
            while len(body) < PROBE_BYTES and (piece := await reader.read(65536)):
                body += piece
                if _is_model_list(body):
                    return True
    except (OSError, TimeoutError):
        return _is_model_list(body)
    finally:
        if writer is not None:
            writer.transport.abort()
    return False


def _is_model_list(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200" not in head[:16]:
        return False
    start, end = body.find(b"{"), body.rfind(b"}")
    try:
        payload = json.loads(body[start : end + 1])
    except ValueError:
        return False
    data = payload.get("data", ()) if isinstance(payload, dict) else ()
    return data is None or isinstance(data, list)
