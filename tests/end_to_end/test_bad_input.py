"""Bad days on the real runtime: each is said in words, with what to do, and an exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from tui import demo_models


def command(
    environment: dict[str, str], *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        env=environment,
        cwd=environment["PWD"],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def web_page() -> Iterator[str]:
    """Serve something that is no model server."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html>Welcome to my router</html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_an_unknown_model_is_not_found(environment: dict[str, str]) -> None:
    ran = command(environment, "run", "no-such-model", "--once")
    assert ran.returncode == 4
    assert "No model 'no-such-model' here." in ran.stderr
    assert "foundry-tui models" in ran.stderr


def test_truncated_files_do_not_load_and_the_rest_still_works(
    environment: dict[str, str], home: Path
) -> None:
    folder = home / "work" / "broken"
    shutil.copytree(demo_models.folder() / "demo-small", folder)
    assert command(environment, "import", str(folder), "--name", "broken").returncode == 0
    with (folder / "model.onnx.data").open("r+b") as data:
        data.truncate(60_000)
    ran = command(environment, "run", "broken", "--once")
    assert ran.returncode == 1
    assert "'broken:1' could not be loaded" in ran.stderr
    assert "hint: Its files may be broken" in ran.stderr
    assert command(environment, "run", "demo-small", "--once").returncode == 0


def test_a_prompt_longer_than_the_context_is_refused_with_the_sum(
    environment: dict[str, str],
) -> None:
    ran = command(environment, "chat", "demo-small", stdin="word " * 6000)
    assert ran.returncode == 1
    assert "the model's context holds 4,096" in ran.stderr
    assert "Shorten the prompt" in ran.stderr


def test_an_endpoint_that_is_down_is_said(environment: dict[str, str]) -> None:
    ran = command(environment, "--endpoint", "http://127.0.0.1:9", "models")
    assert ran.returncode == 3
    assert "Nothing answers at http://127.0.0.1:9." in ran.stderr
    assert "Start the server" in ran.stderr


def test_a_web_page_is_no_model_server(environment: dict[str, str]) -> None:
    with web_page() as url:
        ran = command(environment, "--endpoint", url, "chat", "x", "hello")
    assert ran.returncode == 3
    assert f"What answers at {url} is not a model server" in ran.stderr


def test_a_state_directory_that_cannot_be_written_is_named(
    environment: dict[str, str], home: Path
) -> None:
    in_the_way = home / "file"
    in_the_way.write_text("not a directory", "utf-8")
    ran = command({**environment, "FOUNDRY_TUI_HOME": str(in_the_way)}, "models")
    assert ran.returncode == 3
    assert f"cannot write to '{in_the_way}" in ran.stderr
    assert "hint: Change the rights of this directory" in ran.stderr
