"""The parsers over what the real tools really printed, where the recordings are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.foundry.commands.narration import read_line
from tui.foundry.commands.preview import PreviewGrammar
from tui.foundry.commands.printed import lines_of
from tui.foundry.commands.probe import read_describe, read_groups, read_version
from tui.foundry.commands.service import ServiceGrammar

RECORDINGS = Path(__file__).parents[4] / "shared" / "foundry" / "recordings"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")

NAMES = sorted(path.name for path in RECORDINGS.glob("*")) if RECORDINGS.is_dir() else []
ROWS = {
    "svc-0.4.91-model_list.txt": 33,
    "svc-0.6-model_ls_filter_alias.txt": 3,
    "svc-0.8-model_list_narrow_task.txt": 2,
    "svc-0.8.94-model_list_filter_npu.txt": 12,
    "layout-svc-0.8-model_list_err_chatter_and_overflow.txt": 4,
    "new-0.10.3-model_list_json.json": 49,
    "new-0.10.3-model_list_variants_json_partial.json": 62,
    "new-0.10.3-model_list_loaded_json_trimmed.json": 2,
    "new-0.11.0-model_list_search_nohit.json": 0,
    "new-0.11.0-model_list_variants_search_nohit.json": 0,
    "layout-new-0.10-model_list_text.txt": 4,
    "layout-new-0.10-model_list_variants_ascii.txt": 2,
    "layout-new-0.10-cache_list_text.txt": 2,
    "svc-0.3-cache_ls_byom.txt": 2,
    "svc-0.8-cache_list_empty.txt": 0,
    "svc-0.8-cache_list_openvino.txt": 3,
    "svc-0.8-cache_ls_with_err.txt": 2,
    "svc-0.8.94-cache_ls_byom.txt": 1,
    "layout-svc-0.8-cache_list_ep_hang.txt": 0,
    "svc-0.8-service_ps.txt": 1,
    "svc-0.8-service_ps_empty.txt": 0,
    "layout-svc-0.8-service_list_empty.txt": 0,
}
ERRORS = {
    "layout-svc-0.8-cache_ls_http500.txt": "Failed: Getting list of downloaded models.",
    "layout-svc-0.8-model_list_no_catalog.txt": "No models were returned",
    "svc-0.8-model_list_port0_error.txt": "Request to local service failed.",
}
URLS = {
    "svc-0.3-service_start.txt": "http://localhost:5273",
    "svc-0.3-service_status_running.txt": "http://localhost:5273",
    "svc-0.3-cache_cd.txt": "http://localhost:5273",
    "svc-0.3-service_status_stopped.txt": None,
    "svc-0.8-service_set_port.txt": "http://127.0.0.1:22334",
    "svc-0.8-service_start_already_running.txt": "http://127.0.0.1:59207",
    "svc-0.8-service_start_ep_in_progress.txt": "http://127.0.0.1:59207",
    "svc-0.8-service_status.txt": "http://127.0.0.1:11223",
    "svc-0.8-service_status_proxy_error.txt": "http://127.0.0.1:55064",
    "svc-0.8.119-service_start.txt": "http://127.0.0.1:64398",
    "svc-0.8.119-service_status_skip_ep.txt": "http://127.0.0.1:64164",
    "svc-0.8.119-service_stop.txt": None,
    "new-0.10.2-server_start_json.json": "http://127.0.0.1:48077",
    "new-0.10.2-server_status_json_ready.json": "http://127.0.0.1:48077",
    "new-0.10.2-server_status_json_stopped.json": None,
    "new-0.10.3-server_start_json.json": "http://127.0.0.1:63150",
    "new-0.10.3-server_status_json_stopped_stale.json": None,
    "new-0.10.2-service_status_unknown_command.txt": None,
    "layout-new-0.10-server_start_text.txt": "http://127.0.0.1:51454",
}
DONE = {
    "svc-0.3-model_run_qnn.txt": True,
    "svc-0.3-model_run_verbose.txt": True,
    "svc-0.4.91-model_run.txt": True,
    "svc-0.8-model_load.txt": True,
    "svc-0.8-model_run_cached.txt": None,
    "svc-0.8.119-model_run.txt": True,
    "svc-0.8.94-model_run_first_ep_download.txt": True,
    "svc-0.8.94-model_run_retain.txt": True,
    "svc-0.8.119-model_download.txt": None,
    "svc-0.8.119-cache_remove.txt": True,
    "layout-svc-0.3-download_failure.txt": False,
    "layout-svc-0.8-model_download_bar.txt": None,
    "layout-svc-0.8-model_run_load_failure.txt": False,
    "layout-new-0.10-run_ipc_error.txt": False,
    "new-0.10.3-model_load_json.json": True,
    "new-0.10.3-model_unload_json.json": True,
    "new-0.10.3-server_stop_json.json": True,
}
PLACES = ("svc-0.8-cache_location.txt", "new-0.10.2-cache_location_json.json",
          "new-0.10.3-cache_location_json.json")  # fmt: skip
REST = ("rest_v1_models", "rest_chat_completion")
OTHERS = {
    "layout-new-0.10-report_markdown.txt", "layout-svc-0.3-diag.txt",
    "new-0.10.2-config_show_json_subset.json", "svc-0.8-service_set_show.txt",
    "svc-0.8-model_list_ep_chatter.txt",
}  # fmt: skip
"""Shown as they are, or not used."""


def grammar_of(name: str) -> ServiceGrammar | PreviewGrammar:
    return PreviewGrammar() if "new-" in name else ServiceGrammar()


def data_of(name: str) -> bytes:
    return (RECORDINGS / name).read_bytes()


def test_every_recording_has_a_test() -> None:
    tested = {*ROWS, *ERRORS, *URLS, *DONE, *PLACES, *OTHERS}
    left = [name for name in NAMES if name not in tested]
    assert all(
        "help" in name or "version" in name or any(route in name for route in REST) for name in left
    ), left


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_every_list(name: str) -> None:
    grammar = grammar_of(name)
    read = grammar.read_models
    if "cache" in name:
        read = grammar.read_cached
    elif "_ps" in name or "service_list" in name:
        read = grammar.read_loaded
    listing = read(data_of(name))
    assert listing.answered
    assert not listing.not_understood
    assert len(listing.rows) == ROWS[name]
    assert all(row.id and row.alias for row in listing.rows)
    if "model_list" in name and "loaded" not in name:
        assert all(row.device in ("CPU", "GPU", "NPU") and row.size_bytes for row in listing.rows)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error(name: str) -> None:
    grammar = grammar_of(name)
    listing = (grammar.read_cached if "cache" in name else grammar.read_models)(data_of(name))
    assert not listing.answered
    assert listing.error.startswith(ERRORS[name])


@pytest.mark.parametrize("name", URLS)
def test_every_status(name: str) -> None:
    status = grammar_of(name).read_status(data_of(name))
    assert status.url == URLS[name]
    assert status.running == (URLS[name] is not None)


@pytest.mark.parametrize("name", DONE)
def test_every_end(name: str) -> None:
    assert grammar_of(name).read_done(data_of(name)).success is DONE[name]


@pytest.mark.parametrize("name", [name for name in DONE if "run" in name or "download" in name])
def test_no_line_of_a_run_is_foreign(name: str) -> None:
    lines = [read_line(line) for line in lines_of(data_of(name))]
    after_error = [line.kind for line in lines].index("error") if "failure" in name else len(lines)
    assert not [line.text for line in lines[:after_error] if line.kind == "other"]


@pytest.mark.parametrize("name", PLACES)
def test_every_place(name: str) -> None:
    assert grammar_of(name).read_cache_location(data_of(name)).endswith("cache\\models")


@pytest.mark.parametrize("name", [name for name in NAMES if "version" in name])
def test_every_version(name: str) -> None:
    assert read_version(data_of(name)) == name.split("-")[1]


def test_the_helps_tell_the_generations_apart() -> None:
    assert "service" in read_groups(data_of("svc-0.8.119-help.txt"))
    assert "server" in read_groups(data_of("new-0.10.3-help.txt"))
    assert read_describe(data_of("new-0.10.3-model_help.txt")) == "info"


@pytest.mark.parametrize("name", [name for name in NAMES if "rest_v1_models" in name])
def test_every_list_of_the_endpoint(name: str) -> None:
    from tui.foundry.endpoint.client import EndpointClient

    rows = EndpointClient("http://127.0.0.1:1")._rows(data_of(name).decode())
    assert len(rows) == len(json.loads(data_of(name))["data"])


def test_the_whole_completion_of_the_daemon() -> None:
    from tui.foundry.endpoint.chat_stream import ChatStream
    from tui.foundry.endpoint.sse import SseEvent
    from tui.foundry.types import ChatFinished

    stream = ChatStream()
    body = data_of("new-0.10.3-rest_chat_completion.json").decode()
    deltas = list(stream.feed(SseEvent(body), 1.0))
    (end,) = stream.finish(1.0)
    assert "".join(delta.text for delta in deltas) == "OK"
    assert isinstance(end, ChatFinished)
    assert (end.finish_reason, end.input_tokens, end.output_tokens) == ("stop", 36, 1)
