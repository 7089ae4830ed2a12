from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.options import GlobalOptions
from tui.foundry.errors import NotFound
from tui.paths import Paths
from tui.session import load_session


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_fresh_machine_has_defaults_and_no_problems(paths: Paths, work: Path) -> None:
    session = load_session(GlobalOptions(), {})
    assert session.target.kind == "auto"
    assert session.config_file == paths.config_file
    assert session.registry_path == work / "models.json"
    assert session.runtime_settings.cache_dir == paths.model_cache
    assert session.problems == ()


def test_settings_move_registry_and_models(paths: Paths, tmp_path: Path) -> None:
    paths.config_dir.mkdir(parents=True)
    paths.config_file.write_text(
        f"models_file = '{tmp_path / 'team.json'}'\nmodel_cache = '{tmp_path / 'big'}'\n"
    )
    session = load_session(GlobalOptions(), {})
    assert session.registry_path == tmp_path / "team.json"
    assert session.runtime_settings.cache_dir == tmp_path / "big"


def test_broken_files_are_problems_and_stay_as_they_are(paths: Paths, work: Path) -> None:
    paths.config_dir.mkdir(parents=True)
    paths.config_file.write_text("theme = [")
    (work / "models.json").write_text("{")
    session = load_session(GlobalOptions(), {})
    assert len(session.problems) == 2
    assert "line 1" in session.problems[0]
    assert "models.json" in session.problems[1]
    assert (work / "models.json").read_text() == "{"
    problem = session.save_setting("theme", "nord")
    assert problem is not None
    assert "config.toml" in problem
    assert paths.config_file.read_text() == "theme = ["


def test_a_setting_is_saved_and_found_again(paths: Paths) -> None:
    assert load_session(GlobalOptions(), {}).save_setting("theme", "nord") is None
    assert load_session(GlobalOptions(), {}).config.theme == "nord"


def test_files_named_on_the_command_line_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    for options in (GlobalOptions(config_file=missing), GlobalOptions(models_file=missing)):
        with pytest.raises(NotFound) as caught:
            load_session(options, {})
        assert str(missing) in caught.value.message


def test_the_key_is_not_in_what_a_session_prints() -> None:
    environment = {"FOUNDRY_ENDPOINT": "http://box", "API_KEY": "sk-secret"}
    session = load_session(GlobalOptions(), environment)
    assert session.target.api_key == "sk-secret"
    assert "sk-secret" not in repr(session)
