"""https: a certificate that is trusted, and one that is not."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.scripted_server import SMALL, serving
from tui.foundry.endpoint.backend import EndpointBackend
from tui.foundry.errors import BackendUnavailable
from tui.foundry.types import ChatFinished, ChatMessage, ChatRequest

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def certificate() -> ssl.SSLContext:
    """A server's side of a made-up certificate for loopback, valid for a hundred years."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(DATA / "loopback.pem")
    return context


async def test_a_certificate_that_this_machine_trusts(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(DATA / "loopback_cert.pem"))
    async with serving(secure=certificate) as server:
        assert server.url.startswith("https://")
        backend = EndpointBackend(f"{server.url}/v1", None, "for a test")
        await backend.start()
        assert {model.alias for model in await backend.models()} >= {SMALL}
        request = ChatRequest(SMALL, (ChatMessage("user", "Hello"),))
        events = [event async for event in backend.chat(request)]
        await backend.close()
    assert isinstance(events[-1], ChatFinished)


async def test_a_certificate_that_nobody_trusts(certificate: ssl.SSLContext) -> None:
    async with serving(secure=certificate) as server:
        backend = EndpointBackend(server.url, None, "for a test")
        with pytest.raises(BackendUnavailable, match="No secure connection") as caught:
            await backend.models()
        assert "SSL_CERT_FILE" in caught.value.hint
        await backend.close()


async def test_certificates_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    backend = EndpointBackend("https://127.0.0.1:1", None, "for a test")
    with pytest.raises(BackendUnavailable, match="SSL_CERT_FILE"):
        await backend.models()
    await backend.close()
