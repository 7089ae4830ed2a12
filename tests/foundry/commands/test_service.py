"""What the service generation prints, read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.foundry.commands.samples import sample
from tui.foundry.commands.service import ServiceGrammar

GRAMMAR = ServiceGrammar()
GIB = 1024**3


def test_the_table_of_the_early_versions() -> None:
    listing = GRAMMAR.read_models(sample("service-0.4-model_list.txt"))
    assert [(row.alias, row.id, row.device) for row in listing.rows] == [
        ("otter-4", "Otter-4-generic-gpu", "GPU"),
        ("otter-4", "Otter-4-generic-cpu", "CPU"),
        ("heron-mini", "heron-mini-instruct-generic-cpu", "CPU"),
    ]
    first, _, last = listing.rows
    assert first.size_bytes == int(8.11 * GIB)
    assert (first.task, first.license) == ("chat-completion", "MIT")
    assert first.execution_provider == "WebGpuExecutionProvider"
    assert last.size_bytes == 512 * 1024**2
    assert listing.answered
    assert not listing.not_understood


def test_noise_pushed_columns_and_tools_of_the_late_versions() -> None:
    listing = GRAMMAR.read_models(sample("service-0.8-model_list.txt"))
    assert not listing.not_understood
    assert [row.id for row in listing.rows] == [
        "Otter-4-qnn-npu:2", "Otter-4-cuda-gpu:3", "Otter-4-generic-cpu:3",
        "heron-vision-cuda-gpu:1", "heron-vision-generic-cpu:1", "lynx-coder-generic-cpu:12",
    ]  # fmt: skip
    vision = listing.rows[4]
    assert vision.alias == "heron-vision-with-a-very-long-alias-0.5b"
    assert (vision.task, vision.supports_tools) == ("vision-language-chat", True)
    assert listing.rows[0].supports_tools is None


def test_a_decimal_comma_is_read() -> None:
    (row,) = GRAMMAR.read_models(sample("service-0.8-model_list_german.txt")).rows
    assert row.size_bytes == int(9.9 * GIB)


def test_a_row_that_is_not_understood_is_kept_and_the_rest_goes_on() -> None:
    listing = GRAMMAR.read_models(sample("service-0.8-model_list_one_row_broken.txt"))
    assert [row.id for row in listing.rows] == ["lynx-coder-generic-cpu:12"]
    broken, follower = listing.not_understood
    assert "XPU" in broken
    # Its alias stood in the broken row: to guess another one would be worse.
    assert follower.startswith("CPU")


def test_an_error_instead_of_a_table_comes_with_its_cause() -> None:
    empty = GRAMMAR.read_models(sample("service-0.8-model_list_no_catalog.txt"))
    assert not empty.answered
    assert empty.error == "No models were returned from the Azure Foundry catalog."
    port = GRAMMAR.read_models(sample("service-0.8-model_list_port0.txt"))
    assert port.error == (
        "Request to local service failed. Uri:http://127.0.0.1:0/foundry/list "
        "The requested address is not valid in its context. (127.0.0.1:0)"
    )


def test_the_cache_of_the_early_versions_with_models_that_no_catalog_knows() -> None:
    listing = GRAMMAR.read_cached(sample("service-0.3-cache_list.txt"))
    assert [(row.id, row.known) for row in listing.rows] == [
        ("Otter-4-generic-cpu", True), ("my-otter", False), ("v3", False),
    ]  # fmt: skip
    assert all(row.cached for row in listing.rows)


def test_the_cache_of_the_late_versions_with_aliases_of_several_words() -> None:
    listing = GRAMMAR.read_cached(sample("service-0.8-cache_list.txt"))
    assert [(row.alias, row.id, row.known) for row in listing.rows] == [
        ("otter-4", "Otter-4-generic-cpu:3", True),
        ("My Own Otter", "my-own-otter:1", True),
        ("my-lynx:2", "my-lynx:2", False),
    ]
    assert not listing.not_understood


def test_an_empty_cache_is_an_answer_and_an_error_is_none() -> None:
    empty = GRAMMAR.read_cached(b"No models cached on device\n")
    assert (empty.answered, empty.rows) == (True, ())
    broken = GRAMMAR.read_cached(sample("service-0.8-cache_list_error.txt"))
    assert not broken.answered
    assert "500 (Internal Server Error)" in broken.error


def test_what_is_loaded() -> None:
    (row,) = GRAMMAR.read_loaded(sample("service-0.8-service_ps.txt")).rows
    assert (row.alias, row.id, row.loaded) == ("otter-4", "Otter-4-generic-cpu:3", True)
    none = GRAMMAR.read_loaded(b"No models are currently loaded in the service\n")
    assert (none.answered, none.rows) == (True, ())


def test_the_status_names_address_and_providers() -> None:
    status = GRAMMAR.read_status(sample("service-0.8-service_status.txt"))
    assert status.running
    assert status.url == "http://127.0.0.1:50505"
    assert status.providers == ("CPUExecutionProvider", "QNNExecutionProvider")
    assert status.provider_note.startswith("Successfully downloaded")


@pytest.mark.parametrize(
    ("text", "url", "pid"),
    [
        ("🟢 Service is Started on http://localhost:5273, PID 16!", "http://localhost:5273", 16),
        ("🟢 Service is already running on http://localhost:59/.", "http://localhost:59", None),
        ("🟢 Service is Started on http://127.0.0.1:0/, PID 11!", None, 11),
    ],
)  # fmt: skip
def test_ways_to_say_that_it_runs(text: str, url: str | None, pid: int | None) -> None:
    status = GRAMMAR.read_status(f"{text}\n".encode())
    assert (status.running, status.url, status.pid) == (True, url, pid)


def test_the_last_word_about_the_service_counts() -> None:
    moved = GRAMMAR.read_status(sample("service-0.8-cache_cd.txt"))
    assert (moved.running, moved.url, moved.pid) == (True, "http://localhost:50506", 4712)
    stopped = GRAMMAR.read_status("🔴 Model management service is not running!\n".encode())
    assert not stopped.running
    proxied = GRAMMAR.read_status(b"Exception: Request to local service failed. Uri:http://x\n")
    assert (proxied.running, proxied.error) == (
        False, "Request to local service failed. Uri:http://x",
    )  # fmt: skip


def test_whether_something_was_done() -> None:
    assert GRAMMAR.read_done(sample("service-0.8-model_run.txt")).success
    failed = GRAMMAR.read_done(sample("service-0.8-model_run_load_failure.txt"))
    assert failed.success is False
    assert failed.message.endswith("made-up cause: genai_config.json line 3")
    assert GRAMMAR.read_done(b"Deleted model Otter-4:3 from the cache.\n").success
    assert GRAMMAR.read_done(b"what is this?\n").success is None


def test_where_the_cache_is() -> None:
    said = "💾 Cache directory path: C:\\Users\\otter\\.foundry\\cache\\models\r\n".encode()
    assert GRAMMAR.read_cache_location(said) == "C:\\Users\\otter\\.foundry\\cache\\models"
    assert GRAMMAR.read_cache_location(b"something else\n") == ""


def test_what_is_asked() -> None:
    assert GRAMMAR.models() == ("model", "list")
    assert GRAMMAR.run("otter-4:3") == ("model", "run", "otter-4:3", "--verbose")
    keeping = ServiceGrammar(retains=True).run("otter-4:3")
    assert keeping == ("model", "run", "otter-4:3", "--verbose", "--retain", "true")
    assert GRAMMAR.cache_remove("otter-4:3") == ("cache", "remove", "otter-4:3", "--yes")
    assert GRAMMAR.cache_move(Path("/m")) == ("cache", "cd", str(Path("/m")))
    assert ServiceGrammar("show").info("x")[1] == "show"
