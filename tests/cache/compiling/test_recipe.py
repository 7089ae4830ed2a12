"""Which command line comes of what a person asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.cache.compiling.recipe import (
    DEVICES,
    CompileFailed,
    Recipe,
    Source,
    find_source,
    hide_secrets,
    shown,
)
from tui.foundry.errors import NotFound


def recipe(source: Source, **changes: object) -> Recipe:
    return Recipe(source, "otter", "/opt/py/bin/python", **changes)  # type: ignore[arg-type]


def test_a_directory_and_an_id_make_different_commands(tmp_path: Path) -> None:
    local = recipe(find_source(str(tmp_path))).command(Path("/out"), "/hub", token=False)
    assert shown(local) == (
        f"/opt/py/bin/python -m onnxruntime_genai.models.builder -i {tmp_path} -o /out -p int4 "
        "-e cpu -c /hub"
    )
    hub = recipe(find_source("owner/name"), precision="fp16", device="trt-rtx")
    assert shown(hub.command(Path("/out"), "/hub", token=True)) == (
        "/opt/py/bin/python -m onnxruntime_genai.models.builder -m owner/name -o /out -p fp16 "
        "-e NvTensorRtRtx -c /hub"
    )


def test_without_a_token_the_builder_is_told_not_to_insist_on_one() -> None:
    command = recipe(Source("o/n"), extras=("block_size=64",)).command(
        Path("/out"), "/hub", token=False
    )
    assert command[-3:] == ("--extra_options", "block_size=64", "hf_token=false")


@pytest.mark.parametrize("text", ["/nowhere/at/all", "./none", "~/none-such", "../x"])
def test_a_directory_that_is_not_there_is_no_id(text: str) -> None:
    with pytest.raises(NotFound, match="There is no directory"):
        find_source(text)


@pytest.mark.parametrize("text", ["", "-m", "a/b/c", "a b", "owner/", "/", "x" * 99, "ü/x"])
def test_words_that_are_neither_are_refused(text: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_source(text if text != "/" else "/none")
    assert caught.value.hint


@given(st.text(max_size=40))
def test_nothing_that_could_be_an_option_passes_for_an_id(text: str) -> None:
    try:
        source = find_source(text)
    except NotFound:
        return
    assert source.folder is not None or source.text[0].isalnum()


def test_only_the_pairs_that_the_builder_makes_are_let_through() -> None:
    for name, device in DEVICES.items():
        for precision in device.precisions:
            recipe(Source("o/n"), device=name, precision=precision).check()
    with pytest.raises(CompileFailed, match="no fp16 for cpu") as caught:
        recipe(Source("o/n"), precision="fp16").check()
    assert "cuda" in caught.value.hint


@pytest.mark.parametrize("extra", ["hf_token=hf_abcdefghijklmnop", "hf_token=true"])
def test_a_token_is_not_taken_from_the_command_line(extra: str) -> None:
    with pytest.raises(CompileFailed, match="not taken from the command line") as caught:
        recipe(Source("o/n"), extras=(extra,)).check()
    assert "HF_TOKEN" in caught.value.hint
    assert "hf_abc" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("extra", ["", "block_size", "=3", "a b=c", "-x=1", "hf_abcdefghijkl"])
def test_what_is_no_option_is_refused(extra: str) -> None:
    with pytest.raises(CompileFailed, match="no option") as caught:
        recipe(Source("o/n"), extras=(extra,)).check()
    assert "hf_abcdefghijkl" not in caught.value.message


def test_secrets_are_hidden() -> None:
    assert hide_secrets("a secret hf_ABCdef1234 b", ("secret",)) == "a *** *** b"
