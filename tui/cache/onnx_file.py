"""Finds out which data files an ONNX model keeps its weights in, without the onnx package.

Field numbers are those of onnx.proto: ModelProto.graph = 7, GraphProto.initializer = 5,
TensorProto.external_data = 13, StringStringEntryProto.key = 1 and value = 2.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_GRAPH, _INITIALIZER, _EXTERNAL_DATA, _KEY, _VALUE = 7, 5, 13, 1, 2
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10


class NotOnnx(ValueError):
    """The file is no ONNX model, or it is cut off."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file beside the model that holds weights."""

    name: str
    """As written in the model: relative to its directory."""
    needs_bytes: int
    """Up to where the model reads in it; 0 where it does not say."""


def external_data_files(path: Path) -> tuple[DataFile, ...]:
    """Return the data files that an ONNX model refers to; none where all weights are inside.

    Raises:
        NotOnnx: The structure is broken.
        OSError: The file cannot be read.
    """
    needs: dict[str, int] = {}
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise NotOnnx("the file is empty") from error
        with data:
            graphs = 0
            for graph in _messages(data, 0, len(data), _GRAPH):
                graphs += 1
                for tensor in _messages(data, *graph, _INITIALIZER):
                    entries = dict(
                        _entry(data, *entry) for entry in _messages(data, *tensor, _EXTERNAL_DATA)
                    )
                    if "location" in entries:
                        end = _number(entries.get("offset")) + _number(entries.get("length"))
                        name = entries["location"]
                        needs[name] = max(needs.get(name, 0), end)
            if graphs != 1:
                raise NotOnnx("it holds no graph")
    return tuple(DataFile(name, size) for name, size in needs.items())


def _messages(data: mmap.mmap, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each field `wanted`; skip the others unread."""
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        field, kind = key >> 3, key & 7
        if field == 0:
            raise NotOnnx("a field has the number 0")
        if kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind == _LENGTH:
            size, at = _varint(data, at, end)
            if at + size > end:
                raise NotOnnx("it ends in the middle of a field")
            if field == wanted:
                yield at, at + size
            at += size
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise NotOnnx("a field has an unknown kind")
    if at > end:
        raise NotOnnx("it ends in the middle of a field")


def _entry(data: mmap.mmap, start: int, end: int) -> tuple[str, str]:
    key, value = (
        b"".join(data[first:last] for first, last in _messages(data, start, end, field))
        for field in (_KEY, _VALUE)
    )
    return key.decode("utf-8", "replace"), value.decode("utf-8", "replace")


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(_MAX_VARINT_BYTES):
        if at >= end:
            raise NotOnnx("it ends in the middle of a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at
    raise NotOnnx("a number is too long")


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 20 else 0
