"""The gallery bridge: a catalog on loopback that is there at once, with or without a network.

The runtime knows only this catalog. Asked for Microsoft's own it would try four times before it
gives up, and list nothing for more than four seconds; and models outside of a catalog it does not
list at all. The bridge answers with the local models and with what the public catalog said last,
and asks the public catalog in the background.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tui.foundry.runtime.upstream import (
    CLUSTER_HEADER,
    CatalogAnswer,
    CatalogStore,
    entity_id,
    fetch,
)

PATH = "/asset-gallery/v1.0/models"
QUESTION_LIMIT_BYTES = 1024 * 1024
POLL_S = 1.0
"""How often the server looks whether it shall stop; `close` may take that long."""

Log = Callable[[str], None]


class GalleryBridge:
    """Serves the catalog on a free loopback port; use `start` and `close`.

    Args:
        store: Last answers on disk.
        url: Address of the public catalog; None never asks it.
        wait_s: How long all questions together may wait for a first answer.
        local: Returns the entities of the local models.
        on_news: Called from a thread with the ids that the public catalog has sent, whenever
            the runtime may have been told others.
        log: Takes a line for the log.
        kept: Returns the entities of what is on disk by their ids: the public catalog lists the
            newest versions alone, and the runtime lists nothing that no catalog knows.
    """

    def __init__(
        self,
        store: CatalogStore,
        url: str | None,
        wait_s: float,
        local: Callable[[], list[dict[str, Any]]],
        on_news: Callable[[list[str]], None],
        log: Log,
        kept: Callable[[], Mapping[str, dict[str, Any]]] = dict,
    ) -> None:
        self._store = store
        self._url = url
        self._patience_s = 0.0 if store.failed_lately() else wait_s
        self._local = local
        self._on_news = on_news
        self._log = log
        self._kept = kept
        self._lock = threading.Lock()
        self._asked: dict[bytes, dict[str, str]] = {}
        self._known: dict[str, dict[str, Any]] = {}
        self._cluster = ""
        self._server: ThreadingHTTPServer | None = None
        self.reached: bool | None = None
        """Whether the public catalog answered this time; None while that is open."""

    def start(self) -> str:
        """Listen; returns the catalog's URL."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        serve = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="bridge", daemon=True
        )
        serve.start()
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def close(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def entity(self, variant_id: str) -> dict[str, Any]:
        """Return what the public catalog says about an id; empty where it is not known."""
        with self._lock:
            return self._known.get(variant_id, {})

    def answer(self, body: bytes, headers: dict[str, str]) -> CatalogAnswer:
        """Return the answer to one question of the runtime; never raises, never waits for long."""
        names, devices = _read_question(body)
        local, kept = self._local(), self._kept()
        if names:
            known = {entity_id(e): e for e in (*kept.values(), *self._all_known())}
            wanted = tuple(e for e in (*local, *known.values()) if _name(e) in names)
            if {_name(e) for e in wanted} >= names:
                return CatalogAnswer(wanted, self._cluster)
            public = self._public(body, headers)
            return CatalogAnswer((*wanted, *public.entities), public.cluster)
        public = self._public(body, headers)
        listed = {entity_id(entity) for entity in public.entities}
        old = [e for name, e in kept.items() if name not in listed and _device(e) in devices]
        own = local if "cpu" in devices else []
        return CatalogAnswer((*own, *public.entities, *old), public.cluster)

    def refresh(self, limit_s: float) -> list[str]:
        """Ask the public catalog all questions again; returns the ids that it has sent so far.

        `reached` tells whether it answered. Without news: the caller lists anew anyway.
        """
        with self._lock:
            questions = list(self._asked.items())
        if self._url is not None:
            done = [self._fetch_beside(body, headers, tell=False) for body, headers in questions]
            deadline = time.monotonic() + limit_s
            for event in done:
                event.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            return list(self._known)

    def _public(self, body: bytes, headers: dict[str, str]) -> CatalogAnswer:
        """Return the stored answer at once; wait for the first one only."""
        with self._lock:
            first_time = body not in self._asked
            self._asked[body] = headers
        stored = self._store.load(body)
        if stored is not None:
            self._learn(stored)
        if self._url is None:
            return stored or CatalogAnswer()
        if stored is not None:
            if first_time:
                self._fetch_beside(body, headers, stored)
            return stored
        started = time.monotonic()
        done = self._fetch_beside(body, headers)
        in_time = done.wait(self._patience_s)
        self._patience_s = max(0.0, self._patience_s - (time.monotonic() - started))
        if not in_time:
            # At once: a command may be over long before the attempt has failed.
            self._store.note_reached(False)
        return self._store.load(body) or CatalogAnswer()

    def _fetch_beside(
        self,
        body: bytes,
        headers: dict[str, str],
        before: CatalogAnswer | None = None,
        *,
        tell: bool = True,
    ) -> threading.Event:
        """Fetch in a thread; the event is set when that has ended, well or not.

        Args:
            body: The question.
            headers: Those of the runtime's request.
            before: What the runtime was told instead.
            tell: Call `on_news` when the answer is another one.
        """
        done = threading.Event()

        def work() -> None:
            try:
                answer = fetch(str(self._url), body, headers)
            except (OSError, ValueError) as error:
                self._log(f"public catalog: {error}")
                self.reached = False
                self._store.note_reached(False)
                done.set()
                return
            self.reached = True
            self._store.note_reached(True)
            if answer.entities:
                self._store.save(body, answer)
            self._learn(answer)
            # First: who hears the news may wait for the answer that waits for this.
            done.set()
            if tell and (before is None or answer.entities != before.entities):
                self._on_news([name for e in answer.entities if (name := entity_id(e))])

        threading.Thread(target=work, name="catalog", daemon=True).start()
        return done

    def _learn(self, answer: CatalogAnswer) -> None:
        with self._lock:
            self._cluster = answer.cluster or self._cluster
            named = {entity_id(entity): entity for entity in answer.entities}
            named.pop("", None)
            self._known.update(named)

    def _all_known(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._known.values())


def _handler(bridge: GalleryBridge) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Header and body in one packet: in two, each answer takes 44 ms (Nagle, delayed ACK).
        wbufsize = -1
        disable_nagle_algorithm = True
        timeout = 30.0

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != PATH or not length.isdecimal() or int(length) > QUESTION_LIMIT_BYTES:
                self.close_connection = True
                self.send_error(404)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = bridge.answer(self.rfile.read(int(length)), headers)
            body = {"value": answer.entities, "totalCount": len(answer.entities)}
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if answer.cluster:
                self.send_header(CLUSTER_HEADER, answer.cluster)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Keep quiet; only the runtime asks."""

    return Handler


def _read_question(body: bytes) -> tuple[set[str], set[str]]:
    """Return the names that are looked up, or the devices whose models are listed."""
    try:
        filters = json.loads(body)["filters"]
        by_field = {row["field"]: row["values"] for row in filters}
        names = {str(name) for name in by_field.get("name", ())}
        devices = {
            str(device).lower()
            for field, values in by_field.items()
            if field.endswith("/device")
            for device in values
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return set(), set()
    return names, devices


def _device(entity: dict[str, Any]) -> str:
    """Return what a catalog entity is built for, in small letters; '' where it does not say."""
    found: Any = entity
    for key in ("properties", "variantInfo", "variantMetadata", "device"):
        found = found.get(key) if isinstance(found, dict) else None
    return str(found or "").lower()


def _name(entity: dict[str, Any]) -> str:
    return entity_id(entity).rpartition(":")[0]
