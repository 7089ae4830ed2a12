"""What is told of a checkpoint before it is compiled, and what that will take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.builder_stand_in import CONFIG, checkpoint
from tests.support.model_folders import write_model_folder
from tui.cache.compiling.checkpoint import check_checkpoint, from_config, read_checkpoint
from tui.cache.compiling.needs import MIB, Needs, work_out


def test_size_and_shape_are_read_from_header_and_config(tmp_path: Path) -> None:
    found = read_checkpoint(checkpoint(tmp_path / "c"))
    assert (found.parameters, found.layers, found.context_tokens) == (1_000_000, 2, 4096)
    assert found.embedding_parameters == 2048 * 128
    assert check_checkpoint(tmp_path / "c") == ()


@pytest.mark.parametrize(("kind", "parameters"), [("float32", 250), ("bfloat16", 500), (None, 500)])
def test_without_a_header_the_kind_of_numbers_tells(kind: str | None, parameters: int) -> None:
    assert from_config({"torch_dtype": kind}, 1000).parameters == parameters
    assert from_config({"text_config": {"dtype": kind}}, 1000).parameters == parameters


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("config.json", None, "no readable config.json"),
        ("config.json", "[]", "no readable config.json"),
        ("model.safetensors", None, "There are no weights"),
        ("model.safetensors", "version https://git-lfs.github.com/spec/v1", "pointer of Git LFS"),
        ("tokenizer.json", None, "tokenizer.json is missing"),
        ("model.safetensors.index.json",
         '{"weight_map": {"a": "model-2.safetensors", "b": "../x"}}',
         "model-2.safetensors is missing"),
        ("genai_config.json", "{}", "compiled model already"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    tmp_path: Path, file: str, content: str | None, said: str
) -> None:
    folder = checkpoint(tmp_path / "c")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    first, *_ = check_checkpoint(folder)
    assert first.severity == "error"
    assert said in first.what
    assert first.mend


def test_a_short_context_and_a_missing_template_are_warnings(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "c")
    (folder / "chat_template.jinja").unlink()
    (folder / "config.json").write_text(json.dumps({**CONFIG, "max_position_embeddings": 512}))
    findings = check_checkpoint(folder)
    assert [one.severity for one in findings] == ["warning", "warning"]
    assert "no chat template" in findings[0].what
    assert "512 tokens" in findings[1].what


def test_directories_of_other_kinds(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "made")
    assert "Import it" in check_checkpoint(tmp_path / "made")[0].mend
    checkpoint(tmp_path / "outer" / "inner")
    assert "'inner'" in check_checkpoint(tmp_path / "outer")[0].mend
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "x.gguf").touch()
    assert "llama.cpp" in check_checkpoint(tmp_path / "g")[0].mend


def test_broken_headers_do_no_harm(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "c")
    for data in (b"", b"\xff" * 20, b"\5\0\0\0\0\0\0\0[1,2]"):
        (folder / "model.safetensors").write_bytes(data)
        assert read_checkpoint(folder).parameters == len(data) // 2


def test_the_figures_agree_with_what_was_measured(tmp_path: Path) -> None:
    """229 M parameters in bfloat16, vocabulary 32,000 by 1,024; see needs.py."""
    big = from_config({"dtype": "bfloat16", "vocab_size": 32000, "hidden_size": 1024}, 458_278_912)
    for precision, written_mib, ram_mib in (("int4", 244, 2088), ("int8", 337, 2232),
                                            ("fp32", 876, 1160)):  # fmt: skip
        needs = work_out(big, precision, tmp_path, tmp_path, download=False)  # type: ignore[arg-type]
        assert written_mib <= needs.written_bytes / MIB <= written_mib * 1.35
        assert ram_mib <= needs.ram_bytes / MIB <= ram_mib * 1.15


def made(**changes: int | None) -> Needs:
    values: dict[str, int | None] = {
        "written_bytes": 100, "download_bytes": 50, "ram_bytes": 1000, "free_bytes": 150,
        "hub_free_bytes": None, "ram_available_bytes": 1000, "ram_total_bytes": 2000, **changes,
    }  # fmt: skip
    return Needs(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("needs", "severities"),
    [
        (made(), ["info", "info"]),
        (made(free_bytes=149), ["error", "info"]),
        (made(free_bytes=100, hub_free_bytes=49), ["info", "error", "info"]),
        (made(ram_available_bytes=999), ["info", "warning"]),
        (made(ram_total_bytes=999), ["info", "error"]),
    ],
)
def test_what_is_short_is_said_with_figures(needs: Needs, severities: list[str]) -> None:
    findings = list(needs.findings())
    assert [one.severity for one in findings] == severities
    assert all("needed" in one.what for one in findings)
    assert all(one.mend for one in findings if one.severity != "info")
