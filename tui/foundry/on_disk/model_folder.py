"""Looks into a directory that shall be imported as a model: what it is, and what is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tui.foundry.errors import InvalidModelFolder

CONFIG = "genai_config.json"
TEMPLATE = "chat_template.jinja"
TOKENIZER_SETTINGS = "tokenizer_config.json"
JSON_LIMIT_BYTES = 64 * 1024 * 1024
TEMPLATE_LIMIT = 1024 * 1024
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_PROVIDERS = {
    "cuda": ("GPU", "CUDAExecutionProvider"),
    "nvtensorrtrtx": ("GPU", "NvTensorRTRTXExecutionProvider"),
    "dml": ("GPU", "DmlExecutionProvider"),
    "webgpu": ("GPU", "WebGpuExecutionProvider"),
    "rocm": ("GPU", "ROCMExecutionProvider"),
    "migraphx": ("GPU", "MIGraphXExecutionProvider"),
    "qnn": ("NPU", "QNNExecutionProvider"),
    "vitisai": ("NPU", "VitisAIExecutionProvider"),
    "openvino": ("CPU", "OpenVINOExecutionProvider"),
}


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What a model directory says about itself."""

    context_tokens: int | None = None
    device: str = "CPU"
    execution_provider: str = "CPUExecutionProvider"


def inspect_folder(folder: Path, files: Mapping[str, str] = MappingProxyType({})) -> FolderFacts:
    """Check a model directory in the format of ONNX Runtime GenAI.

    Args:
        folder: The directory.
        files: Texts by file name that will stand beside, or in place of, those in it.

    Raises:
        InvalidModelFolder: With everything that is missing, and how to mend it.
    """
    if not folder.is_dir():
        raise InvalidModelFolder(
            f"'{folder}' is no directory.", "Name the directory that holds genai_config.json."
        )
    missing: list[str] = []
    config = _config(folder, files, missing)
    _check_weights(folder, config, missing)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        missing.append("tokenizer.json: copy the tokenizer files of the original model")
    if TOKENIZER_SETTINGS not in files and read_json(folder / TOKENIZER_SETTINGS) is None:
        missing.append(f"{TOKENIZER_SETTINGS}: copy it from the original model")
    if not chat_template(folder, files):
        missing.append(
            "a chat template: copy chat_template.jinja, or a tokenizer_config.json with the key "
            "'chat_template', of the original model"
        )
    if missing:
        lines = "; ".join(missing)
        raise InvalidModelFolder(
            f"'{folder.name}' cannot be imported. Missing: {lines}.",
            "The ONNX Runtime GenAI model builder writes all of these: "
            "python -m onnxruntime_genai.models.builder -m MODEL -o DIR -p int4 -e cpu",
        )
    return _facts(config)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file; None when there is none or it is not readable."""
    try:
        if path.stat().st_size > JSON_LIMIT_BYTES:
            return None
        return read_object(path.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return None


def read_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object in a text; None when it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def chat_template(folder: Path, files: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the chat template of a directory; '' where it has none that can be read.

    Args:
        folder: The directory.
        files: Texts by file name that stand in place of those in it.
    """
    if TEMPLATE in files:
        return files[TEMPLATE]
    try:
        with (folder / TEMPLATE).open(encoding="utf-8-sig") as file:
            if text := file.read(TEMPLATE_LIMIT):
                return text
    except (OSError, ValueError):
        pass
    settings = read_json(folder / TOKENIZER_SETTINGS) or {}
    template = settings.get("chat_template")
    if isinstance(template, list):  # several by name, of which the first is the default
        template = next((one.get("template") for one in template if isinstance(one, dict)), "")
    return template if isinstance(template, str) else ""


def _config(folder: Path, files: Mapping[str, str], missing: list[str]) -> dict[str, Any]:
    path = folder / CONFIG
    if CONFIG in files:
        return read_object(files[CONFIG]) or {}
    if not path.is_file():
        missing.append("genai_config.json: the directory is no ONNX Runtime GenAI model")
        return {}
    config = read_json(path)
    if config is None:
        missing.append("a readable genai_config.json: it holds no JSON object")
        return {}
    return config


def _check_weights(folder: Path, config: dict[str, Any], missing: list[str]) -> None:
    if not config:
        return
    files = _onnx_files(config)
    if not files:
        missing.append("model.decoder.filename in genai_config.json: it names no ONNX file")
    for name in files:
        path = folder / name
        if os.path.isabs(name) or ".." in Path(name).parts:
            missing.append(f"{name}: genai_config.json names a file outside of the directory")
        elif not path.is_file() or path.stat().st_size == 0:
            missing.append(f"{name}: genai_config.json names it as the model")
        elif not _has_data(path):
            missing.append(f"{name}.data: the weights that {name} refers to")


def _onnx_files(config: dict[str, Any]) -> list[str]:
    """Return the decoder's file, or those of its pipeline; other parts are left to the runtime."""
    decoder = _inner(_inner(config, "model"), "decoder")
    files = [decoder.get("filename")]
    pipeline = decoder.get("pipeline")
    for stage in pipeline if isinstance(pipeline, list) else ():
        for part in stage.values() if isinstance(stage, dict) else ():
            files.append(part.get("filename") if isinstance(part, dict) else None)
    return [name for name in files if isinstance(name, str) and name]


def _has_data(path: Path) -> bool:
    """Tell whether the external weights of an ONNX file are there, if it has any.

    An ONNX file names its data file in plain bytes; only the customary name is looked for, in the
    first megabytes, since the file itself may be large.
    """
    data = path.with_name(path.name + ".data")
    if data.is_file():
        return data.stat().st_size > 0
    with path.open("rb") as file:
        return data.name.encode() not in file.read(8 * 1024 * 1024)


def _facts(config: dict[str, Any]) -> FolderFacts:
    model = _inner(config, "model")
    context = model.get("context_length") or _inner(config, "search").get("max_length")
    options = _inner(_inner(model, "decoder"), "session_options").get("provider_options")
    device, provider = "CPU", "CPUExecutionProvider"
    for option in options if isinstance(options, list) else ():
        for name in option if isinstance(option, dict) else ():
            device, provider = _PROVIDERS.get(str(name).lower(), (device, provider))
    return FolderFacts(context if isinstance(context, int) else None, device, provider)


def _inner(value: dict[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
