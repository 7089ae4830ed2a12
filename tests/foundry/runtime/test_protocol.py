"""The lines between program and host: what goes in comes out, and garbage stays outside."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.foundry.runtime.protocol import (
    Event,
    Failure,
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
)
from tui.foundry.runtime.settings import RuntimeSettings

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, max_size=4)
numbers = st.integers(min_value=0, max_value=2**53)
messages = (
    st.builds(Request, numbers, st.text(), objects)
    | st.builds(Reply, numbers, objects)
    | st.builds(
        Reply,
        numbers,
        st.just({}),
        st.builds(Failure, st.text(), st.text(), st.text()),
    )
    | st.builds(Event, st.text(), numbers, objects)
)


@given(messages)
def test_every_message_survives_the_pipe_in_one_line(message: Request | Reply | Event) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(b"x" + line)


@given(values)
def test_json_that_is_no_message_is_refused_or_read(value: object) -> None:
    with contextlib.suppress(ProtocolError):
        decode(json.dumps(value).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b'{"reply":1}',
        b'{"reply":true,"result":{}}',
        b'{"reply":-1,"result":{}}',
        b'{"reply":1,"failure":{"code":"x"}}',
        b'{"event":"x","number":0}',
        b'{"do":1,"number":1,"arguments":{}}',
        b"[" * 100_000,
    ],
)
def test_half_a_message_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


def test_settings_survive_the_pipe_without_the_environment(tmp_path: Path) -> None:
    settings = RuntimeSettings(
        tmp_path / "a", tmp_path / "b", tmp_path / "c", tmp_path / "d", tmp_path / "e", offline=True
    )
    sent = RuntimeSettings.from_json(json.loads(json.dumps(settings.to_json())))
    assert sent == settings
    secret = RuntimeSettings(tmp_path, tmp_path, tmp_path, tmp_path, environment=(("K", "v"),))
    assert "environment" not in secret.to_json()
