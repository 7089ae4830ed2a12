"""Writes what an imported directory lacks: as texts that stand beside its files, never in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.cache.folder_check import ANSWER_TOKENS, context_length, only_onnx_file, search_length
from tui.foundry.on_disk.model_folder import (
    CONFIG,
    TEMPLATE,
    TOKENIZER_SETTINGS,
    chat_template,
    read_json,
)
from tui.foundry.on_disk.templates import FAMILIES, recognise

_TOKENIZER = "tokenizer.json"
_READ_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mended:
    """What an import writes of its own."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Texts by file name."""
    said: tuple[str, ...] = ()
    """What each of them is for, as a sentence."""


def mend(folder: Path, family: str = "") -> Mended:
    """Return what can be mended in a model directory. Reads the disk.

    Args:
        folder: The directory.
        family: Of the chat template, where there is none; '' for the one whose special tokens the
            tokenizer has.
    """
    files: dict[str, str] = {}
    said: list[str] = []
    if not chat_template(folder):
        family = family or guess_family(folder)
        files[TEMPLATE] = FAMILIES[family].jinja
        said.append(f"The chat template is {family}: compare it with the model's page.")
    if read_json(folder / TOKENIZER_SETTINGS) is None and (folder / _TOKENIZER).is_file():
        files[TOKENIZER_SETTINGS] = json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"})
        said.append(f"{TOKENIZER_SETTINGS} names the common kind of tokenizer.")
    config = read_json(folder / CONFIG)
    if config is not None:
        changed = copy.deepcopy(config)
        said += [line for change in _CHANGES if (line := change(folder, changed))]
        if changed != config:
            files[CONFIG] = json.dumps(changed, indent=2) + "\n"
    return Mended(files, tuple(said))


def guess_family(folder: Path) -> str:
    """Return the family of chat templates whose special tokens the tokenizer has."""
    try:
        with (folder / _TOKENIZER).open(encoding="utf-8", errors="replace") as file:
            return recognise(file.read(_READ_BYTES))
    except OSError:
        return "plain"


def _name_the_model(folder: Path, config: dict[str, Any]) -> str:
    """Name the one ONNX file there is."""
    model = config.get("model")
    decoder = model.get("decoder") if isinstance(model, dict) else None
    there = only_onnx_file(folder)
    if not isinstance(decoder, dict) or not there or decoder.get("pipeline"):
        return ""
    named = decoder.get("filename")
    if not isinstance(named, str) or (folder / named).is_file():
        return ""
    decoder["filename"] = there
    return f"{CONFIG} names {there} as the model."


def _open_the_context(_: Path, config: dict[str, Any]) -> str:
    """Let a chat use the context that the model has, and no more."""
    length, context = search_length(config), context_length(config)
    if length is None or context is None or context <= ANSWER_TOKENS:
        return ""
    if ANSWER_TOKENS < length <= context:
        return ""
    config["search"]["max_length"] = context
    return f"search.max_length is {context}, the context of the model."


_CHANGES: tuple[Callable[[Path, dict[str, Any]], str], ...] = (_name_the_model, _open_the_context)
