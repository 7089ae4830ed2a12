"""Models outside of the public catalog: those that ship with the program, and the user's own.

Each gets a directory `<cache>/Local/<name>-<version>/` of links to its files, or of files, with two
of ours in it: `inference_model.json`, by which the runtime knows it, and `foundry-tui.json`, by
which we do. The directory a model comes from is read, never written.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tui.foundry.errors import FoundryError, InvalidModelFolder, NotFound
from tui.foundry.ids import split_version
from tui.foundry.on_disk.local_model import (
    NAME,
    LocalModel,
    demo_model,
    model_by_hand,
    model_from_marker,
)
from tui.foundry.on_disk.model_folder import chat_template, inspect_folder, read_json
from tui.foundry.on_disk.placing import place
from tui.foundry.on_disk.templates import prompt_template
from tui.foundry.types import AS_LINKS, ImportOptions

MARKER = "foundry-tui.json"
IDENTITY = "inference_model.json"
OWNED = ".foundry-tui-unpacked"
"""Stands in a directory that this program unpacked, and that goes with its model."""


class LocalModels:
    """Keeps the directories of local models.

    Args:
        cache_dir: The runtime's model cache.
        demo_dir: Directory of the models that ship, one directory each; None for none.
        prompt_templates: Put one into `inference_model.json`, the directory's own where it has
            one: the service generation asks by it instead of by the chat template.
    """

    def __init__(
        self, cache_dir: Path, demo_dir: Path | None, *, prompt_templates: bool = False
    ) -> None:
        self._root = cache_dir / "Local"
        self._demo_dir = demo_dir
        self._prompt_templates = prompt_templates

    def folder(self, model: LocalModel) -> Path:
        """Return the directory of links."""
        return self._root / model.folder_name

    def link_demos(self) -> list[str]:
        """Bring the directories of the shipped models up to date; returns what went wrong."""
        problems: list[str] = []
        wanted: set[str] = set()
        for card_file in sorted(self._demo_dir.glob("*/card.json")) if self._demo_dir else ():
            try:
                model = demo_model(card_file)
                wanted.add(model.folder_name)
                self._link(model)
            except (OSError, ValueError, FoundryError) as error:
                problems.append(f"demo model {card_file.parent.name}: {error}")
        for model in self.models():
            if model.origin == "demo" and model.folder_name not in wanted:
                delete_tree(self.folder(model))
        return problems

    def models(self) -> tuple[LocalModel, ...]:
        """Return all local models on disk, in the order of their names."""
        if not self._root.is_dir():
            return ()
        found = (_read_model(folder) for folder in sorted(self._root.iterdir()))
        return tuple(model for model in found if model is not None)

    def find(self, variant_id: str) -> LocalModel | None:
        """Return the model of an id; letter case matters as little as in the rest."""
        name, version = split_version(variant_id)
        for model in self.models():
            if model.name.casefold() == name.casefold() and version in (None, model.version):
                return model
        return None

    def add(
        self, folder: Path, name: str, taken: set[str], options: ImportOptions = AS_LINKS
    ) -> LocalModel:
        """Bring the user's directory into the cache under `name`.

        Args:
            folder: A directory in the format of ONNX Runtime GenAI.
            name: Letters, digits, `.`, `_` and `-`.
            taken: Names and aliases of other models.
            options: Links or files; texts that stand beside those of the directory.

        Raises:
            InvalidModelFolder: The directory or the name cannot be used; says what to change.
        """
        self.check_name(name, taken)
        folder = folder.expanduser().absolute()
        facts = inspect_folder(folder, options.files)
        moved = options.way == "move"
        if not moved and folder.resolve().is_relative_to(self._root.resolve()):
            raise InvalidModelFolder(
                "This directory is in the model cache itself.", "Import the original directory."
            )
        model = LocalModel(
            name=name,
            alias=name,
            version=1,
            origin="imported",
            # Files of its own go where the cache goes.
            source=str(folder) if options.way == "link" else "",
            context_tokens=facts.context_tokens,
            device=facts.device,
            execution_provider=facts.execution_provider,
        )
        try:
            self._make(model, folder, options)
        except OSError as error:
            raise self._not_added(error) from error
        return model if model.source else replace(model, source=str(self.folder(model)))

    def _not_added(self, error: OSError) -> InvalidModelFolder:
        if error.errno == errno.EXDEV:
            return InvalidModelFolder(
                "The directory lies on another disk than the cache: one file cannot have a name "
                "on both.",
                "Link or copy it instead: --link, --copy.",
            )
        return InvalidModelFolder(
            f"The model could not be added to the cache: {error.strerror or error}.",
            f"Check the rights of, and the space in, {self._root.parent}.",
        )

    def remove(self, variant_id: str) -> int:
        """Delete the directory of links; returns the bytes freed.

        The source stays untouched, unless this program unpacked it.
        """
        model = self.find(variant_id)
        if model is None:
            raise NotFound(f"There is no local model '{variant_id}'.")
        freed = delete_tree(self.folder(model))
        owned = unpacked_place(Path(model.source))
        return freed + (delete_tree(owned) if owned else 0)

    def check_name(self, name: str, taken: set[str]) -> None:
        """Raise `InvalidModelFolder` where no model can be called so, or one is."""
        if not NAME.match(name):
            raise InvalidModelFolder(
                "This name cannot be used for a model.",
                "Take up to 64 letters, digits, '.', '_' or '-', the first a letter or digit.",
            )
        own = {text for model in self.models() for text in (model.name, model.alias)}
        if name.casefold() in {text.casefold() for text in taken | own}:
            raise InvalidModelFolder(
                f"There is a model '{name}' already.", "Choose another name, or remove that one."
            )

    def _link(self, model: LocalModel) -> None:
        """Make the directory of a model that ships, or leave it where it is up to date already."""
        source, target = Path(model.source), self.folder(model)
        marker = _marker(model, source)
        there = all((target / name).exists() for name in marker["files"])
        if not there or read_json(target / MARKER) != marker:
            self._make(model, source, AS_LINKS)

    def _make(self, model: LocalModel, source: Path, options: ImportOptions) -> None:
        """Make the directory of a model beside its place, and put it there in one step."""
        target, marker = self.folder(model), _marker(model, source)
        self._root.mkdir(parents=True, exist_ok=True)
        # A directory of its own for each process: two programs may start at the same time.
        building = self._root / f".{model.folder_name}.{os.getpid()}"
        delete_tree(building)
        try:
            if options.way == "move":
                source.rename(building)
            else:
                building.mkdir()
                for name in marker["files"]:
                    if name not in options.files:
                        place(source / name, building / name, options.way)
            for name, text in options.files.items():
                (building / name).unlink(missing_ok=True)
                (building / name).write_text(text, encoding="utf-8")
            _write_json(building / MARKER, marker)
            _write_json(building / IDENTITY, self._identity(model, source, building))
            delete_tree(target)
            building.rename(target)
        except OSError:
            delete_tree(building)
            if read_json(target / MARKER) != marker:  # else another program was faster
                raise

    def _identity(self, model: LocalModel, source: Path, building: Path) -> dict[str, Any]:
        if not self._prompt_templates:
            return {"Name": model.id}
        own = read_json(source / IDENTITY) or read_json(building / IDENTITY) or {}
        prompts = {"PromptTemplate": prompt_template(chat_template(building))}
        return {**prompts, **own, "Name": model.id}


def _marker(model: LocalModel, source: Path) -> dict[str, Any]:
    files = {
        path.name: [path.stat().st_size, path.stat().st_mtime_ns]
        for path in sorted(source.iterdir())
        if path.name not in (MARKER, IDENTITY) and not path.name.startswith(".") and path.exists()
    }
    return {"schema": 1, "model": asdict(model), "files": files}


def unpacked_place(source: Path) -> Path | None:
    """Return the directory that this program unpacked a model into; None where it did not."""
    places = (source, *source.parents[:2])
    return next((place for place in places if (place / OWNED).is_file()), None)


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a directory, those behind links to files included."""
    total = 0
    for path in _files(folder):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def delete_tree(folder: Path) -> int:
    """Delete a directory and return the bytes that this frees; what links point to stays."""
    freed = 0
    for path in _files(folder):
        with contextlib.suppress(OSError):
            status = path.lstat()
            # A hard link's data stays until its last name goes.
            freed += status.st_size if not path.is_symlink() and status.st_nlink == 1 else 0
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    return freed


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def _read_model(folder: Path) -> LocalModel | None:
    """Return the model of a directory below `Local`; None where it holds none."""
    if folder.name.startswith(".") or not folder.is_dir():
        return None
    marker = read_json(folder / MARKER)
    if marker is not None and (found := model_from_marker(marker.get("model"), folder)):
        return found if found.source else replace(found, source=str(folder))
    # Put there by hand; or our file is broken.
    return model_by_hand(folder, (read_json(folder / IDENTITY) or {}).get("Name"))
