"""A directory that has all that a model needs, without being one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "user" / "my-model"
    folder.mkdir(parents=True)
    config = {
        "model": {
            "context_length": 4096,
            "decoder": {"filename": "model.onnx", "session_options": {"provider_options": []}},
        },
        "search": {"max_length": 2048},
    }
    (folder / "genai_config.json").write_text(json.dumps(config))
    (folder / "model.onnx").write_bytes(b"\x08\x0a model.onnx.data \x00")
    (folder / "model.onnx.data").write_bytes(bytes(5000))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder
