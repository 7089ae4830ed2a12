"""Writes directories that look like models: ONNX structure without weights that mean anything."""

from __future__ import annotations

import json
from pathlib import Path


def field(number: int, payload: bytes) -> bytes:
    """Return a length-delimited field in protobuf's wire format."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    """Return a number in protobuf's wire format."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def onnx_bytes(*external: tuple[str, int, int]) -> bytes:
    """Return an ONNX model with one inline weight, and one for each (location, offset, length)."""
    tensors = [field(9, b"\0" * 16)]
    for location, offset, length in external:
        entries = {"location": location, "offset": str(offset), "length": str(length)}
        tensors.append(
            field(8, b"w")
            + b"".join(
                field(13, field(1, key.encode()) + field(2, value.encode()))
                for key, value in entries.items()
            )
            + varint(14 << 3) + varint(1)
        )  # fmt: skip
    graph = field(1, b"node") + b"".join(field(5, tensor) for tensor in tensors)
    return varint(1 << 3) + varint(10) + field(7, graph) + field(2, b"producer")


def write_model_folder(folder: Path, **changes: bytes | str | None) -> Path:
    """Write a directory that can be imported.

    Args:
        folder: Made if it is not there.
        **changes: File names with `.` written as `__`; the new content, or None to leave it out.
    """
    config = {
        "model": {
            "context_length": 4096,
            "decoder": {
                "filename": "model.onnx",
                "num_hidden_layers": 4,
                "num_key_value_heads": 2,
                "head_size": 32,
            },
        },
        "search": {"max_length": 4096},
    }
    files: dict[str, bytes | str | None] = {
        "genai_config.json": json.dumps(config),
        "model.onnx": onnx_bytes(("model.onnx.data", 0, 100), ("model.onnx.data", 100, 28)),
        "model.onnx.data": b"\1" * 128,
        "tokenizer.json": "{}",
        "tokenizer_config.json": "{}",
        "chat_template.jinja": "{{ messages }}",
    }
    files |= {name.replace("__", "."): content for name, content in changes.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if content is not None:
            data = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(data)
    return folder
