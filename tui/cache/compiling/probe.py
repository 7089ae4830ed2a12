"""Tells what an interpreter has for compiling, and what Hugging Face says of a model.

Run by that interpreter as a script, with the id as its argument or without; prints one JSON object.
Imports nothing of this program, and of the builder's packages only `huggingface_hub`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = {
    "onnxruntime_genai": "onnxruntime-genai",
    "onnx": "onnx",
    "onnx_ir": "onnx-ir",
    "torch": "torch",
    "transformers": "transformers",
}
WEIGHTS = (".safetensors", ".bin")
SHAPE = ("dtype", "torch_dtype", "vocab_size", "hidden_size", "num_hidden_layers",
         "max_position_embeddings")  # fmt: skip
NETWORK_LIMIT_S = 15


def main(model: str) -> None:
    """Print what is known."""
    versions = {name: _version(module, name) for module, name in PACKAGES.items()}
    found: dict[str, Any] = {
        "python": sys.version.split()[0],
        "versions": {name: version for name, version in versions.items() if version},
        "missing": [name for name, version in versions.items() if not version],
    }
    if importlib.util.find_spec("huggingface_hub") is not None:
        found |= _hub(model)
    print(json.dumps(found))


def _version(module: str, name: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None:
        return ""
    if module == "onnxruntime_genai":
        places = spec.submodule_search_locations or []
        if not any(Path(place, "models", "builder.py").is_file() for place in places):
            return ""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


def _hub(model: str) -> dict[str, Any]:
    hub = importlib.import_module("huggingface_hub")
    found: dict[str, Any] = {
        "hub_dir": importlib.import_module("huggingface_hub.constants").HF_HUB_CACHE,
        "token": hub.get_token() is not None,
    }
    if not model:
        return found
    config = hub.try_to_load_from_cache(model, "config.json")
    if isinstance(config, str):
        files = [path for path in Path(config).parent.iterdir() if path.suffix in WEIGHTS]
        if files:
            found["weight_bytes"] = sum(path.stat().st_size for path in files)
            found["config"] = _read(config)
            found["downloaded"] = True
            return found
    try:
        info = hub.HfApi().model_info(model, files_metadata=True, timeout=NETWORK_LIMIT_S)
        sizes = {one.rfilename: one.size or 0 for one in info.siblings or ()}
        for ending in WEIGHTS:
            weights = [size for name, size in sizes.items() if name.endswith(ending)]
            if weights:
                found["weight_bytes"] = sum(weights)
                break
        # The page can be seen by all, the files of a gated model by those who were let in.
        path = hub.hf_hub_download(model, "config.json", etag_timeout=NETWORK_LIMIT_S)
        found["config"] = _read(path)
    except Exception as error:  # whatever it is, its name tells
        found["error"] = [one.__name__ for one in type(error).__mro__]
        found["said"] = str(error)[:1000]
    return found


def _read(path: str) -> dict[str, Any]:
    """Return what of a `config.json` is asked for; some hold lists of thousands of words."""
    config = json.loads(Path(path).read_text(encoding="utf-8"))
    kept = {key: config[key] for key in SHAPE if key in config}
    inner = config.get("text_config")
    if isinstance(inner, dict):
        kept["text_config"] = {key: inner[key] for key in SHAPE if key in inner}
    return kept


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
