"""Azure on loopback: the public catalog, the model registry, and blob storage.

The catalog and the storage are plain HTTP. The registry has to be HTTPS: the runtime builds its
address from the region, `https://{region}.api.azureml.ms/...`, and a region of
`127.0.0.1:PORT/r?a=` leads it here. The certificate is made for the occasion.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

GALLERY = "/asset-gallery/v1.0/models"


def openssl_is_there() -> bool:
    """Tell whether certificates can be made here."""
    return shutil.which("openssl") is not None


class AzureStandIn:
    """Serves model directories as Azure would; a context manager.

    Args:
        models: Directory of each model by its name (`other-generic-cpu`).
        folder: Where the certificate goes.
    """

    def __init__(self, models: Mapping[str, Path], folder: Path) -> None:
        self.models = dict(models)
        self.questions: list[dict[str, Any]] = []
        """What the catalog was asked."""
        self.ranges: list[tuple[str, str]] = []
        """Blob and `Range` of each piece that was fetched."""
        self.down = False
        """Answer everything with 503."""
        self.page_size = 50
        self.version = 1
        """The newest version of each model; the catalog lists no other."""
        self.claimed_size: int | None = None
        """What the catalog says is the size of each model, if not the true one."""
        self.hold_after: int | None = None
        """After that many bytes of weights the storage waits for `release`."""
        self.release = threading.Event()
        self.held = threading.Event()
        """Set when the storage waits."""
        self._sent = 0
        self._lock = threading.Lock()
        self.certificate = folder / "certificate.pem"
        self._make_certificate(folder)
        self._plain = _Server(("127.0.0.1", 0), _handler(self))
        self._secure = _Server(("127.0.0.1", 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        self._secure.socket = context.wrap_socket(self._secure.socket, server_side=True)

    def __enter__(self) -> AzureStandIn:
        for server in (self._plain, self._secure):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        for server in (self._plain, self._secure):
            server.shutdown()
            server.server_close()

    @property
    def settings(self) -> dict[str, Any]:
        """What `RuntimeSettings` has to hold for a runtime that takes this for Azure."""
        return {
            "offline": False,
            "catalog_url": f"http://127.0.0.1:{self._plain.server_port}{GALLERY}",
            "catalog_region": f"127.0.0.1:{self._secure.server_port}/r?a=",
            "environment": (("SSL_CERT_FILE", str(self.certificate)),),
        }

    # What the servers say

    def entities(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer the catalog's question, page by page."""
        self.questions.append(question)
        fields = {row["field"]: row["values"] for row in question["filters"]}
        names = fields.get("name", list(self.models))
        rows = [self._entity(name) for name in self.models if name in names]
        start = int(question.get("continuationToken", "0"))
        end = start + self.page_size
        more = {"continuationToken": str(end)} if end < len(rows) else {}
        return {"value": rows[start:end], "totalCount": len(rows), **more}

    def registry(self, asset: str) -> dict[str, Any]:
        """Tell where the files of a model are."""
        name = asset.split("/models/")[1].split("/")[0]
        address = f"http://127.0.0.1:{self._plain.server_port}/account/{name}?sv=1&sig=secret"
        return {"blobSasUri": address, "modelEntity": {}}

    def blobs(self, name: str) -> str:
        """List the files of a model as the storage does."""
        rows = "".join(
            f"<Blob><Name>{escape(path.name)}</Name><Properties>"
            f"<Content-Length>{path.stat().st_size}</Content-Length>"
            "<BlobType>BlockBlob</BlobType></Properties></Blob>"
            for path in sorted(self.models[name].iterdir())
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults>'
            f"<Blobs>{rows}</Blobs><NextMarker/></EnumerationResults>"
        )

    def pieces(self, path: Path, start: int, end: int, asked: str) -> Iterator[bytes]:
        """Yield the bytes of a file, and wait where that was asked for."""
        self.ranges.append((path.name, asked))
        with path.open("rb") as file:
            file.seek(start)
            left = end - start
            while left:
                piece = file.read(min(left, 16384))
                with self._lock:
                    self._sent += len(piece) if path.suffix == ".data" else 0
                    hold = self.hold_after is not None and self._sent > self.hold_after
                if hold:
                    self.held.set()
                    self.release.wait(30)
                yield piece
                left -= len(piece)

    def _entity(self, name: str) -> dict[str, Any]:
        asset = f"azureml://registries/azureml/models/{name}/versions/{self.version}"
        size = self.claimed_size or sum(p.stat().st_size for p in self.models[name].iterdir())
        return {
            "assetId": asset,
            "entityId": asset,
            "annotations": {
                "description": f"The model {name}.",
                "tags": {
                    "alias": name.removesuffix("-generic-cpu"),
                    "supportsToolCalling": "true",
                    "supportsReasoning": "true",
                },
                "systemCatalogData": {
                    "publisher": "Contoso",
                    "displayName": name,
                    "inferenceTasks": ["chat-completion"],
                    "textContextWindow": 4096,
                    "license": "MIT",
                    "maxOutputTokens": 2048,
                },
            },
            "properties": {
                "id": self.version,
                "name": name,
                "version": self.version,
                "variantInfo": {
                    "variantMetadata": {
                        "modelType": "ONNX",
                        "device": "cpu",
                        "executionProvider": "CPUExecutionProvider",
                        "fileSizeBytes": size,
                    }
                },
            },
        }

    def _make_certificate(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
                *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=127.0.0.1"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(folder / "key.pem"), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: a cancelled download closes its connections."""


def _handler(azure: AzureStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if azure.down or self.path != GALLERY:
                self._send(503, b"{}")
                return
            self._send(200, json.dumps(azure.entities(json.loads(body))).encode())

        def do_HEAD(self) -> None:
            self._blob(body=False)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if azure.down:
                self._send(503, b"{}")
            elif asset := query.get("assetId") or (
                # The region ends in `?a=`, so that the rest of the address became a query.
                [self.path.split("assetId=")[1]] if "assetId=" in self.path else None
            ):
                self._send(200, json.dumps(azure.registry(unquote(asset[0]))).encode())
            elif query.get("comp") == ["list"]:
                content = azure.blobs(parts.path.rsplit("/", 1)[1]).encode()
                self._send(200, content, "application/xml")
            else:
                self._blob(body=True)

        def _blob(self, *, body: bool) -> None:
            _, _, name, blob = urlsplit(self.path).path.split("/", 3)
            path = azure.models[name] / blob
            size = path.stat().st_size
            asked = self.headers.get("x-ms-range") or self.headers.get("Range") or ""
            start, end = 0, size
            if asked:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, end = int(first), min(size, int(last or size - 1) + 1)
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(end - start))
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", '"0x1"')
            self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
            # The storage client takes these for granted.
            self.send_header("x-ms-creation-time", "Mon, 01 Jan 2024 00:00:00 GMT")
            self.send_header("x-ms-blob-type", "BlockBlob")
            self.send_header("x-ms-server-encrypted", "true")
            self.send_header("x-ms-lease-state", "available")
            self.send_header("x-ms-lease-status", "unlocked")
            self.send_header("x-ms-request-id", "1")
            self.send_header("x-ms-version", self.headers.get("x-ms-version", ""))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.end_headers()
            try:
                for piece in azure.pieces(path, start, end, asked) if body else ():
                    self.wfile.write(piece)
            except OSError:
                self.close_connection = True

        def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
