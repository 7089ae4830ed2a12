"""What a Hugging Face checkpoint is: its size and shape, and what is missing in its directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.cache.folder_check import ANSWER_TOKENS, TOKENIZERS, Finding
from tui.formats import format_count
from tui.foundry.on_disk.model_folder import CONFIG, chat_template, read_json, read_object

_WEIGHTS = (".safetensors", ".bin")
_HEADER_LIMIT_BYTES = 100 * 1024 * 1024
_LFS_START = b"version https://git-lfs"
_FOUR_BYTES = ("float32", "float")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The figures that tell what compiling it needs."""

    weight_bytes: int
    parameters: int
    embedding_parameters: int
    """Of the token embedding alone, which the builder may keep as it is."""
    layers: int | None = None
    context_tokens: int | None = None

    @property
    def bytes_per_parameter(self) -> float:
        """As it lies on disk."""
        return self.weight_bytes / self.parameters if self.parameters else 0.0


def from_config(
    config: Mapping[str, Any], weight_bytes: int, parameters: int | None = None
) -> Checkpoint:
    """Read the shape from `config.json`.

    Args:
        config: Its object.
        weight_bytes: Of all weights, on disk.
        parameters: How many there are; None to tell it from the size and the kind of numbers.
    """
    inner = config.get("text_config")
    text = {**config, **inner} if isinstance(inner, dict) else config
    if parameters is None:
        kind = str(text.get("dtype") or text.get("torch_dtype") or "")
        parameters = weight_bytes // (4 if kind in _FOUR_BYTES else 2)
    embedding = (_whole(text, "vocab_size") or 0) * (_whole(text, "hidden_size") or 0)
    return Checkpoint(
        weight_bytes,
        parameters,
        min(embedding, parameters),
        _whole(text, "num_hidden_layers"),
        _whole(text, "max_position_embeddings"),
    )


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read size and shape of a checkpoint that `check_checkpoint` finds no error in."""
    weights = _weight_files(folder)
    parameters = sum(_parameters(path) for path in weights)
    size = sum(path.stat().st_size for path in weights)
    return from_config(read_json(folder / "config.json") or {}, size, parameters or None)


def check_checkpoint(folder: Path) -> tuple[Finding, ...]:
    """Return what is wrong with a directory to compile, errors first. Reads the disk."""
    try:
        findings = list(_look(folder))
    except OSError as error:
        return (Finding("error", f"It cannot be read: {error.strerror or error}", "Look at it."),)
    return tuple(sorted(findings, key=lambda one: one.severity != "error"))


def _look(folder: Path) -> Iterator[Finding]:
    names = set(os.listdir(folder))
    if CONFIG in names:
        yield Finding(
            "error",
            "This is a compiled model already",
            f"Import it: foundry-tui import {folder} --name NAME",
        )
        return
    config = read_json(folder / "config.json")
    if config is None:
        yield from _no_config(folder, names)
        return
    weights = _weight_files(folder)
    if not weights:
        yield Finding(
            "error", "There are no weights", "Copy the .safetensors files of the model into it."
        )
    for path in weights:
        with path.open("rb") as file:
            if file.read(len(_LFS_START)) == _LFS_START:
                yield Finding(
                    "error", f"{path.name} is only a pointer of Git LFS", "Run 'git lfs pull'."
                )
    for name in sorted(_named_in_index(folder) - names):
        yield Finding("error", f"{name} is missing", "Copy it: the index of the weights names it.")
    if not names & {*TOKENIZERS, "tokenizer_config.json"}:
        yield Finding("error", "tokenizer.json is missing", "Copy the files of the tokenizer.")
    elif not chat_template(folder):
        yield Finding(
            "warning",
            "There is no chat template",
            "A base model has none; the family that the tokenizer looks like is taken.",
        )
    yield from context_finding(from_config(config, 0).context_tokens)


def context_finding(context_tokens: int | None) -> Iterator[Finding]:
    """Yield a warning where the runtime will refuse chats without a token limit."""
    if context_tokens is not None and context_tokens <= ANSWER_TOKENS:
        yield Finding(
            "warning",
            f"The context is {format_count(context_tokens)} tokens: chats without a limit will "
            "fail",
            f"The runtime plans {ANSWER_TOKENS} tokens for an answer; set max_tokens in the chat.",
        )


def _no_config(folder: Path, names: set[str]) -> Iterator[Finding]:
    what = "There is no readable config.json: this is no Hugging Face checkpoint"
    below = sorted(folder.glob("*/config.json")) or sorted(folder.glob("snapshots/*/config.json"))
    if below:
        yield Finding("error", what, f"Name '{below[0].parent.relative_to(folder)}' in it.")
    elif any(name.endswith(".gguf") for name in names):
        yield Finding(
            "error", what, "A GGUF file runs in llama.cpp or Ollama; reach these with --endpoint."
        )
    else:
        yield Finding("error", what, "Name the directory with config.json and .safetensors files.")


def _weight_files(folder: Path) -> list[Path]:
    """Return the weights in one format; where both lie there, they say the same."""
    for ending in _WEIGHTS:
        if found := sorted(path for path in folder.glob(f"*{ending}") if path.is_file()):
            return found
    return []


def _named_in_index(folder: Path) -> set[str]:
    index = read_json(folder / "model.safetensors.index.json") or {}
    named = index.get("weight_map")
    values = named.values() if isinstance(named, dict) else ()
    return {name for name in values if isinstance(name, str) and os.path.basename(name) == name}


def _parameters(path: Path) -> int:
    """Count the numbers in a .safetensors file by its header; 0 where that cannot be read."""
    if path.suffix != ".safetensors":
        return 0
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _HEADER_LIMIT_BYTES:
            return 0
        header = read_object(file.read(length).decode("utf-8", "replace")) or {}
    total = 0
    for name, tensor in header.items():
        shape = tensor.get("shape") if isinstance(tensor, dict) else None
        if name != "__metadata__" and isinstance(shape, list):
            count = 1
            for side in shape:
                count *= side if isinstance(side, int) else 0
            total += count
    return total


def _whole(values: Mapping[str, Any], key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
