"""A model is compiled by a stand-in for the builder; whatever happens, nothing is left behind."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("the stand-in is a script with a #! line", allow_module_level=True)

from tests.support.builder_stand_in import CONFIG, GATED, NO_NETWORK, BuilderStandIn, checkpoint
from tests.support.folder_backend import FolderBackend
from tui.cache.compiling import compiler
from tui.cache.compiling.compiler import Compiled, compile_model
from tui.cache.compiling.plan import make_plan
from tui.cache.compiling.recipe import CompileFailed, Recipe, find_source
from tui.cache.compiling.toolchain import BuilderMissing
from tui.foundry.errors import FoundryError, InvalidModelFolder, RequestFailed, Unsupported
from tui.foundry.types import Capability, Progress


@pytest.fixture
def backend(tmp_path: Path) -> FolderBackend:
    made = FolderBackend()
    made.location = tmp_path / "cache"
    return made


class Run:
    """One compilation in a temporary directory."""

    def __init__(self, tmp_path: Path, backend: FolderBackend) -> None:
        self.tmp_path = tmp_path
        self.backend = backend
        self.told: list[Progress] = []
        self.source = str(checkpoint(tmp_path / "checkpoint"))
        self.stand_in = BuilderStandIn(tmp_path / "bin")
        self.log = tmp_path / "logs" / "compile.log"
        self.kept = tmp_path / "kept"

    def recipe(self, **changes: Any) -> Recipe:
        source = find_source(changes.pop("source", self.source))
        return Recipe(source, "otter", str(self.stand_in.python), **changes)

    async def __call__(self, **changes: Any) -> Compiled:
        plan = await make_plan(self.recipe(**changes), self.backend)
        return await compile_model(plan, self.backend, self.told.append, self.log, self.kept)

    def left_behind(self) -> list[str]:
        local = self.backend.location / "Local"
        return sorted(path.name for path in local.iterdir()) if local.exists() else []

    @property
    def lines(self) -> list[str]:
        return [one.line for one in self.told if one.line]


@pytest.fixture
def run(tmp_path: Path, backend: FolderBackend) -> Run:
    return Run(tmp_path, backend)


async def test_it_is_built_checked_and_moved_into_the_cache(run: Run) -> None:
    compiled = await run()
    assert compiled.variant_id == "otter:1"
    assert compiled.size_bytes > 1_000_000
    assert compiled.mended == ()
    assert run.left_behind() == ["otter-1"]
    place = run.backend.location / "Local" / "otter-1"
    assert not (place / "model.onnx.data").is_symlink()
    told = run.stand_in.told
    assert told[told.index("-i") + 1] == run.source
    assert told[told.index("-p") + 1] == "int4"


async def test_phases_lines_and_command_are_told(run: Run) -> None:
    await run()
    words = list(dict.fromkeys(one.message.split()[0] for one in run.told if one.message))
    assert words == [
        "starting", "loading", "converting", "quantising", "saving", "tokenizer", "checking",
        "importing",
    ]  # fmt: skip
    fractions = [one.fraction for one in run.told if one.fraction is not None]
    assert fractions == sorted(fractions)
    assert run.lines[0].startswith(f"$ {run.stand_in.python} -m onnxruntime_genai.models.builder")
    assert not [line for line in run.lines if "skip to quantize" in line]
    log = run.log.read_text()
    assert log.splitlines()[0] == run.lines[0]
    assert "skip to quantize" in log


async def test_the_output_can_be_a_directory_of_the_user_s(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out" / "otter"
    await run(output=out)
    assert (out / "model.onnx").is_file()
    assert (run.backend.location / "Local" / "otter-1" / "model.onnx").is_symlink()
    run.backend.local.remove("otter:1")
    assert (out / "model.onnx").is_file()
    with pytest.raises(CompileFailed, match="is not empty"):
        await run(output=out)
    assert (out / "model.onnx").is_file()


async def test_a_base_model_gets_a_chat_template(run: Run) -> None:
    run.stand_in = BuilderStandIn(run.tmp_path / "bin", "no chat template")
    compiled = await run()
    assert "chat template is phi" in compiled.mended[0]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("gated", "is gated"),
        ("disk full", "The disk is full."),
        ("killed", "memory ran out"),
        ("broken", "What the builder made cannot be used"),
    ],
)
@pytest.mark.parametrize("own_output", [False, True])
async def test_a_failure_is_explained_and_leaves_nothing(
    run: Run, tmp_path: Path, behaviour: str, said: str, own_output: bool
) -> None:
    run.stand_in = BuilderStandIn(tmp_path / "bin", behaviour)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(CompileFailed, match=said) as caught:
        await run(output=out if own_output else None)
    assert caught.value.hint
    assert run.left_behind() == []
    assert list(out.iterdir()) == []


async def test_a_token_is_neither_told_nor_logged(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "a-secret-of-mine")
    run.stand_in = BuilderStandIn(run.tmp_path / "bin", "tells its token", token=True)
    with pytest.raises(CompileFailed) as caught:
        await run(source="owner/name")
    everything = "\n".join(
        [*run.lines, run.log.read_text(), caught.value.message, *run.stand_in.told]
    )
    assert "Using *** and ***" in everything
    assert "secret" not in everything
    assert "hf_abc" not in everything
    assert "hf_token=false" not in run.stand_in.told


async def test_a_cancel_ends_the_builder_and_what_it_started(run: Run, tmp_path: Path) -> None:
    run.stand_in = BuilderStandIn(tmp_path / "bin", "hangs")
    task = asyncio.create_task(run())
    async with asyncio.timeout(20):
        while not run.stand_in.pids:  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(0.01)
    pids = run.stand_in.pids
    assert all(psutil.pid_exists(pid) for pid in pids)
    assert run.left_behind()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    alive = [pid for pid in pids if psutil.pid_exists(pid)
             and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]  # fmt: skip
    assert alive == []
    assert run.left_behind() == []


async def test_a_builder_that_says_nothing_is_ended(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "SILENCE_LIMIT_S", 0.5)
    run.stand_in = BuilderStandIn(tmp_path / "bin", "hangs")
    with pytest.raises(FoundryError, match="said nothing"):
        await run()
    assert run.left_behind() == []


@pytest.mark.parametrize(
    ("probe", "said", "hint"),
    [(GATED, "is gated", "HF_TOKEN"), (NO_NETWORK, "cannot be reached", "as a directory")],
)
async def test_what_the_hub_refuses_is_said_before_anything_is_built(
    run: Run, probe: dict[str, Any], said: str, hint: str
) -> None:
    run.stand_in = BuilderStandIn(run.tmp_path / "bin", **probe)
    with pytest.raises(CompileFailed, match=said) as caught:
        await run(source="owner/name")
    assert hint in caught.value.hint
    assert not run.log.exists()


async def test_missing_packages_say_what_to_install(run: Run) -> None:
    run.stand_in = BuilderStandIn(run.tmp_path / "bin", missing=["torch", "onnx-ir"])
    with pytest.raises(BuilderMissing, match="has no torch, onnx-ir") as caught:
        await run()
    assert "foundry-tui[compile]" in caught.value.hint
    assert "--python" in caught.value.hint
    run.stand_in.python = run.tmp_path / "no-such-python"
    with pytest.raises(BuilderMissing, match="no interpreter"):
        await run()


async def test_disk_and_memory_are_checked_first(run: Run) -> None:
    huge = {"config": CONFIG, "weight_bytes": 10**15}
    run.stand_in = BuilderStandIn(run.tmp_path / "bin", **huge)
    plan = await make_plan(run.recipe(source="owner/name"), run.backend)
    assert [one.what.split()[0] for one in plan.errors] == ["Disk:", "RAM:"]
    with pytest.raises(CompileFailed, match="Disk: about") as caught:
        await run(source="owner/name")
    assert "Free some space" in caught.value.hint
    assert run.left_behind() == []
    assert not (run.stand_in.folder / "told.json").exists()


async def test_what_is_known_of_a_model_on_the_hub_is_planned_with(run: Run) -> None:
    facts = {"config": CONFIG, "weight_bytes": 2_000_000}
    run.stand_in = BuilderStandIn(run.tmp_path / "bin", **facts)
    plan = await make_plan(run.recipe(source="owner/name"), run.backend)
    assert plan.errors == ()
    assert plan.needs is not None
    assert plan.needs.download_bytes == 2_000_000
    assert plan.command[-2:] == ("--extra_options", "hf_token=false")


async def test_a_name_that_is_taken_is_refused_before_the_hours_of_work(run: Run) -> None:
    await run()
    with pytest.raises(InvalidModelFolder, match="already"):
        await run()


async def test_a_backend_that_takes_no_models_says_so(run: Run) -> None:
    run.backend.info.unavailable[Capability.IMPORT] = "It takes none."
    with pytest.raises(Unsupported, match="It takes none"):
        await run()


async def test_a_finished_model_is_kept_when_only_the_import_fails(run: Run) -> None:
    run.backend.fail("import_model", RequestFailed("The runtime ended.", "Start it again."))
    with pytest.raises(CompileFailed, match="It was compiled, but not imported") as got:
        await run()
    assert f"foundry-tui import {run.kept / 'otter'}" in got.value.hint
    assert (run.kept / "otter" / "model.onnx").is_file()
    assert run.left_behind() == []
