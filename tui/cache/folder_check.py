"""Looks into a directory that a person wants to import, and says all that is wrong with it at once.

The backend checks again when it imports; this is the fuller look for the dialog, before anything
is handed over. Nothing is written.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from tui.cache.onnx_file import NotOnnx, external_data_files
from tui.formats import format_bytes, format_count
from tui.foundry.errors import InvalidModelFolder
from tui.foundry.on_disk.model_folder import (
    CONFIG,
    TEMPLATE,
    TOKENIZER_SETTINGS,
    FolderFacts,
    chat_template,
    inspect_folder,
    read_json,
    read_object,
)

Severity = Literal["error", "warning", "info"]

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
ANSWER_TOKENS = 2048
"""What the runtime plans for an answer when a request names no limit."""
BUILDER = "python -m onnxruntime_genai.models.builder -m MODEL -o DIR -p int4 -e cpu"
_LFS_START = b"version https://git-lfs"
_CONFIG_LIMIT_BYTES = 4 * 1024 * 1024
_DIRECTORY_LIMIT = 10_000
_NAME_CHARACTERS = re.compile(r"[^a-z0-9._-]+")
_MEANINGLESS = re.compile(
    r"v?\d+|onnx|models?|snapshots|output|out|cpu([-_].*)?|gpu([-_].*)?|[0-9a-f]{40}|"
    r"cpu[-_]and[-_]mobile|cuda([-_].*)?|directml([-_].*)?|webgpu([-_].*)?"
)
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the directory."""

    severity: Severity
    """With an error it cannot be imported; with a warning it can, and may disappoint."""
    what: str
    mend: str = ""
    """What the user can do; '' where nothing is to be done."""
    mendable: bool = False
    """Whether an import can mend it by a file of its own, and leave the directory as it is."""


def check_folder(
    folder: Path, files: Mapping[str, str] = MappingProxyType({})
) -> tuple[Finding, ...]:
    """Return what is wrong with a directory, worst first; one 'info' when it can be imported.

    Reads small files and the structure of the ONNX files; takes milliseconds, on a network disk
    more: call it off the event loop.

    Args:
        folder: The directory.
        files: Texts by file name that mend it, see `mending.py`.
    """
    try:
        findings = list(_look(folder, files))
    except OSError as error:
        findings = [Finding("error", f"It cannot be read: {error.strerror or error}", _ACCESS)]
    if not any(one.severity == "error" for one in findings):
        findings.append(_summary(folder, files))
    order: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(findings, key=lambda one: order[one.severity]))


def suggest_name(folder: Path) -> str:
    """Return a name for the catalog, made from the path: `Qwen2.5 0.5B/v1` gives `qwen2.5-0.5b`."""
    for part in reversed(folder.parts):
        # The Hugging Face cache calls its directories `models--<owner>--<name>`.
        name = part.rpartition("--")[2] if part.startswith("models--") else part
        letters = unicodedata.normalize("NFKD", name.casefold())
        name = "".join(letter for letter in letters if not unicodedata.combining(letter))
        name = _NAME_CHARACTERS.sub("-", name).strip("-._")[:MAX_NAME].rstrip("-._")
        if name and not _MEANINGLESS.fullmatch(name):
            return name
    return "my-model"


_ACCESS = "Check that you may read the directory and all files in it."


def _look(folder: Path, files: Mapping[str, str]) -> Iterator[Finding]:
    if not folder.is_dir():
        if folder.is_file():
            yield Finding("error", "This is a file", "Name the directory that it lies in.")
        else:
            yield Finding("error", "There is no such directory", "Check the spelling.")
        return
    if not os.access(folder, os.R_OK | os.X_OK):
        yield Finding("error", "The directory may not be read", _ACCESS)
        return
    names = {path.name for path in folder.iterdir()}
    if CONFIG not in names:
        yield _no_config(folder, names)
        return
    config, finding = _config(folder / CONFIG)
    if finding:
        yield finding
    if config is not None:
        config = read_object(files.get(CONFIG, "")) or config
        yield from _weights(folder, config)
        yield from _limits(config)
    yield from _tokenizer(folder, names, files)
    yield from _links(folder)


def _no_config(folder: Path, names: set[str]) -> Finding:
    what = f"There is no {CONFIG}: this is no ONNX Runtime GenAI model"
    below = [
        one.parent for depth in ("*", "*/*") for one in sorted(folder.glob(f"{depth}/{CONFIG}"))
    ]
    if below:
        return Finding(
            "error", what, f"There is one in '{below[0].relative_to(folder)}': name that."
        )
    endings = {Path(name).suffix for name in names}
    if ".safetensors" in endings or "pytorch_model.bin" in names:
        return Finding("error", what, f"It looks like a Hugging Face model; convert it: {BUILDER}")
    if ".gguf" in endings:
        return Finding(
            "error", what, "A GGUF file runs in llama.cpp or Ollama; reach these with --endpoint."
        )
    return Finding("error", what, f"The model builder writes it: {BUILDER}")


def _config(path: Path) -> tuple[dict[str, Any] | None, Finding | None]:
    again = "Copy it again, or build the model again."
    if finding := _unusable(path, CONFIG):
        return None, finding
    if path.stat().st_size > _CONFIG_LIMIT_BYTES:
        return None, Finding("error", f"{CONFIG} is far too big to be one", again)
    try:
        config = json.loads(path.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return None, Finding("error", f"{CONFIG} is broken at {where}: {error.msg}", again)
    except (ValueError, RecursionError):
        return None, Finding("error", f"{CONFIG} is no JSON text", again)
    if not isinstance(config, dict):
        return None, Finding("error", f"{CONFIG} holds no JSON object", again)
    return config, None


def _weights(folder: Path, config: dict[str, Any]) -> Iterator[Finding]:
    model = config.get("model")
    model = model if isinstance(model, dict) else {}
    names = list(dict.fromkeys(_file_names(model)))
    decoder = model.get("decoder")
    if not isinstance(decoder, dict) or not list(_file_names({"decoder": decoder})):
        yield Finding(
            "error",
            f"{CONFIG} names no model file",
            "model.decoder.filename must name the ONNX file, mostly 'model.onnx'.",
        )
    for name in names:
        path = folder / name
        if _outside(name):
            yield Finding("error", f"{CONFIG} names '{name}', outside of the directory", _COPY)
        elif not path.is_file() and (instead := only_onnx_file(folder)):
            yield Finding(
                "error",
                f"{name} is missing, but there is {instead}",
                f"Name {instead} in {CONFIG}, as model.decoder.filename.",
                mendable=len(names) == 1,
            )
        elif finding := _unusable(path, name):
            yield finding
        else:
            yield from _data_files(path, name)


_COPY = "Copy the file into the directory, and name it without a path."


def only_onnx_file(folder: Path) -> str:
    """Return the name of the ONNX file in a directory; '' where there is none, or several."""
    found = [path.name for path in folder.glob("*.onnx") if path.is_file()]
    return found[0] if len(found) == 1 else ""


def _file_names(model: dict[str, Any]) -> Iterator[str]:
    """Yield the ONNX files of all parts (decoder, vision, embedding ...) and pipeline stages."""
    for part in model.values():
        stages = [part]
        if isinstance(part, dict) and isinstance(part.get("pipeline"), list):
            for stage in part["pipeline"]:
                stages += list(stage.values()) if isinstance(stage, dict) else []
        for stage in stages:
            name = stage.get("filename") if isinstance(stage, dict) else None
            if isinstance(name, str) and name.endswith(".onnx"):
                yield name


def _data_files(path: Path, name: str) -> Iterator[Finding]:
    try:
        files = external_data_files(path)
    except NotOnnx as error:
        yield Finding("error", f"{name} is no complete ONNX file: {error}", "Copy it again.")
        return
    for file in files:
        data = path.parent / file.name
        if _outside(file.name):
            yield Finding("error", f"{name} keeps weights in '{file.name}', outside", _COPY)
        elif finding := _unusable(data, file.name, f"the weights of {name}"):
            yield finding
        elif (size := data.stat().st_size) < file.needs_bytes:
            yield Finding(
                "error",
                f"{file.name} is cut off: {format_bytes(size)} of {format_bytes(file.needs_bytes)}",
                "Copy or download it again.",
            )


def _unusable(path: Path, name: str, what: str = "") -> Finding | None:
    """Say why a file that must be there cannot be used; None when it can."""
    known = f" ({what})" if what else ""
    if path.is_symlink() and not path.exists():
        return Finding(
            "error", f"{name}{known} is a link to nothing", "Copy the file it should point to."
        )
    if not path.is_file():
        return Finding(
            "error", f"{name}{known} is missing", "Copy it from where the model is from."
        )
    if not os.access(path, os.R_OK):
        return Finding("error", f"{name}{known} may not be read", _ACCESS)
    with path.open("rb") as file:
        start = file.read(len(_LFS_START))
    if not start:
        return Finding("error", f"{name}{known} is empty", "Copy or download it again.")
    if start == _LFS_START:
        return Finding(
            "error",
            f"{name}{known} is only a pointer of Git LFS",
            "Run 'git lfs pull' in the repository.",
        )
    return None


def _tokenizer(folder: Path, names: set[str], files: Mapping[str, str]) -> Iterator[Finding]:
    present = [name for name in TOKENIZERS if name in names]
    if not present:
        yield Finding(
            "error", "tokenizer.json is missing", "Copy the tokenizer files of the original model."
        )
    elif finding := _unusable(folder / present[0], present[0]):
        yield finding
    if TOKENIZER_SETTINGS not in files and read_json(folder / TOKENIZER_SETTINGS) is None:
        yield Finding(
            "error",
            f"{TOKENIZER_SETTINGS} is missing or broken: it could not be loaded",
            "Copy it from the original model.",
            mendable="tokenizer.json" in present,
        )
    if not chat_template(folder, files):
        yield Finding(
            "error",
            "There is no chat template: every chat would fail",
            f"Copy {TEMPLATE}, or {TOKENIZER_SETTINGS} with 'chat_template' in it.",
            mendable=True,
        )


def _limits(config: dict[str, Any]) -> Iterator[Finding]:
    length, context = search_length(config), context_length(config)
    if length is not None and length <= ANSWER_TOKENS:
        more = bool(context and context > ANSWER_TOKENS)
        yield Finding(
            "warning",
            f"search.max_length is {format_count(length)}: chats without a token limit will fail",
            f"Set it to the context, {format_count(context)}."
            if more
            else f"The runtime plans {ANSWER_TOKENS} tokens for an answer; "
            "set max_tokens in the chat.",
            mendable=more,
        )
    elif length is None or context is None:
        key = "search.max_length" if length is None else "model.context_length"
        yield Finding("warning", f"{CONFIG} has no {key}", "The context is not known then.")
    elif length > context:
        yield Finding(
            "warning",
            f"search.max_length, {format_count(length)}, is above the context of the model, "
            f"{format_count(context)}",
            "Long chats may end in nonsense.",
            mendable=context > ANSWER_TOKENS,
        )


def search_length(config: Mapping[str, Any]) -> int | None:
    """Return up to how many tokens a chat may go, as `genai_config.json` says."""
    search = config.get("search")
    return _whole(search.get("max_length")) if isinstance(search, dict) else None


def context_length(config: Mapping[str, Any]) -> int | None:
    """Return the context that `genai_config.json` tells of the model."""
    model = config.get("model")
    return _whole(model.get("context_length")) if isinstance(model, dict) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _links(folder: Path) -> Iterator[Finding]:
    for path in sorted(folder.iterdir()):
        needed = path.name == CONFIG or path.name in TOKENIZERS or ".onnx" in path.name
        if path.is_symlink() and not path.exists() and not needed:
            yield Finding("warning", f"{path.name} is a link to nothing", "Copy or delete it.")


def _summary(folder: Path, files: Mapping[str, str]) -> Finding:
    try:
        facts = inspect_folder(folder, files)
    except InvalidModelFolder:
        # The backend is stricter here; it will say why.
        facts = FolderFacts()
    parts = [format_bytes(_size(folder))]
    if facts.context_tokens:
        parts.append(f"context {format_count(facts.context_tokens)} tokens")
    parts.append(f"for the {facts.device}")
    return Finding("info", f"Can be imported: {', '.join(parts)}")


def _size(folder: Path) -> int:
    total = 0
    for count, path in enumerate(folder.rglob("*")):
        if count >= _DIRECTORY_LIMIT:
            break
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _outside(name: str) -> bool:
    path = Path(name)
    return path.is_absolute() or ".." in path.parts or os.path.isabs(name)
