"""Addresses of model servers as people write them."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from tui.foundry.errors import BackendUnavailable

_ROUTES = re.compile(r"/(?:chat/completions|completions|models)$")
_VERSION = re.compile(r"/v\d+$")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: `base` without `/v1`, `api` with it."""

    base: str
    api: str
    secure: bool
    loopback: bool


def parse_address(text: str) -> Address:
    """Read an address with or without scheme, `/v1`, route or trailing slash.

    Raises:
        BackendUnavailable: It is no address of a server.
    """
    text = text.strip()
    if not text.isprintable():  # urlsplit drops line breaks without a word
        raise _bad(text, "it holds characters that no address may hold")
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad(text, str(error)) from None
    if parts.scheme not in ("http", "https"):
        raise _bad(text, f"it begins with '{parts.scheme}:', not with http: or https:")
    if parts.username is not None or parts.password is not None:
        # The text holds a password: it is not repeated.
        raise BackendUnavailable(
            "The address of the server holds a user name or password.",
            "Give the address without it, and the key in the environment variable API_KEY.",
        )
    if not host or not re.fullmatch(r"[\w.:%-]+", host):
        raise _bad(text, "it names no host")
    if parts.query or parts.fragment:
        raise _bad(text, "it holds a '?' or '#'")
    if not re.fullmatch(r"[\w/.~%+@:-]*", parts.path):
        raise _bad(text, "its path holds characters that no address may hold")
    shown_host = f"[{host}]" if ":" in host else host
    path = _ROUTES.sub("", parts.path.rstrip("/"))
    origin = f"{parts.scheme}://{shown_host}" + (f":{port}" if port is not None else "")
    base = origin + path.removesuffix("/v1")
    api = base if _VERSION.search(base) else f"{base}/v1"
    return Address(base, api, parts.scheme == "https", _is_loopback(host))


def verification(address: Address) -> ssl.SSLContext | bool:
    """Return what httpx takes as `verify`.

    Certificates are read only where they are needed, since that takes 20 to 50 ms; `SSL_CERT_FILE`
    and `SSL_CERT_DIR` are honoured on loopback too, where the rest of the environment is not.
    """
    if not address.secure:
        return False
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        return True
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:
        raise BackendUnavailable(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error}.",
            "Correct these variables, or unset them.",
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bad(text: str, why: str) -> BackendUnavailable:
    shown = "".join(char for char in text[:100] if char.isprintable())
    return BackendUnavailable(
        f"'{shown}' is not the address of a server: {why}.",
        "Write it like http://127.0.0.1:8080",
    )
