from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import SMALL, ScriptedAnswer, ScriptedBackend
from tui.foundry.connect import Target
from tui.foundry.errors import BackendUnavailable, RequestFailed

Run = Callable[..., Ran]
REGISTRY = """[
  {"name": "huge", "task": "chat", "min_ram_gb": 100000, "notes": "too big"},
  {"name": "demo-small", "task": "chat", "min_ram_gb": 0.1, "notes": "quick"}
]"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "team.json"
    path.write_text(REGISTRY)
    return path


@pytest.mark.parametrize("before", [True, False])
def test_select_takes_the_first_that_fits(run: Run, registry: Path, before: bool) -> None:
    option = ("--models-file", str(registry))
    verb = ("select", "--task", "chat")
    ran = run(*option, *verb) if before else run(*verb, *option)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "demo-small"
    assert "too big" in ran.out


def test_select_as_json(run: Run, registry: Path) -> None:
    refused = run("select", "--task", "CHAT", "--models-file", str(registry), "--json")
    assert refused.code == 4  # the course's script finds none either
    assert "Did you mean 'chat'?" in refused.error["message"]
    values = run("select", "--task", "chat", "--models-file", str(registry), "--json").json
    assert values["choice"]["name"] == "demo-small"
    assert values["reason"]
    assert [row["viable"] for row in values["candidates"]] == [False, True]


def test_a_task_that_nobody_listed(run: Run, registry: Path) -> None:
    ran = run("select", "--task", "poetry", "--models-file", str(registry))
    assert ran.code == 4
    assert "chat" in ran.err


def test_select_without_a_registry(run: Run) -> None:
    ran = run("select", "--task", "chat")
    assert ran.code == 4
    assert "--models-file" in ran.err


def test_the_registry_is_listed(run: Run, registry: Path) -> None:
    ran = run("registry", "list", "--models-file", str(registry))
    assert (ran.code, "quick" in ran.out) == (0, True)
    assert len(run("registry", "--json", "--models-file", str(registry)).json["entries"]) == 2


def test_a_registry_that_is_not_there_or_broken(run: Run, tmp_path: Path) -> None:
    assert run("registry").code == 4
    assert run("registry", "--models-file", str(tmp_path / "no.json")).code == 4
    broken = tmp_path / "broken.json"
    broken.write_text('[{"name": ]')
    ran = run("registry", "--models-file", str(broken))
    assert ran.code == 1
    assert "line 1, column" in ran.err
    assert broken.read_text() == '[{"name": ]'


def test_settings_are_found_and_printed(run: Run, tmp_path: Path) -> None:
    assert run("config", "path").out.strip().endswith("config.toml")
    file = tmp_path / "my.toml"
    file.write_text('theme = "nord"\nendpont = "x"\n')
    ran = run("config", "print", "--config", str(file))
    assert tomllib.loads(ran.out)["theme"] == "nord"
    assert "endpont" in ran.err
    values = run("config", "--json", "--config", str(file)).json
    assert values["settings"]["bench"]["rounds"] == 10
    assert len(values["problems"]) == 1


def test_named_settings_must_exist(run: Run, tmp_path: Path) -> None:
    ran = run("models", "--config", str(tmp_path / "none.toml"))
    assert ran.code == 4
    assert "none.toml" in ran.err


def test_the_doctor_looks_at_everything(run: Run) -> None:
    ran = run("doctor")
    assert ran.code == 0
    for word in (
        "Python",
        "memory",
        "free",
        "Settings",
        "Registry",
        "3 models, 2 on disk",
        "none loaded",
        "CPUExecutionProvider",
        "nothing is wrong",
        "port 5273",
    ):
        assert word in ran.out, word
    values = run("doctor", "--json").json
    assert values["files"]["config_file"] == {
        "path": values["files"]["config_file"]["path"],
        "exists": False,
        "writable": True,
    }
    assert values["backend"]["reason"] == "scripted for a test"


def test_the_doctor_without_a_backend(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("models", BackendUnavailable("Nothing.", "Install this.\nOr that."))
    ran = run("doctor")
    assert ran.code == 3
    assert "! Nothing. Install this." in ran.out
    assert "Or that." in ran.out


def test_the_doctor_when_none_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_: object) -> None:
        raise BackendUnavailable("No source of models.", "Install this.\nOr that.")

    monkeypatch.setattr("tui.foundry.connect.connect", connect)
    ran = run("doctor")
    assert ran.code == 3
    assert "In use:      none: No source of models." in ran.out
    assert "Or that." in ran.out
    assert run("doctor", "--json").json["backend_error"]["code"] == "backend_unavailable"


def test_the_doctor_shows_neither_home_nor_key(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "sk-very-secret")
    for arguments in (("doctor",), ("doctor", "--json")):
        ran = run(*arguments)
        assert str(home) not in ran.out
        assert "~" in ran.out
        assert "sk-very-secret" not in ran.out + ran.err


def test_the_doctor_probes_a_loaded_model(run: Run, backend: ScriptedBackend) -> None:
    assert "nothing to probe" in run("doctor", "--probe").out
    backend.mark(SMALL, loaded=True)
    ran = run("doctor", "--probe")
    assert f"{SMALL} answered one token after" in ran.out
    (request,) = backend.requests
    assert request.max_tokens == 1
    backend.say(ScriptedAnswer(error=RequestFailed("Stuck.", "Restart it.")))
    failed = run("doctor", "--probe", "--json").json
    assert failed["probe"]["answered"] is False
    assert "Stuck." in failed["findings"][0]["what"]


def test_the_doctor_does_not_start_the_service(run: Run, targets: list[Target]) -> None:
    run("doctor")
    assert not targets[-1].start_service
    run("models")
    assert targets[-1].start_service


@pytest.mark.parametrize(
    ("arguments", "environment", "config", "expected"),
    [
        ((), {}, "", ("auto", None)),
        (("--endpoint", "box:1"), {"FOUNDRY_ENDPOINT": "http://e"}, "", ("endpoint", "box:1")),
        ((), {"FOUNDRY_ENDPOINT": "http://e", "BASE_URL": "http://b"}, 'endpoint = "http://c"',
         ("endpoint", "http://e")),
        ((), {"BASE_URL": "http://b"}, 'endpoint = "http://c"', ("endpoint", "http://c")),
        ((), {"BASE_URL": "http://b"}, "", ("endpoint", "http://b")),
        ((), {"BASE_URL": "http://b"}, 'backend = "runtime"', ("runtime", None)),
        (("--backend", "runtime"), {"FOUNDRY_ENDPOINT": "http://e"}, "", ("runtime", None)),
        (("--backend", "endpoint"), {}, "", ("endpoint", None)),
        (("--backend", "auto"), {}, 'backend = "runtime"', ("auto", None)),
        ((), {}, 'backend = "foundry"', ("foundry", None)),
    ],
)  # fmt: skip
def test_who_decides_about_the_backend(
    run: Run,
    targets: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    config: str,
    expected: tuple[str, str | None],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "config.toml"
    file.write_text(config)
    assert run("models", *arguments, "--config", str(file)).code == 0
    (target,) = targets
    assert (target.kind, target.endpoint_url) == expected


def test_key_and_model_come_from_the_environment(
    run: Run, targets: list[Target], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("API_KEY", "sk-course")
    monkeypatch.setenv("MODEL", "phi")
    monkeypatch.setenv("BOX_KEY", "sk-box")
    run("models", "--endpoint", "box")
    file = tmp_path / "config.toml"
    file.write_text('api_key_env = "BOX_KEY"')
    run("models", "--endpoint", "box", "--config", str(file))
    assert [(t.api_key, t.model) for t in targets] == [("sk-course", "phi"), ("sk-box", "phi")]


@pytest.mark.parametrize(
    "arguments",
    [("nope",), ("chat",), ("--backend", "x", "models"), ("bench", "--models", ","),
     ("bench", "--models", "a", "--rounds", "0"), ("models", "info"), ("--mod", "x")],
)  # fmt: skip
def test_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, "--json")
    assert ran.code == 2
    assert ran.error["code"] == "usage"
    assert "--help" in ran.error["hint"]
