"""What the host does when the SDK refuses: tried with a variant that fails as the SDK's does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.runtime import runtime_settings
from tui.foundry.errors import LoadFailed, NotFound, RequestFailed
from tui.foundry.runtime import service as service_module
from tui.foundry.runtime.rows import catalog_size, variant_row
from tui.foundry.runtime.service import RuntimeService

BUSY = (
    "model_load_manager.cc:141 void fl::ModelLoadManager::Unload(const std::string&) "
    "1 session(s) still using it"
)


class Variant:
    """Fails as often as it is told to."""

    id = "phi:1"
    is_cached = True

    def __init__(self, *errors: str, loaded: bool = True) -> None:
        self.errors = list(errors)
        self.is_loaded = loaded
        self.calls = 0

    def unload(self) -> None:
        self._call()

    def load(self) -> None:
        self._call()

    def _call(self) -> None:
        self.calls += 1
        if self.errors:
            raise RuntimeError(self.errors.pop(0))


def service_with(tmp_path: Path, variant: Variant, monkeypatch: pytest.MonkeyPatch) -> Any:
    service = RuntimeService(runtime_settings(tmp_path), lambda *_: None)
    monkeypatch.setattr(service, "_variant", lambda _id: variant)
    return service


def test_unloading_is_tried_again_while_a_session_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = Variant(BUSY, BUSY)
    service = service_with(tmp_path, variant, monkeypatch)
    result = service.operations["unload"](1, {"variant_id": "phi:1"})
    assert variant.calls == 3
    assert result["freed_bytes"] >= 0


def test_an_answer_that_goes_on_keeps_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "UNLOAD_PATIENCE_S", 0.05)
    service = service_with(tmp_path, Variant(*[BUSY] * 50), monkeypatch)
    with pytest.raises(RequestFailed, match="an answer is still being written") as caught:
        service.operations["unload"](1, {"variant_id": "phi:1"})
    assert "Stop the answer first" in caught.value.hint


def test_why_a_load_failed_is_told_to_people_and_whole_to_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (
        "genai_model_instance.cc:204 fl::GenAIModelInstance::GenAIModelInstance(std::string, "
        "fl::ILogger&) failed to load model phi:1: Protobuf parsing failed."
    )
    service = service_with(tmp_path, Variant(said, loaded=False), monkeypatch)
    with pytest.raises(LoadFailed) as caught:
        service.operations["load"](1, {"variant_id": "phi:1"})
    assert caught.value.message == (
        "'phi:1' could not be loaded: failed to load model phi:1: Protobuf parsing failed."
    )
    assert said in capsys.readouterr().err


def test_loading_what_is_not_on_disk_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = Variant(loaded=False)
    variant.is_cached = False
    service = service_with(tmp_path, variant, monkeypatch)
    with pytest.raises(NotFound, match="not on disk") as caught:
        service.operations["load"](1, {"variant_id": "phi:1"})
    assert "Download it first" in caught.value.hint


@pytest.mark.parametrize(
    ("entity", "size_mb", "size"),
    [
        ({}, None, None),
        ({}, 3, 3 * 1024 * 1024),
        ({"properties": {"variantInfo": {"variantMetadata": {"fileSizeBytes": 77}}}}, 3, 77),
        ({"properties": {"variantInfo": {"variantMetadata": {"fileSizeBytes": "x"}}}}, None, None),
        ({"properties": 3}, None, None),
    ],
)
def test_the_size_is_exact_where_the_catalog_tells_it(
    entity: dict[str, Any], size_mb: int | None, size: int | None
) -> None:
    assert catalog_size(entity, size_mb) == size


def test_a_row_needs_few_facts() -> None:
    fields = ("display_name", "publisher", "license", "task", "context_length", "runtime",
              "supports_tool_calling", "file_size_mb")  # fmt: skip
    info = SimpleNamespace(id="a:1", alias="a", **dict.fromkeys(fields))
    row = variant_row(info, {"annotations": {"description": 3}}, cached={"a:1"}, loaded=set())
    assert (row["cached"], row["loaded"], row["description"]) == (True, False, "")
