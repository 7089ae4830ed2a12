"""A checkpoint made on the spot, compiled by the real builder, run by the real runtime.

Slow: the builder's environment is installed first, torch and all. `FOUNDRY_TUI_SERVERS` names a
directory in which it is kept for the next run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.other_servers import installed
from tests.support.terminal import Terminal
from tests.support.tiny_checkpoint import ANSWER

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
LIMIT_S = 180


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the model builder."""
    binaries = installed(
        tmp_path_factory.mktemp("builder"), "torch==2.13.0", "transformers>=5", "onnx>=1.19",
        "onnx-ir>=1.1", "onnxruntime-genai>=0.18",
    )  # fmt: skip
    return binaries / "python"


@pytest.fixture(scope="module")
def checkpoint(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that says one sentence."""
    folder = tmp_path_factory.mktemp("checkpoint") / "Tiny Hello"
    subprocess.run(
        [str(python), str(ROOT / "tests/support/tiny_checkpoint.py"), str(folder)],
        check=True, timeout=LIMIT_S,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return folder


@pytest.fixture
def offline(environment: dict[str, str]) -> dict[str, str]:
    """The program's environment, with nothing that leaves this machine."""
    return {**environment, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def command(environment: dict[str, str], *arguments: str, check: bool = True) -> str:
    """Run a verb to its end; returns both streams."""
    ran = subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        env=environment, cwd=environment["PWD"], text=True, timeout=LIMIT_S, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT if not check else subprocess.PIPE,
    )  # fmt: skip
    assert ran.returncode == 0 or not check, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("precision", ["int4", "fp32"])
def test_compile_import_load_and_chat_in_commands(
    offline: dict[str, str], python: Path, checkpoint: Path, precision: str
) -> None:
    values = json.loads(command(
        offline, "compile", str(checkpoint), "--name", "hello", "--precision", precision,
        "--python", str(python), "--json",
    ))  # fmt: skip
    assert values["variant"] == "hello:1"
    assert values["mended"] == []
    entries = json.loads(command(offline, "cache", "ls", "--json"))["entries"]
    assert "hello:1" in [entry["variant"] for entry in entries]
    answer = json.loads(command(
        offline, "chat", "hello", "Say hello in 5 words.", "--temperature", "0", "--json"
    ))  # fmt: skip
    assert answer["text"] == ANSWER
    assert answer["finish_reason"] == "stop"
    assert answer["output_tokens"] > len(ANSWER) // 2


def test_compile_and_chat_on_the_screen(
    offline: dict[str, str], python: Path, checkpoint: Path
) -> None:
    settings = Path(offline["FOUNDRY_TUI_HOME"]) / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'compile_python = "{python}"\n')
    with Terminal([sys.executable, "-m", "tui"], environment=offline) as terminal:
        terminal.wait_for("demo-small")
        terminal.press("2")
        terminal.wait_for("demo-large")
        terminal.press("K")
        terminal.wait_for("Compile a Hugging Face model")
        terminal.type(str(checkpoint))
        terminal.wait_for("✓ RAM: about", LIMIT_S)
        terminal.press("enter")
        terminal.wait_for("compile tiny-hello: done", LIMIT_S)
        terminal.press("L")
        terminal.wait_for("Saving processing files")
        terminal.press("escape")
        terminal.settle()
        terminal.press("1")
        terminal.wait_for("tiny-hello")
        terminal.press("/")
        terminal.type("tiny-hello")
        terminal.press("enter", "c")
        terminal.wait_for(lambda text: "tiny-hello" in text and "send" in text)
        terminal.type("Say hello")
        terminal.press("enter")
        # It samples here, as the builder says: a letter may differ.
        text = terminal.wait_for("TTFT")
        assert "model" in text.split("You", 1)[1]
        terminal.press("escape")
        terminal.settle()
        terminal.press("1", "q")
        terminal.wait_for_end()


def test_a_model_on_hugging_face_without_a_network_is_a_clear_message(
    offline: dict[str, str], python: Path
) -> None:
    said = command(offline, "compile", "owner/name", "--python", str(python), check=False)
    assert "error: Hugging Face cannot be reached for 'owner/name'." in said
    assert "bring the checkpoint here as a directory" in said
    assert "Traceback" not in said


def test_a_broken_checkpoint_leaves_nothing(
    offline: dict[str, str], python: Path, checkpoint: Path, tmp_path: Path
) -> None:  # fmt: skip
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in checkpoint.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    said = command(offline, "compile", str(broken), "--python", str(python), check=False)
    assert "error: The weights are damaged." in said
    local = Path(offline["FOUNDRY_TUI_HOME"]) / "data" / "models" / "Local"
    assert [path.name for path in local.iterdir() if not path.name.startswith("demo-")] == []
