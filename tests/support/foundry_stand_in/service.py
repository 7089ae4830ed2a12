"""The stand-in's service: the routes of its generation, and answers that stream token by token."""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).parent))

from state import CATALOG, State

TOKEN_GAP_S = 0.002
DEFAULT_TOKENS = 32


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    state: ClassVar[State]

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fail(self, status: int, message: str) -> None:
        kind = "server_error" if status >= 500 else "invalid_request_error"
        self.answer({"error": {"message": message, "type": kind, "param": None}}, status)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        state = self.state
        cached = [row for row in CATALOG if state.is_cached(row)]
        if path == "/v1/models":
            self.answer(self.model_list(cached))
        elif state.preview:
            self.preview(path)
        elif path == "/openai/status":
            self.answer({"Endpoints": [state.read()["url"]], "ModelDirPath": str(state.cache),
                         "PipeName": "inference_agent"})  # fmt: skip
        elif path == "/openai/models":
            self.answer([state.id_of(row) for row in cached])
        elif path == "/openai/loadedmodels":
            self.answer(state.loaded())
        elif path == "/foundry/list" and state.versioned_ids:
            self.answer([self.catalog_row(row) for row in CATALOG])
        elif path.startswith("/openai/load/"):
            self.load(unquote(path.rpartition("/")[2]))
        elif path.startswith("/openai/unload/"):
            self.unload(unquote(path.rpartition("/")[2]))
        else:
            self.fail(404, "")

    def preview(self, path: str) -> None:
        state = self.state
        if path == "/status":
            self.answer({"modelCachePath": str(state.cache), "endpoints": [state.read()["url"]],
                         "pid": os.getpid()})  # fmt: skip
        elif path == "/models/loaded":
            self.answer(state.loaded())
        elif path.startswith("/models/load/"):
            self.load(unquote(path.rpartition("/")[2]))
        elif path.startswith("/models/unload/"):
            self.unload(unquote(path.rpartition("/")[2]))
        else:
            self.fail(404, "")

    def model_list(self, cached: list[dict[str, Any]]) -> dict[str, Any]:
        quirks = {"IsDelta": False, "Successful": True, "HttpStatusCode": 0}
        rows: list[dict[str, Any]] = []
        for row in cached:
            item = {"owned_by": "Microsoft", "permission": [], "object": "model", **quirks}
            if self.state.preview:
                rows.append({**item, "id": row["name"], "parent": row["alias"]})
            else:
                rows.append({**item, "id": self.state.id_of(row), "maxInputTokens": 3584})
        return {"data": rows, **quirks, "object": "list"}

    def catalog_row(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": self.state.id_of(row), "displayName": row["name"], "alias": row["alias"],
            "providerType": "AzureFoundry", "publisher": "Made up", "modelType": "ONNX",
            "uri": f"azureml://registries/azureml/models/{row['name']}/versions/{row['version']}",
            "version": str(row["version"]), "task": "chat-completion", "license": row["license"],
            "runtime": {"deviceType": row["device"], "executionProvider": row["ep"]},
            "fileSizeMb": row["mb"], "supportsToolCalling": row["tools"], "promptTemplate": None,
            "somethingNew": {"is": "tolerated"},
        }  # fmt: skip

    def load(self, name: str) -> None:
        row = self.exact(name)
        if row is None:
            self.fail(404, f"Model not found: No model matching '{name}'")
        elif not self.state.is_cached(row):
            old = f"No OpenAIService provider found for modelName {name}"
            new = "Model not cached: Model must be downloaded before loading"
            self.fail(400, new if self.state.preview else old)
        else:
            loaded = self.state.loaded()
            already = self.state.id_of(row) in loaded
            self.state.change(loaded=[*loaded, *([] if already else [self.state.id_of(row)])])
            self.answer({"status": "already_loaded" if already else "loaded"})

    def unload(self, name: str) -> None:
        row = self.exact(name)
        if row is None:
            return self.fail(404, f"Model not found: No model matching '{name}'")
        self.state.change(
            loaded=[one for one in self.state.loaded() if one != self.state.id_of(row)]
        )
        self.answer({"status": "unloaded"})

    def exact(self, name: str) -> dict[str, Any] | None:
        return next((row for row in CATALOG if self.state.id_of(row) == name), None)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/openai/download" and not self.state.preview:
            return self.download(asked["model"]["Name"])
        if self.path != "/v1/chat/completions":
            return self.fail(404, "")
        row = self.state.find(asked["model"])
        if row is None:
            return self.fail(404, f"Model not found: No model matching '{asked['model']}'")
        if self.state.id_of(row) not in self.state.loaded():
            return self.fail(
                400,
                f"Failed to handle OpenAI completion: Model '{asked['model']}' is not loaded. "
                "Please load the model before getting a ChatClient.",
            )
        self.chat(asked)

    def chat(self, asked: dict[str, Any]) -> None:
        words = min(asked.get("max_tokens") or DEFAULT_TOKENS, DEFAULT_TOKENS * 8)
        cut = words == asked.get("max_tokens")
        self.start_stream("text/event-stream")
        for index in range(words):
            piece = {"role": "assistant", "content": f"word{index} "}
            self.event(asked, {"delta": piece, "message": piece, "index": 0, "finish_reason": None})
            time.sleep(TOKEN_GAP_S)
        empty = {"role": "assistant", "content": ""}
        end = {"delta": empty, "message": empty, "index": 0,
               "finish_reason": "length" if cut else "stop"}  # fmt: skip
        usage = {"prompt_tokens": 9, "completion_tokens": words, "total_tokens": 9 + words}
        self.event(asked, end, usage if self.state.preview else None)
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")

    def event(
        self, asked: dict[str, Any], choice: dict[str, Any], usage: dict[str, int] | None = None
    ) -> None:
        value = {
            "id": "chat.id.1", "model": asked["model"], "choices": [choice], "IsDelta": True,
            "Successful": True, "HttpStatusCode": 0, "object": "chat.completion.chunk",
        }  # fmt: skip
        if usage:
            value["usage"] = usage
        self.chunk(b"data: " + json.dumps(value).encode() + b"\n\n")

    def download(self, name: str) -> None:
        row = self.exact(name)
        self.start_stream("text/plain")
        if row is None:
            self.chunk(b'{"success": false, "errorMessage": "Model not found"}')
        else:
            for percent in (0.043, 25, 50, 99.5):
                self.chunk(f"Total {percent}% Downloading v{row['version']}/model.onnx\n".encode())
            self.state.put_on_disk(row)
            self.chunk(b'{"success": true,\n "errorMessage": null}\n')
        self.chunk(b"")

    def start_stream(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def main() -> None:
    """Serve until ended: `service.py FOLDER PORT`."""
    Handler.state = State(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_port}"
    # Two commands at once may start two of us; a test ends them all.
    with (Handler.state.folder / "services.pid").open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    Handler.state.change(pid=os.getpid(), url=url, loaded=[])
    server.serve_forever()


if __name__ == "__main__":
    main()
