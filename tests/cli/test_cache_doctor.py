"""`cache doctor`: finds, asks, mends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.shelf import HALF, OTTER, Shelf, untidy_shelf
from tui.cli import asking
from tui.foundry.errors import RequestFailed

Run = Callable[..., Ran]


@pytest.fixture
def backend(tmp_path: Path) -> Shelf:
    return untidy_shelf(tmp_path / "models")


def kinds(ran: Ran) -> dict[str, bool]:
    return {row["kind"]: row["mended"] for row in ran.json["findings"]}


def test_it_names_each_with_its_size_and_repair(run: Run, backend: Shelf) -> None:
    ran = run("cache", "doctor")
    assert ran.code == 1
    assert f"! partial: {HALF}: a download that ended early, 400 B." in ran.out
    values = run("cache", "doctor", "--json").json["findings"]
    assert [(row["kind"], row["repair"], row["size_bytes"], row["certain"]) for row in values] == [
        ("partial", "delete", 400, True),
        ("orphan", "delete folder", 300, False),
        ("stale", "delete file", 18, True),
    ]


def test_yes_mends_what_loses_nothing(run: Run, backend: Shelf) -> None:
    ran = run("cache", "doctor", "--repair", "--yes", "--json")
    assert ran.code == 1
    assert kinds(ran) == {"partial": True, "orphan": False, "stale": True}
    assert not (backend.location / "foundry.modelinfo.json").exists()
    assert (backend.location / "Microsoft" / "junk").exists()


def test_a_named_kind_is_mended_wholly(run: Run, backend: Shelf) -> None:
    ran = run("cache", "doctor", "--repair", "--yes", "--only", "orphan", "--json")
    assert kinds(ran) == {"partial": False, "orphan": True, "stale": False}
    assert not (backend.location / "Microsoft" / "junk").exists()
    assert ran.json["freed_bytes"] > 0


def test_a_person_is_asked_for_each(
    run: Run, backend: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def ask(prompt: str) -> str:
        asked.append(prompt)
        return "y" if "orphan" in prompt or "belong to no model" in prompt else "n"

    monkeypatch.setattr(asking, "ask", ask)
    monkeypatch.setattr("tui.cli.cache_doctor.somebody_is_there", lambda: True)
    monkeypatch.setattr(asking, "somebody_is_there", lambda: True)
    ran = run("cache", "doctor", "--repair", "--json")
    assert kinds(ran) == {"partial": False, "orphan": True, "stale": False}
    assert len(asked) == 3
    assert asked[1] == "junk: 300 B that belong to no model. Delete? [y/N] "


def test_nobody_to_ask_and_unknown_kinds_are_wrong_usage(run: Run, backend: Shelf) -> None:
    assert not sys.stdin.isatty()
    ran = run("cache", "doctor", "--repair")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert run("cache", "doctor", "--only", "orphan,nonsense").code == 2


def test_what_fails_leaves_the_rest_done(run: Run, backend: Shelf) -> None:
    backend.fail("remove", RequestFailed("It is in use.", "Close it."))
    ran = run("cache", "doctor", "--repair", "--yes")
    assert ran.code == 5
    assert "It is in use." in ran.err
    assert "mended: The service's copy" in ran.out


def test_checksums_are_taken_and_compared(run: Run, backend: Shelf) -> None:
    run("cache", "doctor", "--repair", "--yes", "--only", "partial,orphan,stale")
    backend.entries = backend.entries[:1]
    ran = run("cache", "doctor", "--checksums")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == ("Checksums: 1 taken for the first time; nothing differs.")
    (backend.location / "Microsoft" / "otter-1" / "model.onnx").write_text("[]")
    assert run("cache", "doctor").code == 0
    ran = run("cache", "doctor", "--checksums", "--json")
    assert (ran.code, ran.json["checksums"]) == (1, {"compared": 1, "taken": 0})
    assert kinds(ran) == {"damaged": False}
    repaired = run("cache", "doctor", "--checksums", "--repair", "--yes", "--only", "damaged")
    assert repaired.code == 0
    assert f"remove {OTTER}" in backend.calls
