"""`compile`, with a stand-in for the interpreter that has the builder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the stand-in is a script with a #! line", allow_module_level=True)

from tests.cli.conftest import Ran
from tests.support.builder_stand_in import GATED, BuilderStandIn, checkpoint
from tests.support.folder_backend import FolderBackend
from tui.config import save_setting
from tui.paths import Paths

Run = Callable[..., Ran]


@pytest.fixture
def backend(tmp_path: Path) -> FolderBackend:
    made = FolderBackend()
    made.location = tmp_path / "cache"
    return made


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(checkpoint(tmp_path / "Otter 1B"))


@pytest.fixture
def python(tmp_path: Path) -> str:
    return str(BuilderStandIn(tmp_path / "bin").python)


def test_a_model_is_compiled_and_imported(
    run: Run, backend: FolderBackend, source: str, python: str
) -> None:
    ran = run("compile", source, "--python", python)
    assert ran.code == 0, ran.err
    assert "imported as otter-1b:1." in ran.out
    assert f"{python} -m onnxruntime_genai.models.builder -i" in ran.err
    assert "✓ Disk: about" in ran.err
    assert [model.id for model in backend.local.models()] == ["otter-1b:1"]


def test_its_result_and_progress_as_json(run: Run, source: str, python: str) -> None:
    ran = run("compile", source, "--name", "mine", "--python", python, "--json")
    assert ran.json["variant"] == "mine:1"
    assert ran.json["command"][1:3] == ["-m", "onnxruntime_genai.models.builder"]
    lines = [json.loads(line)["progress"] for line in ran.err.splitlines()]
    assert lines[-1]["message"] == "importing"
    assert {line["subject"] for line in lines} == {"mine"}


def test_a_dry_run_shows_command_and_figures_and_starts_nothing(
    run: Run, backend: FolderBackend, source: str, tmp_path: Path, python: str
) -> None:
    ran = run("compile", source, "--python", python, "--precision", "int8", "--dry-run")
    assert ran.code == 0
    assert " -p int8 -e cpu -c " in ran.out
    assert "✓ RAM: about" in ran.out
    values = run("compile", source, "--python", python, "--dry-run", "--json").json
    assert values["possible"] is True
    assert values["needs"]["ram_bytes"] > values["needs"]["written_bytes"] > 0
    assert values["versions"]["torch"] == "2.13.0"
    assert not (tmp_path / "bin" / "told.json").exists()
    assert not backend.location.exists()


def test_a_plan_that_cannot_be_carried_out(run: Run, source: str, python: str) -> None:
    (Path(source) / "model.safetensors").unlink()
    ran = run("compile", source, "--python", python, "--dry-run")
    assert ran.code == 1
    assert "✗ There are no weights." in ran.out
    ran = run("compile", source, "--python", python, "--json")
    assert ran.code == 1
    assert ran.error["code"] == "compile_failed"


def test_the_interpreter_can_be_a_setting(run: Run, source: str, python: str, paths: Paths) -> None:
    save_setting(paths.config_file, "compile_python", python)
    assert run("compile", source).code == 0


def test_wrong_words_and_missing_things(run: Run, source: str, python: str, tmp_path: Path) -> None:
    assert run("compile", "/no/such/place").code == 4
    assert run("compile", source, "--precision", "int3").code == 2
    ran = run("compile", source, "--precision", "fp16")
    assert (ran.code, "no fp16 for cpu" in ran.err) == (1, True)
    gated = str(BuilderStandIn(tmp_path / "gated", **GATED).python)
    ran = run("compile", "owner/name", "--python", gated)
    assert ran.code == 1
    assert "'owner/name' is gated" in ran.err
    assert "HF_TOKEN" in ran.err


def test_verbose_prints_what_the_builder_prints(run: Run, source: str, python: str) -> None:
    assert "Reading layer 1" in run("compile", source, "--python", python, "--verbose").err
