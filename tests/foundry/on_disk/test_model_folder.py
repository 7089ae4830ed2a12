"""What a directory needs to be imported, and how what is missing is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.foundry.errors import InvalidModelFolder
from tui.foundry.on_disk.model_folder import inspect_folder


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidModelFolder) as caught:
        inspect_folder(folder)
    assert caught.value.hint
    return caught.value.message


def change_config(folder: Path, **decoder: object) -> None:
    path = folder / "genai_config.json"
    config = json.loads(path.read_text())
    config["model"]["decoder"].update(decoder)
    path.write_text(json.dumps(config))


def test_a_whole_directory_tells_context_and_device(model_folder: Path) -> None:
    facts = inspect_folder(model_folder)
    assert (facts.context_tokens, facts.device) == (4096, "CPU")
    assert facts.execution_provider == "CPUExecutionProvider"


def test_the_device_is_that_of_the_provider(model_folder: Path) -> None:
    change_config(model_folder, session_options={"provider_options": [{"cuda": {}}]})
    assert inspect_folder(model_folder).device == "GPU"


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("genai_config.json", "no ONNX Runtime GenAI model"),
        ("model.onnx", "model.onnx: genai_config.json names it"),
        ("model.onnx.data", "model.onnx.data: the weights"),
        ("tokenizer.json", "tokenizer.json: copy"),
        ("chat_template.jinja", "a chat template: copy"),
    ],
)
def test_each_missing_file_is_named(model_folder: Path, missing: str, words: str) -> None:
    (model_folder / missing).unlink()
    assert words in refusal(model_folder)


def test_all_that_is_missing_is_named_at_once(model_folder: Path) -> None:
    for name in ("tokenizer.json", "chat_template.jinja", "model.onnx.data"):
        (model_folder / name).unlink()
    message = refusal(model_folder)
    assert all(word in message for word in ("tokenizer.json", "chat template", "onnx.data"))


def test_a_template_inside_the_tokenizer_config_will_do(model_folder: Path) -> None:
    (model_folder / "chat_template.jinja").unlink()
    (model_folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    inspect_folder(model_folder)


def test_weights_inside_the_onnx_file_will_do(model_folder: Path) -> None:
    (model_folder / "model.onnx.data").unlink()
    (model_folder / "model.onnx").write_bytes(b"\x08\x0a all inside")
    inspect_folder(model_folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 50_000, "\x00"])
def test_a_broken_config_is_told(model_folder: Path, text: str) -> None:
    (model_folder / "genai_config.json").write_text(text)
    assert "readable genai_config.json" in refusal(model_folder)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd"])
def test_a_file_outside_of_the_directory_is_refused(model_folder: Path, name: str) -> None:
    change_config(model_folder, filename=name)
    assert "outside of the directory" in refusal(model_folder)


def test_a_file_is_no_directory(model_folder: Path) -> None:
    assert "is no directory" in refusal(model_folder / "model.onnx")
