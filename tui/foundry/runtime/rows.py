"""What the SDK says about a variant, as plain values for the pipe. Child process only."""

from __future__ import annotations

from typing import Any


def variant_row(
    info: Any, entity: dict[str, Any], *, cached: set[str], loaded: set[str]
) -> dict[str, Any]:
    """Return one row of the list.

    Args:
        info: The SDK's `ModelInfo`.
        entity: What the public catalog says about it; empty where it says nothing.
        cached: Ids on disk.
        loaded: Ids in memory.
    """
    runtime = info.runtime
    annotations = entity.get("annotations")
    description = annotations.get("description") if isinstance(annotations, dict) else None
    return {
        "id": info.id,
        "alias": info.alias,
        "display_name": info.display_name or "",
        "publisher": info.publisher or "",
        "license": info.license or "",
        "task": info.task or "",
        "description": description if isinstance(description, str) else "",
        "context_tokens": info.context_length,
        "supports_tools": info.supports_tool_calling,
        "supports_reasoning": _reasons(info, entity),
        "device": (runtime and runtime.device_type) or "",
        "execution_provider": (runtime and runtime.execution_provider) or "",
        "size_bytes": catalog_size(entity, info.file_size_mb),
        "cached": info.id in cached,
        "loaded": info.id in loaded,
        "origin": "catalog",
    }


def catalog_size(entity: dict[str, Any], size_mb: int | None) -> int | None:
    """Return the size in bytes: exactly, from the catalog's entity, or from the SDK's megabytes."""
    value: Any = entity
    for key in ("properties", "variantInfo", "variantMetadata", "fileSizeBytes"):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, int) and value > 0:
        return value
    return size_mb * 1024 * 1024 if size_mb else None


def _reasons(info: Any, entity: dict[str, Any]) -> bool | None:
    """Tell whether the catalog says that the model reasons first; None where it says nothing.

    The SDK's number is 0 both for a model that does not, and for one of which nothing is said.
    """
    number = getattr(info, "get_int_property", None)  # an older SDK has none
    if number is not None and number("supports_reasoning", 0) == 1:
        return True
    annotations = entity.get("annotations")
    tags = annotations.get("tags") if isinstance(annotations, dict) else None
    told = isinstance(tags, dict) and "supportsReasoning" in tags
    return False if told else None


def is_local(info: Any) -> bool:
    """Tell whether a variant is one of ours: shipped, or imported."""
    return str(info.uri).startswith("azureml://registries/local/")
