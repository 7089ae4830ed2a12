"""What the preview generation prints, read."""

from __future__ import annotations

from tests.foundry.commands.samples import sample
from tui.foundry.commands.preview import PreviewGrammar

GRAMMAR = PreviewGrammar()
MIB = 1024**2


def test_variants_as_json_with_chatter_before_and_after() -> None:
    listing = GRAMMAR.read_models(sample("preview-0.10-model_list_variants.txt"))
    assert [(row.alias, row.id, row.device, row.cached) for row in listing.rows] == [
        ("otter-4", "Otter-4-trtrtx-gpu:2", "GPU", False),
        ("otter-4", "Otter-4-generic-cpu:3", "CPU", True),
        ("robin-asr", "robin-asr-qnn-npu:1", "NPU", False),
    ]
    first, _, last = listing.rows
    assert first.size_bytes == 1464 * MIB
    assert first.execution_provider == "NvTensorRTRTXExecutionProvider"
    assert (last.task, last.size_bytes) == ("speech", MIB // 2)
    (lost,) = listing.not_understood
    assert "somethingNew" in lost


def test_one_row_for_each_alias_tells_about_tools() -> None:
    listing = GRAMMAR.read_models(sample("preview-0.10-model_list.json"))
    assert [(row.id, row.supports_tools, row.task) for row in listing.rows] == [
        ("Otter-4-trtrtx-gpu:2", True, "chat"),
        ("robin-embed-generic-cpu:1", False, "embeddings"),
    ]


def test_the_table_where_json_is_missing() -> None:
    listing = GRAMMAR.read_models(sample("preview-0.10-model_list_table.txt"))
    assert [(row.alias, row.device, row.supports_tools, row.cached) for row in listing.rows] == [
        ("otter-4", "GPU", False, True),
        ("heron-vision", "CPU", True, False),
        ("robin-embed", "NPU", False, False),
    ]
    assert listing.rows[1].size_bytes == 756 * MIB
    assert [line for line in listing.not_understood if "broken row" in line]


def test_the_table_in_ascii() -> None:
    (row,) = GRAMMAR.read_models(sample("preview-0.10-model_list_table_ascii.txt")).rows
    assert (row.id, row.alias, row.execution_provider) == (
        "Otter-4-generic-cpu", "otter-4", "CPUExecutionProvider",
    )  # fmt: skip


def test_nothing_to_list_is_an_answer() -> None:
    for text in (b'{"models":[]}\n', b'{"variants":[]}\n'):
        listing = GRAMMAR.read_models(text)
        assert (listing.answered, listing.rows) == (True, ())
    assert not GRAMMAR.read_models(sample("preview-0.10-error.txt")).answered


def test_what_is_loaded_or_cached_is_marked() -> None:
    data = sample("preview-0.10-model_list.json")
    assert all(row.loaded and row.cached for row in GRAMMAR.read_loaded(data).rows)
    assert all(row.cached for row in GRAMMAR.read_cached(data).rows)


def test_of_a_stopped_daemon_all_but_that_is_stale() -> None:
    stale = GRAMMAR.read_status(sample("preview-0.10-server_status_stale.json"))
    assert (stale.running, stale.url, stale.pid) == (False, None, None)


def test_the_status_of_a_running_daemon() -> None:
    status = GRAMMAR.read_status(sample("preview-0.10-server_status.json"))
    assert (status.running, status.url, status.pid) == (True, "http://127.0.0.1:50505", 4711)
    assert status.log_file.endswith("foundrylocald.log")
    text = GRAMMAR.read_status(sample("preview-0.10-server_start.txt"))
    assert (text.running, text.url) == (True, "http://127.0.0.1:50505")


def test_a_port_that_cannot_be_used_is_none() -> None:
    status = GRAMMAR.read_status(b'{"running":true,"webUrls":["http://127.0.0.1:0"]}')
    assert (status.running, status.url) == (True, None)


def test_whether_something_was_done() -> None:
    done = GRAMMAR.read_done(sample("preview-0.10-model_load.json"))
    assert done.success
    assert "Otter-4-generic-cpu:3" in done.message
    failed = GRAMMAR.read_done(sample("preview-0.10-error.txt"))
    assert failed.success is False
    assert failed.message == "IPC error 'op_handler_failed': Error loading model made-up cause"
    unknown = GRAMMAR.read_done(sample("preview-0.10-unknown_command.txt"))
    assert (unknown.success, unknown.message) == (
        False, "Unrecognized command or argument 'service'.",
    )  # fmt: skip
    assert GRAMMAR.read_done("● success: Cache directory changed.\n".encode()).success
    assert GRAMMAR.read_done(b'{"error":{"message":"made up"}}').message == "made up"


def test_where_the_cache_is() -> None:
    assert GRAMMAR.read_cache_location(b'{"path":"C:\\\\m","userSet":false}') == "C:\\m"
    assert GRAMMAR.read_cache_location(b"nothing") == ""


def test_what_is_asked() -> None:
    assert GRAMMAR.models() == ("model", "list", "--variants", "--output", "json")
    assert GRAMMAR.run("otter-4:3") is None
    # Without a model this command deletes them all.
    assert GRAMMAR.cache_remove("otter-4:3") == ("cache", "rm", "otter-4:3", "--force")
