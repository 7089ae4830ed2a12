"""The catalog on loopback: there at once, whatever the public one does."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tui.foundry.runtime import bridge as bridge_module
from tui.foundry.runtime.bridge import GalleryBridge
from tui.foundry.runtime.upstream import CatalogAnswer, CatalogStore


@pytest.fixture(autouse=True)
def quick_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "POLL_S", 0.01)


DEVICE = "properties/variantInfo/variantMetadata/device"


def entity(name: str) -> dict[str, Any]:
    return {"properties": {"name": name, "version": 1}}


LOCAL = entity("mine")


class Upstream:
    """The public catalog; its rows may change, it may be down."""

    def __init__(self) -> None:
        self.rows = [entity("phi")]
        self.content: bytes | None = None
        self.pages = 1
        self.headers: list[dict[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                upstream.headers.append({k.lower(): v for k, v in self.headers.items()})
                upstream.gate.wait(10)
                page = int(question.get("continuationToken", "0"))
                answer: dict[str, Any] = {"value": upstream.rows if page == 0 else []}
                if upstream.pages > 1:
                    answer["value"] = [entity(f"page{page}")]
                    if page + 1 < upstream.pages:
                        answer["continuationToken"] = str(page + 1)
                content = upstream.content or json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("azureml-served-by-cluster", "vienna-westeurope-02")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/asset-gallery/v1.0/models"

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


class Runtime:
    """Asks a bridge as the runtime does."""

    def __init__(self, folder: Path, url: str | None, wait_s: float = 5.0) -> None:
        self.news: queue.Queue[list[str]] = queue.Queue()
        self.logged: list[str] = []
        self.bridge = GalleryBridge(
            CatalogStore(folder), url, wait_s, lambda: [LOCAL], self.news.put, self.logged.append
        )
        self.cluster: str | None = None
        self._url = self.bridge.start()

    def ask(self, field: str = DEVICE, *values: str) -> list[str]:
        question = {"filters": [{"field": field, "operator": "eq", "values": values or ["cpu"]}]}
        request = urllib.request.Request(
            self._url, json.dumps(question).encode(), {"User-Agent": "AzureAiStudio"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            self.cluster = response.headers["azureml-served-by-cluster"]
            return [row["properties"]["name"] for row in json.load(response)["value"]]


def test_local_and_public_models_are_listed_together(tmp_path: Path, upstream: Upstream) -> None:
    runtime = Runtime(tmp_path, upstream.url)
    assert runtime.ask() == ["mine", "phi"]
    assert runtime.cluster == "vienna-westeurope-02"
    assert upstream.headers[0]["user-agent"] == "AzureAiStudio"
    assert runtime.ask(DEVICE, "gpu") == ["phi"]
    runtime.bridge.close()


def test_all_pages_are_gathered(tmp_path: Path, upstream: Upstream) -> None:
    upstream.pages = 3
    runtime = Runtime(tmp_path, upstream.url)
    assert runtime.ask() == ["mine", "page0", "page1", "page2"]
    runtime.bridge.close()


def test_the_stored_answer_comes_first_and_news_later(tmp_path: Path, upstream: Upstream) -> None:
    first = Runtime(tmp_path, upstream.url)
    first.ask()
    first.bridge.close()
    upstream.rows.append(entity("qwen"))
    upstream.gate.clear()
    second = Runtime(tmp_path, upstream.url)
    assert second.ask() == ["mine", "phi"]
    assert second.cluster == "vienna-westeurope-02"
    upstream.gate.set()
    assert second.news.get(timeout=10) == ["phi:1", "qwen:1"]
    assert second.ask("name", "qwen") == ["qwen"]
    second.bridge.close()


def test_an_unchanged_catalog_is_no_news(tmp_path: Path, upstream: Upstream) -> None:
    first = Runtime(tmp_path, upstream.url)
    first.ask()
    first.bridge.close()
    second = Runtime(tmp_path, upstream.url)
    second.ask()
    assert second.bridge.refresh(10) == ["phi:1"]
    assert second.bridge.reached
    assert second.news.empty()
    second.bridge.close()


def test_a_catalog_that_never_answers_costs_little_and_only_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        runtime = Runtime(tmp_path, url, wait_s=0.3)
        started = time.monotonic()
        assert runtime.ask() == ["mine"]
        assert runtime.ask(DEVICE, "gpu") == []
        assert time.monotonic() - started < 2
        runtime.bridge.close()
        started = time.monotonic()
        runtime = Runtime(tmp_path, url, wait_s=30)
        assert runtime.ask() == ["mine"]
        assert time.monotonic() - started < 2
        runtime.bridge.close()


def test_without_a_network_there_are_local_models(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    runtime = Runtime(tmp_path, f"http://127.0.0.1:{port}/x")
    assert runtime.ask() == ["mine"]
    assert runtime.bridge.reached is False
    assert "public catalog" in runtime.logged[0]
    runtime.bridge.close()


def test_offline_asks_nobody(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path / "catalog", None)
    assert runtime.ask() == ["mine"]
    assert runtime.ask("name", "mine") == ["mine"]
    assert runtime.ask("name", "other") == []
    assert not (tmp_path / "catalog").exists()
    runtime.bridge.close()


def test_the_answer_goes_to_who_waits_before_it_becomes_news(
    tmp_path: Path, upstream: Upstream
) -> None:
    # The runtime is busy with its list while the news come: it must not be waited for.
    listing = threading.Lock()

    def take_news(_ids: list[str]) -> None:
        with listing:
            pass

    bridge = GalleryBridge(CatalogStore(tmp_path), upstream.url, 10.0, list, take_news, print)
    listing.acquire()
    started = time.monotonic()
    question = json.dumps({"filters": [{"field": DEVICE, "values": ["cpu"]}]}).encode()
    answer = bridge.answer(question, {})
    listing.release()
    assert time.monotonic() - started < 5
    assert answer.entities == (entity("phi"),)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"value": 3}', b'{"value": [3, null]}'])
def test_an_answer_that_is_none_changes_nothing(
    tmp_path: Path, upstream: Upstream, content: bytes
) -> None:
    upstream.content = content
    runtime = Runtime(tmp_path, upstream.url)
    assert runtime.ask() == ["mine"]
    runtime.bridge.close()


@pytest.mark.parametrize("stored", ["", "{", "[]", '{"entities": 3}', '{"entities": [3]}'])
def test_a_broken_copy_on_disk_is_replaced(tmp_path: Path, upstream: Upstream, stored: str) -> None:
    first = Runtime(tmp_path, upstream.url)
    first.ask()
    first.bridge.close()
    (copy,) = tmp_path.glob("*.json")
    copy.write_text(stored)
    second = Runtime(tmp_path, upstream.url)
    assert second.ask()[0] == "mine"
    second.bridge.refresh(10)
    assert second.ask() == ["mine", "phi"]
    second.bridge.close()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"filters": 3}', b'{"filters": [{}]}'])
def test_a_question_that_is_none_gets_an_empty_answer(tmp_path: Path, body: bytes) -> None:
    bridge = GalleryBridge(CatalogStore(tmp_path), None, 0, lambda: [LOCAL], print, print)
    assert bridge.answer(body, {}).entities == ()


def test_what_is_on_disk_stays_listed_when_the_catalog_goes_on(tmp_path: Path) -> None:
    def built_for(device: str, name: str) -> dict[str, object]:
        variant = {"variantMetadata": {"device": device}}
        return {"properties": {"name": name, "version": 1, "variantInfo": variant}}

    store = CatalogStore(tmp_path)
    cpu, gpu = built_for("CPU", "old-cpu"), built_for("gpu", "old-gpu")
    store.keep([cpu, gpu, {}])
    store.keep([built_for("npu", "old-cpu")])  # what was kept first stays
    assert CatalogStore(tmp_path).kept() == {"old-cpu:1": cpu, "old-gpu:1": gpu}
    bridge = GalleryBridge(store, None, 0, lambda: [LOCAL], print, print, store.kept)

    def listed(field: str, value: str) -> tuple[object, ...]:
        body = json.dumps({"filters": [{"field": field, "values": [value]}]}).encode()
        return bridge.answer(body, {}).entities

    assert listed(DEVICE, "cpu") == (LOCAL, cpu)
    assert listed(DEVICE, "gpu") == (gpu,)
    assert listed("name", "old-gpu") == (gpu,)
    store.save(json.dumps({"filters": [{"field": DEVICE, "values": ["gpu"]}]}).encode(),
               CatalogAnswer((gpu,)))  # fmt: skip
    assert listed(DEVICE, "gpu") == (gpu,)
