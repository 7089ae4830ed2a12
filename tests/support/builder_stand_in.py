"""A Python that seems to have the model builder: what it prints is recorded from the real one
(onnxruntime-genai 0.18.0, transformers 5.24), what it makes is a copy of a demo model.

Stands for the interpreter that `compile` is told to use. It knows two calls: `probe.py [ID]`, which
it answers with made-up facts, and `-m onnxruntime_genai.models.builder ...`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parent.parent.parent / "tui" / "demo_models" / "demo-small"
LINES = """\
Valid precision + execution provider combinations are: FP32 CPU, INT8 CPU, INT4 CPU
Extra options: {}
GroupQueryAttention (GQA) is used in this model.
\rLoading weights:   0%|          | 0/20 [00:00<?, ?it/s]\rLoading weights: 100%|##| 20/20 [00:00]
Reading embedding layer
Reading layer 0
Reading layer 1
Reading final norm
Reading LM head
Saving ONNX model in OUT
x matmul_nbits_quantizer [INFO] - skip to quantize /model/constant_nodes/INT64/1 ...
x matmul_nbits_quantizer [INFO] - start to quantize /model/layers.0/attn/qkv_proj/MatMul ...
x matmul_nbits_quantizer [INFO] - complete quantization of /model/layers.0/attn/qkv_proj/MatMul with 4 bits ...
x matmul_nbits_quantizer [INFO] - complete quantization of /lm_head/MatMul with 4 bits ...
\r0it [00:00, ?it/s]\rSaving cos_cache (f32, [512,8]):   7%|7| 2/29 [00:00]\rSaving lm_head.MatMul.weight_scales (f32, [18,2]): 100%|##| 29/29 [00:00]
Saving GenAI config in OUT
Saving processing files in OUT for GenAI
"""  # noqa: E501 - as it is printed
NO_NETWORK = {
    "error": ["LocalEntryNotFoundError", "OSError"],
    "said": "An error happened while trying to locate the file on the Hub.",
}
GATED = {
    "error": ["GatedRepoError", "RepositoryNotFoundError", "HfHubHTTPError"],
    "said": "403 Client Error. Access to model is restricted.",
}
CONFIG = {"dtype": "bfloat16", "vocab_size": 2048, "hidden_size": 128, "num_hidden_layers": 2,
          "max_position_embeddings": 4096}  # fmt: skip


class BuilderStandIn:
    """Writes the interpreter, and reads what it was told.

    Args:
        folder: Where it is put.
        behaviour: What the builder does: `good`, `gated`, `disk full`, `killed`, `broken`, `hangs`,
            `no chat template`, `tells its token`.
        probe: What the probe says beside the usual.
    """

    def __init__(self, folder: Path, behaviour: str = "good", **probe: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.python = folder / "python"
        found = {
            "python": "3.11.7",
            "versions": {"onnxruntime-genai": "0.18.0", "torch": "2.13.0"},
            "missing": [],
            "hub_dir": str(folder / "hub"),
            "token": False,
            **probe,
        }
        state = {"behaviour": behaviour, "probe": found}
        (folder / "state.json").write_text(json.dumps(state))
        self.python.write_text(
            f"#!{sys.executable}\n"
            f"import sys\nsys.path.insert(0, {str(DEMO.parents[2])!r})\n"
            "from tests.support.builder_stand_in import main\n"
            f"sys.exit(main({str(folder)!r}, sys.argv[1:]))\n"
        )
        self.python.chmod(0o755)

    @property
    def pids(self) -> list[int]:
        """Processes that the builder was, and started."""
        path = self.folder / "pids"
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    @property
    def told(self) -> list[str]:
        """The arguments of the last run of the builder."""
        words: list[str] = json.loads((self.folder / "told.json").read_text())
        return words


def checkpoint(folder: Path) -> Path:
    """Write a directory that looks like a checkpoint; no real builder could use it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    header = {"w": {"dtype": "BF16", "shape": [1000, 1000], "data_offsets": [0, 2000000]}}
    data = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(data).to_bytes(8, "little") + data)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


def main(place: str, words: list[str]) -> int:
    """Be the interpreter."""
    folder = Path(place)
    state = json.loads((folder / "state.json").read_text())
    if words[0] != "-m":
        print(json.dumps(state["probe"]))
        return 0
    assert words[1] == "onnxruntime_genai.models.builder"
    (folder / "told.json").write_text(json.dumps(words))
    return build(folder, Path(words[words.index("-o") + 1]), state["behaviour"])


def build(folder: Path, output: Path, behaviour: str) -> int:
    """Be the builder."""
    output.mkdir(parents=True, exist_ok=True)
    lines = LINES.replace("OUT", str(output)).splitlines(keepends=True)
    half = len(lines) // 2
    sys.stdout.write("".join(lines[:half]))
    sys.stdout.flush()
    (output / "model.onnx").write_bytes(b"half")
    if behaviour == "gated":
        print("huggingface_hub.errors.GatedRepoError: 403 Client Error.", file=sys.stderr)
        return 1
    if behaviour == "disk full":
        print("OSError: [Errno 28] No space left on device", file=sys.stderr)
        return 1
    if behaviour == "killed":
        os.kill(os.getpid(), 9)
    if behaviour == "tells its token":
        print(f"Using {os.environ['HF_TOKEN']} and hf_abcdefghijklmnop")
        print("ValueError: something else", file=sys.stderr)
        return 3
    if behaviour == "hangs":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        part = folder / "pids.part"
        part.write_text(f"{os.getpid()} {child.pid}")
        part.rename(folder / "pids")
        time.sleep(600)
    shutil.copytree(DEMO, output, dirs_exist_ok=True)
    if behaviour == "no chat template":
        (output / "chat_template.jinja").unlink()
    if behaviour == "broken":
        (output / "model.onnx.data").unlink()
    sys.stdout.write("".join(lines[half:]))
    return 0
