"""One model outside of the public catalog: what is known of it, and where that is read from."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tui.foundry.errors import InvalidModelFolder
from tui.foundry.ids import split_version
from tui.foundry.on_disk.model_folder import inspect_folder, read_json

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_ANSWER_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One model of the user's, or one that ships."""

    name: str
    alias: str
    version: int
    origin: Literal["demo", "imported"]
    source: str
    """Directory with the model's files. '' in our file in it: that one."""
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


def model_from_marker(values: Any, folder: Path) -> LocalModel | None:
    """Return the model that our own file in a directory describes; None where it is broken."""
    try:
        model = LocalModel(**values)
    except TypeError:
        return None
    return model if model.folder_name == folder.name and _is_sound(model) else None


def model_by_hand(folder: Path, named: object) -> LocalModel | None:
    """Return a model that was put there by hand, as the runtime's documentation describes.

    Args:
        folder: Its directory.
        named: What its `inference_model.json` calls it.
    """
    if not isinstance(named, str):
        return None
    name, version = split_version(named)
    if not NAME.match(name) or folder.name != f"{name}-{version or 1}":
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


def demo_model(card_file: Path) -> LocalModel:
    """Return a model that ships, by its card. Raises `ValueError`."""
    card = read_json(card_file)
    if card is None:
        raise ValueError("its card.json cannot be read")
    alias = str(card.get("alias") or card_file.parent.name)
    if not NAME.match(alias):
        raise ValueError("its alias holds characters that a name cannot have")
    context, version = card.get("context_tokens"), card.get("version")
    name = str(card.get("name"))
    return LocalModel(
        name=name if NAME.match(name) else f"{alias}-generic-cpu",
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
