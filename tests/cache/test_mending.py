"""What an import writes of its own where a directory lacks it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.model_folders import write_model_folder
from tui.cache.folder_check import check_folder
from tui.cache.mending import guess_family, mend
from tui.foundry.on_disk.templates import FAMILIES, prompt_template, recognise


def test_a_whole_directory_needs_nothing(tmp_path: Path) -> None:
    mended = mend(write_model_folder(tmp_path))
    assert (mended.files, mended.said) == ({}, ())


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "plain"])
def test_the_family_of_a_template_is_that_of_the_tokenizer_s_tokens(
    tmp_path: Path, family: str
) -> None:
    tokens = {"added_tokens": [{"content": mark} for mark in FAMILIES[family].marks]}
    folder = write_model_folder(
        tmp_path, tokenizer__json=json.dumps(tokens), chat_template__jinja=None
    )
    assert guess_family(folder) == family
    mended = mend(folder)
    assert mended.files == {"chat_template.jinja": FAMILIES[family].jinja}
    assert family in mended.said[0]
    assert [one.severity for one in check_folder(folder, mended.files)] == ["info"]
    assert recognise(FAMILIES[family].jinja) == family


def test_an_unknown_tokenizer_gets_the_plain_template_or_the_one_that_was_chosen(
    tmp_path: Path,
) -> None:
    folder = write_model_folder(tmp_path, chat_template__jinja=None)
    assert mend(folder).files["chat_template.jinja"] == FAMILIES["plain"].jinja
    assert mend(folder, "phi").files["chat_template.jinja"] == FAMILIES["phi"].jinja


def test_the_files_of_others_are_named_and_the_context_is_opened(tmp_path: Path) -> None:
    config = {
        "model": {"context_length": 4096, "decoder": {"filename": "gone.onnx"}, "own": [1]},
        "search": {"max_length": 512, "top_k": 3},
    }
    folder = write_model_folder(
        tmp_path / "model", genai_config__json=json.dumps(config), tokenizer_config__json=None
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    mended = mend(folder)
    assert set(mended.files) == {"genai_config.json", "tokenizer_config.json"}
    config["model"]["decoder"] = {"filename": "model.onnx"}  # type: ignore[index]
    config["search"]["max_length"] = 4096  # type: ignore[index]
    changed = json.loads(mended.files["genai_config.json"])
    # No template is read from a text that does not exist yet: it is there as a file.
    assert changed == config
    assert len(mended.said) == 3
    assert [one.severity for one in check_folder(folder, mended.files)] == ["info"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_cannot_be_mended_stays_an_error(tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path, model__onnx__data=None, chat_template__jinja=None)
    first, *_ = check_folder(folder, mend(folder).files)
    assert (first.severity, first.mendable) == ("error", False)
    assert "model.onnx.data" in first.what


def test_the_service_generation_is_told_the_prompt() -> None:
    prompt = prompt_template(FAMILIES["phi"].jinja)
    assert prompt["prompt"] == "<|user|>\n{Content}<|end|>\n<|assistant|>\n"
    assert prompt["assistant"] == "{Content}"
    assert prompt_template("{{ messages }}")["prompt"] == "user: {Content}\nassistant: "
