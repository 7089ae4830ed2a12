"""What one can switch to, and which of it is in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.options import GlobalOptions
from tui.foundry.connect import Target
from tui.foundry.types import BackendInfo
from tui.session import Session, load_session
from tui.targets import describe_target, is_in_use, targets_of

SETTINGS = """
[endpoints.box]
url = "http://127.0.0.1:9000/v1"
model = "otter"
api_key_env = "BOX_KEY"

[endpoints.cluster]
url = "https://cluster.example/v1"
api_key = "sk-very-secret"
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    file = tmp_path / "config.toml"
    file.write_text(SETTINGS)
    return load_session(GlobalOptions(config_file=file, endpoint="box"), {"BOX_KEY": "sk-box"})


def test_a_named_endpoint_has_its_own_address_key_and_model(session: Session) -> None:
    target = session.target
    assert (target.kind, target.endpoint_url, target.model) == (
        "endpoint", "http://127.0.0.1:9000/v1", "otter",
    )  # fmt: skip
    assert target.api_key == "sk-box"
    assert target.reason == "the endpoint 'box' of the settings"


def test_the_settings_can_name_one_as_the_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'endpoint = "cluster"\n{SETTINGS}')
    target = load_session(GlobalOptions(config_file=file), {"API_KEY": "sk-other"}).target
    assert (target.endpoint_url, target.api_key) == (
        "https://cluster.example/v1", "sk-very-secret",
    )  # fmt: skip


def test_all_that_one_can_switch_to(session: Session) -> None:
    targets = targets_of(session)
    assert list(targets) == ["as started", "auto", "foundry", "runtime", "box", "cluster"]
    assert targets["auto"] == Target()
    assert "http://127.0.0.1:9000/v1, otter" in describe_target("box", targets["box"])


def test_no_key_is_shown_anywhere(session: Session) -> None:
    shown = [repr(session), str(session.config.as_dict()), repr(targets_of(session))]
    shown += [describe_target(name, target) for name, target in targets_of(session).items()]
    assert not [text for text in shown if "sk-" in text]
    assert session.config.as_dict()["endpoints"]["cluster"]["api_key"] == "***"


def test_which_one_is_in_use(session: Session) -> None:
    targets = targets_of(session)
    box = BackendInfo("endpoint", "", "", "http://127.0.0.1:9000")
    assert [name for name, target in targets.items() if is_in_use(target, box)] == [
        "as started", "box",
    ]  # fmt: skip
    runtime = BackendInfo("runtime", "2.2", "")
    assert [name for name, target in targets.items() if is_in_use(target, runtime)] == ["runtime"]
    assert not any(is_in_use(target, None) for target in targets.values())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[endpoints.x]\nmodel = "m"', "'endpoints.x.url' is missing"),
        ('[endpoints]\nx = "http://a"', "must be a section [endpoints.x]"),
        ('[endpoints.x]\nurl = "nowhere"', "'endpoints.x.url' must be an address"),
        ('[endpoints.x]\nurl = "http://a"\napi_key = 5', "not ***"),
        ('endpoint = "y"\n[endpoints.x]\nurl = "http://a"', "or one of x, not 'y'"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    (said,) = load_session(GlobalOptions(config_file=file), {}).config.problems
    assert problem in said
