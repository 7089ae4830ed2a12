"""Models outside of the public catalog: those that ship with the program, and the user's own.

Each gets a directory `<cache>/Local/<name>-<version>/` of links to its files, with two files of
ours in it: `inference_model.json`, by which the runtime knows it, and `foundry-tui.json`, by which
we do. The directory a model comes from is read, never written.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tui.foundry.errors import FoundryError, InvalidModelFolder, NotFound
from tui.foundry.ids import split_version
from tui.foundry.on_disk.model_folder import inspect_folder, read_json

MARKER = "foundry-tui.json"
IDENTITY = "inference_model.json"
OWNED = ".foundry-tui-unpacked"
"""Stands in a directory that this program unpacked, and that goes with its model."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_ANSWER_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One model of the user's, or one that ships."""

    name: str
    alias: str
    version: int
    origin: Literal["demo", "imported"]
    source: str
    """Directory with the model's files."""
    display_name: str = ""
    publisher: str = "Local"
    license: str = ""
    description: str = ""
    task: str = "chat"
    context_tokens: int | None = None
    device: str = "CPU"
    execution_provider: str = "CPUExecutionProvider"

    @property
    def id(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    @property
    def folder_name(self) -> str:
        """Name of its directory below `<cache>/Local`."""
        return f"{self.name}-{self.version}"

    def entity(self, size_bytes: int) -> dict[str, Any]:
        """Return the catalog's form of it, with the fields that the runtime reads."""
        asset = f"azureml://registries/local/models/{self.name}/versions/{self.version}"
        catalog = {
            "publisher": self.publisher or "Local",
            "displayName": self.display_name or self.alias,
            "inferenceTasks": ["chat-completion"],
            "license": self.license,
            "maxOutputTokens": _ANSWER_TOKENS,
        }
        if self.context_tokens:
            catalog["textContextWindow"] = self.context_tokens
        return {
            "assetId": asset,
            "entityId": asset,
            "annotations": {
                "tags": {"alias": self.alias, "supportsToolCalling": "false"},
                "systemCatalogData": catalog,
            },
            "properties": {
                "id": self.version,
                "name": self.name,
                "version": self.version,
                "variantInfo": {
                    "variantMetadata": {
                        "modelType": "ONNX",
                        "device": self.device.lower(),
                        "executionProvider": self.execution_provider,
                        "fileSizeBytes": size_bytes,
                    }
                },
            },
        }


class LocalModels:
    """Keeps the directories of local models.

    Args:
        cache_dir: The runtime's model cache.
        demo_dir: Directory of the models that ship, one directory each; None for none.
        keep_identity: Keep what a directory's own `inference_model.json` says beside the name:
            the service generation reads the prompt template from there.
    """

    def __init__(
        self, cache_dir: Path, demo_dir: Path | None, *, keep_identity: bool = False
    ) -> None:
        self._root = cache_dir / "Local"
        self._demo_dir = demo_dir
        self._keep_identity = keep_identity

    def folder(self, model: LocalModel) -> Path:
        """Return the directory of links."""
        return self._root / model.folder_name

    def link_demos(self) -> list[str]:
        """Bring the directories of the shipped models up to date; returns what went wrong."""
        problems: list[str] = []
        wanted: set[str] = set()
        for card_file in sorted(self._demo_dir.glob("*/card.json")) if self._demo_dir else ():
            try:
                model = _demo_model(card_file)
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

    def add(self, folder: Path, name: str, taken: set[str]) -> LocalModel:
        """Link the user's directory under `name`.

        Args:
            folder: A directory in the format of ONNX Runtime GenAI.
            name: Letters, digits, `.`, `_` and `-`.
            taken: Names and aliases of other models.

        Raises:
            InvalidModelFolder: The directory or the name cannot be used; says what to change.
        """
        self._check_name(name, taken)
        folder = folder.expanduser().absolute()
        facts = inspect_folder(folder)
        if folder.resolve().is_relative_to(self._root.resolve()):
            raise InvalidModelFolder(
                "This directory is in the model cache itself.", "Import the original directory."
            )
        model = LocalModel(
            name=name,
            alias=name,
            version=1,
            origin="imported",
            source=str(folder),
            context_tokens=facts.context_tokens,
            device=facts.device,
            execution_provider=facts.execution_provider,
        )
        try:
            self._link(model)
        except OSError as error:
            raise InvalidModelFolder(
                f"The model could not be added to the cache: {error.strerror or error}.",
                f"Check the rights of, and the space in, {self._root.parent}.",
            ) from error
        return model

    def remove(self, variant_id: str) -> int:
        """Delete the directory of links; returns the bytes freed.

        The source stays untouched, unless this program unpacked it.
        """
        model = self.find(variant_id)
        if model is None:
            raise NotFound(f"There is no local model '{variant_id}'.")
        freed = delete_tree(self.folder(model))
        source = Path(model.source)
        for place in (source, *source.parents[:2]):
            if (place / OWNED).is_file():
                freed += delete_tree(place)
                break
        return freed

    def _check_name(self, name: str, taken: set[str]) -> None:
        if not _NAME.match(name):
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
        """Make the directory of a model, or leave it where it is up to date already."""
        target = self.folder(model)
        source = Path(model.source)
        files = {
            path.name: [path.stat().st_size, path.stat().st_mtime_ns]
            for path in sorted(source.iterdir())
            if path.name not in (MARKER, IDENTITY) and not path.name.startswith(".")
        }
        marker = {"schema": 1, "model": asdict(model), "files": files}
        if read_json(target / MARKER) == marker and all((target / name).exists() for name in files):
            return
        self._root.mkdir(parents=True, exist_ok=True)
        # A directory of its own for each process: two programs may start at the same time.
        building = self._root / f".{model.folder_name}.{os.getpid()}"
        delete_tree(building)
        building.mkdir()
        try:
            for name in files:
                _link_or_copy(source / name, building / name)
            _write_json(building / MARKER, marker)
            kept = (read_json(source / IDENTITY) or {}) if self._keep_identity else {}
            _write_json(building / IDENTITY, {**kept, "Name": model.id})
            delete_tree(target)
            building.rename(target)
        except OSError:
            delete_tree(building)
            if read_json(target / MARKER) != marker:  # else another program was faster
                raise


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


def _link_or_copy(source: Path, target: Path) -> None:
    """Link; copy where links need rights that the user lacks (Windows)."""
    try:
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
        return
    except (OSError, NotImplementedError):
        if os.name == "posix":
            raise
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def _read_model(folder: Path) -> LocalModel | None:
    """Return the model of a directory below `Local`; None where it holds none."""
    if folder.name.startswith(".") or not folder.is_dir():
        return None
    marker = read_json(folder / MARKER)
    if marker is not None:
        with contextlib.suppress(TypeError, KeyError):
            model = LocalModel(**marker["model"])
            if model.folder_name == folder.name and _is_sound(model):
                return model
    # Put there by hand, as the runtime's documentation describes; or our file is broken.
    identity = read_json(folder / IDENTITY)
    if identity is None or not isinstance(identity.get("Name"), str):
        return None
    name, version = split_version(identity["Name"])
    if not _NAME.match(name) or folder.name != f"{name}-{version or 1}":
        return None
    model = LocalModel(name, name, version or 1, "imported", str(folder))
    try:
        facts = inspect_folder(folder)
    except InvalidModelFolder:
        return model
    return replace(
        model,
        context_tokens=facts.context_tokens,
        device=facts.device,
        execution_provider=facts.execution_provider,
    )


def _is_sound(model: LocalModel) -> bool:
    """Tell whether a model from a file has values of the right kinds."""
    values = asdict(model)
    version, context = values.pop("version"), values.pop("context_tokens")
    return (
        all(isinstance(value, str) for value in values.values())
        and isinstance(version, int)
        and isinstance(context, int | None)
        and model.origin in ("demo", "imported")
    )


def _demo_model(card_file: Path) -> LocalModel:
    card = read_json(card_file)
    if card is None:
        raise ValueError("its card.json cannot be read")
    alias = str(card.get("alias") or card_file.parent.name)
    if not _NAME.match(alias):
        raise ValueError("its alias holds characters that a name cannot have")
    context, version = card.get("context_tokens"), card.get("version")
    name = str(card.get("name"))
    return LocalModel(
        name=name if _NAME.match(name) else f"{alias}-generic-cpu",
        alias=alias,
        version=version if isinstance(version, int) and version > 0 else 1,
        origin="demo",
        source=str(card_file.parent.absolute()),
        display_name=str(card.get("display_name") or alias),
        publisher=str(card.get("publisher") or "Local"),
        license=str(card.get("license") or ""),
        description=str(card.get("description") or ""),
        task=str(card.get("task") or "chat"),
        context_tokens=context if isinstance(context, int) else None,
    )
