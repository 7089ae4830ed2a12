"""The course, walked through on a fresh machine: no network, no `foundry`, the real runtime."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.builder_stand_in import BuilderStandIn, checkpoint
from tests.support.terminal import Terminal

Start = Callable[..., Terminal]
DEMO_FOLDER = Path(__file__).parent.parent.parent / "tui" / "demo_models" / "demo-small"


def command(
    environment: dict[str, str], *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a headless command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        env=environment,
        cwd=environment["PWD"],
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


def children_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_the_course_on_the_screen(start: Start, environment: dict[str, str], home: Path) -> None:
    own = home / "work" / "my-model"
    shutil.copytree(DEMO_FOLDER, own)
    source = checkpoint(home / "work" / "Llama 3.2")
    python = BuilderStandIn(home / "builder").python
    # As a person would have it after the first time.
    settings = Path(environment["FOUNDRY_TUI_HOME"]) / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'compile_python = "{python}"\n')
    terminal = start(columns=120, lines=40)

    # Part 1: list the catalog, with the team's registry in it; run two candidates.
    terminal.wait_for("demo-small")
    terminal.wait_for("demo-large")
    terminal.wait_for("phi-4-mini")
    terminal.press("/")
    terminal.type("demo-large")
    terminal.wait_for(lambda text: "demo-small" not in text.split("demo-large", 1)[1])
    terminal.press("enter", "enter")
    terminal.wait_for("● demo-large")
    terminal.press("/", *["backspace"] * 10, "enter")
    terminal.wait_for("demo-small")

    # Part 3: a directory for the models, ...
    terminal.press("2")
    terminal.wait_for("demo-large")
    terminal.press("m")
    terminal.wait_for("Move the cache")
    terminal.type(str(home / "work" / "models"))
    terminal.press("enter")
    terminal.wait_for("are kept in")
    # ... a model compiled into it, and a directory brought along; they stand in the cache.
    terminal.press("K")
    terminal.wait_for("Compile a Hugging Face model")
    terminal.type(str(source))
    terminal.wait_for("✓ RAM: about")
    terminal.press("enter")
    terminal.wait_for("compile llama-3.2: done")
    terminal.wait_for(lambda text: "3 variants" in text and "○  llama-3.2" in text)
    assert (home / "work" / "models" / "Local" / "llama-3.2-1" / "model.onnx").is_file()
    terminal.press("i")
    terminal.wait_for("Import a model directory")
    terminal.type(str(own))
    terminal.wait_for("Can be imported")
    terminal.press("enter")
    terminal.wait_for("import my-model: done")

    # Part 4: the compiled model goes into the registry, and is recommended by it.
    terminal.press("1")
    terminal.wait_for("my-model")
    terminal.press("/")
    terminal.type("llama-3.2")
    terminal.press("enter", "a")
    terminal.wait_for("Add to the registry")
    terminal.press("enter")
    terminal.wait_for(lambda text: "Add to the registry" not in text)
    registry = json.loads((home / "work" / "models.json").read_text())
    assert "llama-3.2" in [entry["name"] for entry in registry]
    terminal.press("r")
    terminal.wait_for("the course's rule")
    terminal.press("escape")
    terminal.settle()

    # Part 2: talk to a model.
    terminal.press("c")
    terminal.wait_for(lambda text: "llama-3.2" in text and "send" in text)
    terminal.type("Say hello in 5 words.")
    terminal.press("enter")
    terminal.wait_for("TTFT")
    terminal.wait_for("stopped by itself")

    # Memory, watched.
    terminal.press("escape")
    terminal.settle()
    terminal.press("4")
    terminal.wait_for(lambda text: "RAM" in text and "llama-3.2" in text)

    # Part 5: latency of models side by side.
    terminal.press("5")
    terminal.wait_for("s start")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert terminal.left_broken() == []


def test_two_models_are_compared_and_the_answers_exported(start: Start, home: Path) -> None:
    terminal = start(columns=120, lines=40)
    terminal.wait_for("demo-large")
    terminal.wait_for("demo-small")
    terminal.press("5")
    terminal.wait_for("s start")
    terminal.press("space", "space", *["-"] * 4, "s")
    terminal.wait_for(lambda text: "TTFT" in text and "decode" in text, 60)
    terminal.wait_for("conditions", 90)
    terminal.press("e")
    text = terminal.wait_for(lambda text: ".csv" in text)
    assert "faster" in text or "no difference shown" in text or "unstable" in text
    exported = list(home.rglob("*.csv"))
    assert len(exported) == 1
    rows = list(csv.DictReader(io.StringIO(exported[0].read_text(encoding="utf-8"))))
    assert {row["model"] for row in rows} >= {
        "demo-small-generic-cpu:1",
        "demo-large-generic-cpu:1",
    }
    assert all(row["answer"] for row in rows if not row["error"])
    terminal.press("q")
    assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("way", ["q", "SIGTERM", "SIGHUP"])
def test_leaving_restores_the_terminal_and_leaves_no_process(start: Start, way: str) -> None:
    terminal = start(columns=80, lines=24)
    terminal.wait_for("demo-small")
    children = children_of(terminal.process.pid)
    assert children
    if way == "q":
        terminal.press("q")
    else:
        os.kill(terminal.process.pid, getattr(signal, way))
    terminal.wait_for_end()
    assert terminal.left_broken() == []
    _, alive = psutil.wait_procs(children, timeout=8)
    assert alive == []


def test_the_runtime_ends_with_a_program_that_was_killed(start: Start) -> None:
    terminal = start(columns=80, lines=24)
    terminal.wait_for("demo-small")
    children = children_of(terminal.process.pid)
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.wait_for_end()
    _, alive = psutil.wait_procs(children, timeout=8)
    assert alive == []


def test_a_crash_of_the_runtime_is_said_and_mended(start: Start) -> None:
    terminal = start()
    terminal.wait_for("demo-small")
    (runtime,) = [
        one for one in children_of(terminal.process.pid) if "host" in " ".join(one.cmdline())
    ]
    os.kill(runtime.pid, signal.SIGSEGV)
    terminal.wait_for("ended by itself")
    terminal.press("enter")
    terminal.wait_for("● demo-")
    terminal.press("q")
    assert terminal.wait_for_end() == 0


def test_the_course_in_commands(environment: dict[str, str], home: Path) -> None:
    listed = json.loads(command(environment, "models", "--json").stdout)
    assert {"demo-small", "demo-large"} <= {model["alias"] for model in listed["models"]}

    own = home / "work" / "my-model"
    shutil.copytree(DEMO_FOLDER, own)
    (own / "chat_template.jinja").unlink()
    checked = command(environment, "import", str(own), "--check", check=False)
    assert checked.returncode == 1
    assert "--mend" in checked.stdout
    command(
        environment,
        "import",
        str(own),
        "--name",
        "my-model",
        "--register",
        "--chat-template",
        "phi",
    )
    # A directory for the models, one of them compiled; it is listed, runs, and is registered.
    models = home / "work" / "models"
    command(environment, "cache", "cd", "models", "--models", "link")
    python = BuilderStandIn(home / "builder").python
    source = checkpoint(home / "work" / "Llama 3.2")
    compiled = command(
        environment,
        "compile",
        str(source),
        "--name",
        "llama-3.2",
        "--python",
        str(python),
        "--json",
    )
    assert json.loads(compiled.stdout)["variant"] == "llama-3.2:1"
    cache = json.loads(command(environment, "cache", "ls", "--json").stdout)
    assert cache["location"] == str(models)
    assert {"my-model:1", "llama-3.2:1"} <= {entry["variant"] for entry in cache["entries"]}
    ran = command(environment, "run", "llama-3.2", "--once", "--verbose")
    assert "llama-3.2:1 loaded in" in ran.stdout
    command(environment, "registry", "add", "llama-3.2", "--task", "chat", "--min-ram-gb", "1")
    small = command(environment, "select", "--task", "chat", "--ram-gb", "2", "--json")
    assert json.loads(small.stdout)["choice"]["name"] == "llama-3.2"

    answer = json.loads(
        command(environment, "chat", "my-model", "Say hello in 5 words.", "--json").stdout
    )
    assert answer["text"]
    assert answer["ttft_s"] > 0

    benched = json.loads(
        command(
            environment,
            "bench",
            "--models",
            "demo-small,demo-large,my-model",
            "--rounds",
            "2",
            "--json",
        ).stdout
    )
    assert len(benched["targets"]) == 3
    assert all(request["error"] is None for request in benched["requests"])

    choice = json.loads(command(environment, "select", "--task", "chat", "--json").stdout)
    assert choice["reason"]
    assert command(environment, "doctor").returncode == 0


def test_run_serves_the_endpoint_until_it_is_interrupted(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "run", "demo-small", "--json"],
        env=environment,
        cwd=environment["PWD"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        body = {
            "model": ready["variant"],
            "messages": [{"role": "user", "content": "Say hello in 5 words."}],
            "max_tokens": 64,
            "temperature": 0,
        }
        answer = httpx.post(f"{ready['base_url']}/chat/completions", json=body, timeout=20).json()
        assert len(re.findall(r"\w+", answer["choices"][0]["message"]["content"])) == 5
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    finally:
        process.kill()
        process.communicate()


def test_a_model_is_carried_to_a_machine_without_a_network(
    environment: dict[str, str], home: Path
) -> None:
    bundle = home / "work" / "demo-small-generic-cpu-1.tar"
    packed = command(environment, "cache", "export", "demo-small", str(home / "work"))
    assert "written to" in packed.stdout
    assert "is whole" in command(environment, "cache", "verify", str(bundle)).stdout
    other = {**environment, "FOUNDRY_TUI_HOME": str(home / "other-machine")}
    imported = command(other, "import", str(bundle), "--name", "carried")
    assert imported.stdout == "Imported as carried:1.\n"
    answer = command(other, "chat", "carried", "What is Foundry Local?", "--json")
    assert json.loads(answer.stdout)["text"]
    unpacked = home / "other-machine" / "data" / "unpacked"
    assert len(list(unpacked.iterdir())) == 1
    command(other, "cache", "rm", "carried")
    assert list(unpacked.iterdir()) == []
    bundle.write_bytes(bundle.read_bytes()[:-700_000])
    broken = command(other, "import", str(bundle), "--name", "again", check=False)
    assert broken.returncode == 1
    assert "Copy it again." in broken.stderr
    assert list(unpacked.iterdir()) == []
