"""Which data files an ONNX model refers to."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.model_folders import field, onnx_bytes
from tui.cache.onnx_file import DataFile, NotOnnx, external_data_files


def test_the_files_and_how_far_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_bytes(("a.data", 4096, 100), ("a.data", 0, 4096), ("b", 0, 0)))
    assert external_data_files(path) == (DataFile("a.data", 4196), DataFile("b", 0))
    path.write_bytes(onnx_bytes())
    assert external_data_files(path) == ()


@pytest.mark.parametrize(
    "data", [b"", b"no model at all", onnx_bytes()[:-40], field(2, b"no graph"), b"\xff" * 30]
)
def test_what_is_no_model(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(NotOnnx):
        external_data_files(path)


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("o") / "model.onnx"
    path.write_bytes(data)
    with contextlib.suppress(NotOnnx):
        external_data_files(path)
