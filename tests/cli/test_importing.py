from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.model_folders import write_model_folder
from tests.support.scripted_backend import ScriptedBackend
from tui.cache.bundle import export_bundle

Run = Callable[..., Ran]


def test_importing_a_directory(run: Run, tmp_path: Path) -> None:
    ran = run("import", str(tmp_path / "none"), "--name", "mine")
    assert ran.code == 1
    assert "neither a directory nor a .tar" in ran.err
    (tmp_path / "empty").mkdir()
    ran = run("import", str(tmp_path / "empty"), "--name", "mine")
    assert ran.code == 1
    assert "genai_config.json" in ran.err
    folder = write_model_folder(tmp_path / "model")
    assert run("import", str(folder), "--name", "mine", "--json").json == {
        "schema": 1, "variant": "mine:1", "mended": [],
    }  # fmt: skip


@pytest.mark.parametrize("way", ["link", "register"])
def test_the_way_is_chosen(run: Run, backend: ScriptedBackend, tmp_path: Path, way: str) -> None:
    folder = write_model_folder(tmp_path / "model")
    assert run("import", str(folder), "--name", "mine", f"--{way}").code == 0
    assert f"import_model {folder} mine {way}" in backend.calls


def test_a_copy_is_put_beside_the_models_and_moved(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.location = tmp_path / "models"
    folder = write_model_folder(tmp_path / "model")
    assert run("import", str(folder), "--name", "mine", "--copy").code == 0
    [call] = [call for call in backend.calls if call.startswith("import_model")]
    assert call.startswith(f"import_model {backend.location}")
    assert call.endswith("mine move")


def test_two_ways_at_once_are_refused(run: Run, tmp_path: Path) -> None:
    assert run("import", str(tmp_path), "--name", "mine", "--copy", "--link").code == 2


def test_a_name_is_asked_for_with_a_suggestion(run: Run, tmp_path: Path) -> None:
    ran = run("import", str(tmp_path / "Otter 1B"))
    assert ran.code == 2
    assert "--name otter-1b" in ran.err


def test_a_dry_run_says_everything_and_changes_nothing(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    folder = write_model_folder(tmp_path / "otter", chat_template__jinja=None)
    ran = run("import", str(folder), "--check")
    assert ran.code == 1
    assert ran.out.startswith("✗ There is no chat template: every chat would fail.")
    assert "--mend" in ran.out
    values = run("import", str(folder), "--check", "--json").json
    assert (values["importable"], values["name"]) == (False, "otter")
    assert values["findings"][0]["mendable"] is True
    ran = run("import", str(folder), "--check", "--chat-template", "phi")
    assert ran.code == 0
    assert "+ The chat template is phi" in ran.out
    assert backend.calls == []


def test_mending_says_what_was_written(run: Run, tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "otter", chat_template__jinja=None)
    assert "--mend" in run("import", str(folder), "--name", "otter").err
    ran = run("import", str(folder), "--name", "otter", "--mend")
    assert ran.out.splitlines() == [
        "Imported as otter:1.",
        "The chat template is plain: compare it with the model's page.",
    ]
    assert not (folder / "chat_template.jinja").exists()


def test_archives_are_checked_by_their_checksums(run: Run, tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "otter")
    plain = tmp_path / "plain.tar"
    with tarfile.open(plain, "w") as tar:
        tar.add(folder, "otter")
    assert "no checksums" in run("import", str(plain), "--check").out
    bundle = tmp_path / "otter.tar"
    export_bundle(folder, "otter:1", bundle, lambda *_: None)
    assert "otter.tar is whole: otter:1" in run("import", str(bundle), "--check").out
    bundle.write_bytes(bundle.read_bytes()[:-9000])
    assert run("import", str(bundle), "--check").code == 1


def test_a_bundle_in_nobody_s_home_is_not_there(run: Run) -> None:
    ran = run("cache", "verify", "~nobody-here/x.tar")
    assert ran.code == 4
    assert "There is no" in ran.err
