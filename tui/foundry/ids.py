"""One rule for whether two model ids mean the same variant.

Ids differ from place to place: the command line says `phi-4-mini-instruct-generic-cpu:5`,
`/v1/models` leaves the version out, letter case varies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

_VERSION = re.compile(r":(\d+)$")


def split_version(variant_id: str) -> tuple[str, int | None]:
    """Split `name:version` into name and version; the version is None where there is none."""
    match = _VERSION.search(variant_id)
    if match is None:
        return variant_id, None
    return variant_id[: match.start()], int(match.group(1))


def same_variant(one: str, other: str) -> bool:
    """Tell whether two ids mean the same variant: equal names, and versions that do not differ.

    A missing version matches any.
    """
    name, version = split_version(one)
    other_name, other_version = split_version(other)
    if name.casefold() != other_name.casefold():
        return False
    return version is None or other_version is None or version == other_version


def keys_of(variant_id: str) -> tuple[str, ...]:
    """Return under which keys something is kept for `find_by_id`."""
    folded = variant_id.casefold()
    name, version = split_version(folded)
    return (folded,) if version is None else (folded, f"{name}:*")


def find_by_id(kept: Mapping[str, T], variant_id: str) -> T | None:
    """Return what is kept for a variant, by the rule of `same_variant`, without a look at all."""
    folded = variant_id.casefold()
    if (exact := kept.get(folded)) is not None:
        return exact
    name, version = split_version(folded)
    return kept.get(f"{name}:*" if version is None else name)


_PROVIDERS = (
    ("-trtrtx-gpu", "NvTensorRTRTXExecutionProvider"),
    ("-cuda-gpu", "CUDAExecutionProvider"),
    ("-openvino-", "OpenVINOExecutionProvider"),
    ("-vitis-npu", "VitisAIExecutionProvider"),
    ("-qnn-", "QNNExecutionProvider"),
    ("-generic-gpu", "WebGpuExecutionProvider"),
    ("-generic-cpu", "CPUExecutionProvider"),
)


def provider_of(variant_id: str) -> str:
    """Return the execution provider that the name of a variant stands for; '' if it tells none."""
    name = f"{variant_id.casefold().partition(':')[0]}-"
    return next((provider for part, provider in _PROVIDERS if part in name), "")
