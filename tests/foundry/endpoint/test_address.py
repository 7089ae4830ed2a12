from __future__ import annotations

import pytest

from tui.foundry.endpoint.address import parse_address
from tui.foundry.errors import BackendUnavailable


@pytest.mark.parametrize(
    ("text", "base", "api"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        (" localhost:1234/ ", "http://localhost:1234", "http://localhost:1234/v1"),
        ("box/v1/chat/completions", "http://box", "http://box/v1"),
        ("https://box.example/api", "https://box.example/api", "https://box.example/api/v1"),
        ("http://box:8000/v3", "http://box:8000/v3", "http://box:8000/v3"),
        ("[::1]:8080", "http://[::1]:8080", "http://[::1]:8080/v1"),
    ],
)
def test_addresses_as_people_write_them(text: str, base: str, api: str) -> None:
    address = parse_address(text)
    assert (address.base, address.api) == (base, api)


@pytest.mark.parametrize(
    "text",
    ["", "http://", "ftp://box", "http://box:port", "http://box:99999", "http://box/?x=1", "a b",
     "http://[::1", "http://box\n.evil", "http://box/\x1b[31m"],
)  # fmt: skip
def test_a_bad_address_is_explained(text: str) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        parse_address(text)
    assert "127.0.0.1:8080" in caught.value.hint
    assert "\x1b" not in caught.value.message


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BackendUnavailable) as caught:
        parse_address("http://me:secret@box")
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.2", True), ("[::1]", True), ("10.0.0.1", False),
     ("box", False)],
)  # fmt: skip
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert parse_address(f"http://{host}:1").loopback is loopback
