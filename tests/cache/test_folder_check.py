"""What a person is told about a directory before it is imported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.model_folders import onnx_bytes, write_model_folder
from tui.cache.folder_check import check_folder, suggest_name

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n"


def config(name: object = "model.onnx", context: int = 4096, search: object = None) -> str:
    model = {"context_length": context, "decoder": {"filename": name}}
    return json.dumps({"model": model, "search": search or {"max_length": context}})


def test_a_good_directory_can_be_imported(tmp_path: Path) -> None:
    [finding] = check_folder(write_model_folder(tmp_path / "good"))
    assert finding.severity == "info"
    assert finding.what.startswith("Can be imported: ")
    assert "context 4,096 tokens" in finding.what
    assert "CPU" in finding.what


@pytest.mark.parametrize(
    ("changes", "what", "mend"),
    [
        ({"genai_config__json": None}, "There is no genai_config.json", "builder"),
        ({"genai_config__json": '{\n "model": }'}, "broken at line 2, column 11", "again"),
        ({"genai_config__json": "[]"}, "no JSON object", "again"),
        ({"genai_config__json": b"\xff\xfe"}, "no JSON text", "again"),
        ({"genai_config__json": ""}, "genai_config.json is empty", "again"),
        ({"genai_config__json": "{}"}, "names no model file", "model.decoder.filename"),
        ({"genai_config__json": config(7)}, "names no model file", "model.decoder.filename"),
        ({"genai_config__json": config("../x.onnx")}, "outside of the directory", "Copy"),
        ({"genai_config__json": config("other.onnx")}, "but there is model.onnx", "filename"),
        ({"tokenizer_config__json": None}, "tokenizer_config.json is missing", "Copy it from"),
        ({"tokenizer_config__json": "{"}, "tokenizer_config.json is missing or bro", "Copy it"),
        ({"model__onnx": "no model"}, "model.onnx is no complete ONNX file", "Copy it again"),
        ({"model__onnx": LFS}, "only a pointer of Git LFS", "git lfs pull"),
        ({"model__onnx": onnx_bytes(("/etc/passwd", 0, 1))}, "keeps weights in", "Copy"),
        ({"model__onnx__data": None}, "model.onnx.data (the weights of model.onnx) is mi", "Copy"),
        ({"model__onnx__data": b""}, "model.onnx.data (the weights of model.onnx) is empty", ""),
        ({"model__onnx__data": b"1" * 90}, "model.onnx.data is cut off: 90 B of 128 B", "again"),
        ({"tokenizer__json": None}, "tokenizer.json is missing", "tokenizer"),
        ({"chat_template__jinja": None}, "no chat template", "chat_template.jinja"),
        ({"chat_template__jinja": ""}, "no chat template", "chat_template.jinja"),
    ],
)
def test_what_is_wrong_is_named_with_how_to_mend_it(
    tmp_path: Path, changes: dict[str, bytes | str | None], what: str, mend: str
) -> None:
    findings = check_folder(write_model_folder(tmp_path / "model", **changes))
    assert findings[0].severity == "error"
    [finding] = [one for one in findings if what in one.what]
    assert mend in finding.mend
    assert not [one for one in findings if one.severity == "info"]


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    folder = write_model_folder(
        tmp_path, model__onnx=None, tokenizer__json=None, chat_template__jinja=None
    )
    assert [one.severity for one in check_folder(folder)] == ["error"] * 3


@pytest.mark.parametrize(
    ("text", "what", "mendable"),
    [
        (config(search={"max_length": 512}), "search.max_length is 512", True),
        (config(context=512), "search.max_length is 512", False),
        (config(search={"max_length": 9000}), "9,000, is above the context of the model", True),
        (config(search={"top_k": 1}), "has no search.max_length", False),
    ],
)
def test_warnings_do_not_hinder(tmp_path: Path, text: str, what: str, mendable: bool) -> None:
    findings = check_folder(write_model_folder(tmp_path / "model", genai_config__json=text))
    assert [one.severity for one in findings] == ["warning", "info"]
    assert what in findings[0].what
    assert findings[0].mendable is mendable


def test_a_template_in_the_tokenizer_s_settings_is_enough(tmp_path: Path) -> None:
    settings = json.dumps({"chat_template": "{{ messages }}"})
    folder = write_model_folder(
        tmp_path, chat_template__jinja=None, tokenizer_config__json=settings
    )
    assert [one.severity for one in check_folder(folder)] == ["info"]


def test_directories_of_other_kinds(tmp_path: Path) -> None:
    def said(folder: Path) -> str:
        [finding] = check_folder(folder)
        assert finding.severity == "error"
        return f"{finding.what}: {finding.mend}"

    assert "no such directory" in said(tmp_path / "none")
    write_model_folder(tmp_path / "outer" / "v1")
    assert "'v1': name that" in said(tmp_path / "outer")
    assert "This is a file" in said(tmp_path / "outer" / "v1" / "model.onnx")
    for name, word in (("a.safetensors", "Hugging Face"), ("b.gguf", "llama.cpp"), ("c", "build")):
        (tmp_path / name[0]).mkdir()
        (tmp_path / name[0] / name).write_bytes(b"x")
        assert word in said(tmp_path / name[0])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links(tmp_path: Path) -> None:
    real = write_model_folder(tmp_path / "real")
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in real.iterdir():
        (linked / path.name).symlink_to(path)
    assert [one.severity for one in check_folder(linked)] == ["info"]
    (linked / "README.md").symlink_to(tmp_path / "nothing")
    assert check_folder(linked)[0].what == "README.md is a link to nothing"
    (real / "model.onnx").unlink()
    assert check_folder(linked)[0].what == "model.onnx is a link to nothing"


def test_a_directory_that_breaks_while_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model_folder(tmp_path)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    [finding] = check_folder(tmp_path)
    assert (finding.severity, finding.what) == ("error", "It cannot be read: Permission denied")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/models/Qwen2.5 0.5B", "qwen2.5-0.5b"),
        ("/models/my-llama/v1", "my-llama"),
        ("/x/phi/onnx/cpu_and_mobile", "phi"),
        ("/h/models--Qwen--Qwen3-4B/snapshots/" + "0123456789" * 4, "qwen3-4b"),
        ("/", "my-model"),
        ("/models", "my-model"),
        ("/x/Größe!", "grosse"),
        ("/x/世界", "x"),
        ("/x/-rf", "rf"),
        ("/x/" + "a" * 200, "a" * 64),
    ],
)
def test_suggested_names(path: str, name: str) -> None:
    assert suggest_name(Path(path)) == name
