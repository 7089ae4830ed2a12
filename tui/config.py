"""Settings from a TOML file, written by hand; this program changes single lines of it at most."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from tui.atomic_file import write_atomically
from tui.foundry.errors import FoundryError

BackendChoice = Literal["auto", "foundry", "runtime", "endpoint"]
BACKENDS: tuple[BackendChoice, ...] = ("auto", "foundry", "runtime", "endpoint")

LEAST_INTERVAL_S, MOST_INTERVAL_S = 0.2, 60.0
SECTIONS = ("keys", "chat", "bench", "monitor", "endpoints")
HIDDEN = "***"
"""Stands for a key wherever settings are shown."""
_POSITION = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")


class ConfigError(FoundryError):
    """The settings file cannot be read or written; it was left as it is.

    Args:
        message: What is wrong, with file, line and column.
        hint: What to do.
        line: First line is 1; None where the trouble is not in the text.
        column: First column is 1.
    """

    code = "config_broken"

    def __init__(
        self, message: str, hint: str = "", line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, hint)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What a new conversation starts with; None leaves it to the server."""

    temperature: float | None = None
    """0 to 2."""
    max_tokens: int | None = None
    system_prompt: str = ""


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What a new benchmark starts with."""

    rounds: int = 10
    max_tokens: int = 64
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """How the machine is watched."""

    interval_s: float = 1.0
    """Time between two samples while somebody looks at them."""
    hidden_interval_s: float = 2.0
    """The same while only the header shows them and no model works."""
    graphs: Literal["auto", "blocks", "ascii"] = "auto"
    """What graphs are drawn with; auto takes blocks where the terminal is sure to have them."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """A named OpenAI-compatible server: a box behind an SSH tunnel, a cluster."""

    url: str
    model: str | None = None
    """A model name to offer even if the server does not list it."""
    api_key_env: str | None = None
    """Environment variable that holds the key."""
    api_key: str | None = field(default=None, repr=False)
    """The key itself; never shown, logged or exported."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. What the file does not set has its default."""

    backend: BackendChoice = "auto"
    endpoint: str | None = None
    """Base URL of an OpenAI-compatible server, or the name of one in `endpoints`."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; `API_KEY` where nothing is said."""
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    """Named servers, from sections `[endpoints.NAME]`."""
    theme: str | None = None
    models_file: Path | None = None
    """The team's registry; None for `models.json` in the working directory."""
    model_cache: Path | None = None
    """Where the embedded runtime keeps its models; None for the platform's own place."""
    compile_python: Path | None = None
    """Interpreter that has the model builder; None for the one that runs this program."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id to keys, separated by commas as Textual spells them."""
    chat: ChatSettings = ChatSettings()
    bench: BenchSettings = BenchSettings()
    monitor: MonitorSettings = MonitorSettings()
    problems: tuple[str, ...] = ()
    """What in the file was not used, and why; one sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """Return the settings in force, as the file would hold them; unset ones are None."""
        values = asdict(self)
        del values["problems"]
        for endpoint in values["endpoints"].values():
            if endpoint["api_key"] is not None:
                endpoint["api_key"] = HIDDEN
        for key in ("models_file", "model_cache", "compile_python"):
            values[key] = None if values[key] is None else str(values[key])
        return values


def load_config(path: Path) -> Config:
    """Read the settings; a missing file means the defaults.

    Values of a wrong type or range and unknown keys are listed in `problems`, and the rest is
    used. Relative paths in the file start at the file's directory; `~` is the home directory.

    Raises:
        ConfigError: The file is no TOML, or cannot be read.
    """
    table = _read(path)
    return Config() if table is None else _Reader(path).read(table)


def load_config_or_default(path: Path) -> tuple[Config, str | None]:
    """Read the settings as far as they can be read; the text says what went wrong, or is None."""
    try:
        config = load_config(path)
    except ConfigError as error:
        return Config(), f"{error.message} Default settings are used."
    if not config.problems:
        return config, None
    more = len(config.problems) - 1
    return config, f"{path.name}: {config.problems[0]}" + (f" (and {more} more)" if more else "")


def save_setting(path: Path, key: str, value: str | int | float | bool) -> None:
    """Write one setting, leaving all others as they are; comments stay where the layout allows.

    Args:
        path: The settings file; made where it does not exist.
        key: `theme`, or `chat.temperature` for a key in a section.
        value: The new value.

    Raises:
        ConfigError: The file is broken or cannot be written; it was not touched.
    """
    table = _read(path) or {}
    section, _, name = key.rpartition(".")
    changed = dict(table)
    if section:
        inner = table.get(section, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"'{section}' in {path} is no section.", "Mend the file by hand.")
        changed[section] = {**inner, name: value}
    else:
        changed[name] = value
    try:
        text = path.read_text("utf-8-sig") if path.exists() else ""
        write_atomically(path, _edited(text, section, name, value, changed))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.", "Check the directory's permissions."
        ) from error


def _edited(text: str, section: str, name: str, value: object, wanted: dict[str, Any]) -> str:
    """Return `text` with one line set; rewritten whole where that line cannot be found."""
    import tomli_w

    line = tomli_w.dumps({name: value}).strip()
    lines = text.splitlines()
    headers = [i for i, one in enumerate(lines) if one.lstrip().startswith("[")]
    start, end = 0, headers[0] if headers else len(lines)
    if section:
        own = [i for i in headers if lines[i].split("#")[0].strip() == f"[{section}]"]
        if own:
            start = own[0] + 1
            end = next((i for i in headers if i >= start), len(lines))
        else:
            lines += ["", f"[{section}]"] if lines else [f"[{section}]"]
            start = end = len(lines)
    setting = re.compile(rf"\s*{re.escape(name)}\s*=")
    found = next((i for i in range(start, end) if setting.match(lines[i])), None)
    if found is None:
        lines.insert(start if section else 0, line)
    else:
        lines[found] = line
    edited = "\n".join(lines) + "\n"
    try:
        if tomllib.loads(edited) == wanted:
            return edited
    except tomllib.TOMLDecodeError:
        pass  # The line was part of something longer, such as a text over several lines.
    return tomli_w.dumps(wanted)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", "Check that it is a file you may read."
        ) from error
    hint = "Mend that line, or move the file away to start with the defaults."
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigError(
            f"{path}, line {line}, column {column}: no UTF-8 text.", hint, line, column
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, what = _locate(str(error), text)
        raise ConfigError(
            f"{path}, line {line}, column {column}: {what}.", hint, line, column
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply.", hint) from error


def _locate(message: str, text: str) -> tuple[int, int, str]:
    if match := _POSITION.search(message):
        return int(match[1]), int(match[2]), message[: match.start()]
    last_line = text.rpartition("\n")[2]
    return text.count("\n") + 1, len(last_line) + 1, _AT_END.sub("", message)


class _Reader:
    """Turns a TOML table into a `Config`, and notes what it could not use."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._problems: list[str] = []

    def read(self, table: Mapping[str, Any]) -> Config:
        top = {key: value for key, value in table.items() if key not in SECTIONS}
        values = self._checked(
            top,
            "",
            {
                "backend": _one_of(BACKENDS),
                "endpoint": _text,
                "api_key_env": _text,
                "theme": _text,
                "models_file": self._path,
                "model_cache": self._path,
                "compile_python": self._path,
            },
        )
        chat = {"temperature": _number(0, 2), "max_tokens": _whole, "system_prompt": _any_text}
        bench = {"rounds": _whole, "max_tokens": _whole, "timeout_s": _number(0.001)}
        monitor = {
            "interval_s": _number(LEAST_INTERVAL_S, MOST_INTERVAL_S),
            "hidden_interval_s": _number(LEAST_INTERVAL_S, MOST_INTERVAL_S),
            "graphs": _one_of(("auto", "blocks", "ascii")),
        }
        endpoints = self._endpoints(self._section(table, "endpoints"))
        if (named := values.get("endpoint")) is not None and named not in endpoints:
            try:
                _url(named)
            except ValueError as error:
                del values["endpoint"]
                known = f", or one of {', '.join(endpoints)}" if endpoints else ""
                self._problems.append(f"'endpoint' must be {error}{known}, not {named!r}.")
        return Config(
            **values,
            endpoints=endpoints,
            keys=self._keys(self._section(table, "keys")),
            chat=ChatSettings(**self._checked(self._section(table, "chat"), "chat.", chat)),
            bench=BenchSettings(**self._checked(self._section(table, "bench"), "bench.", bench)),
            monitor=MonitorSettings(
                **self._checked(self._section(table, "monitor"), "monitor.", monitor)
            ),
            problems=tuple(self._problems),
        )

    def _endpoints(self, table: Mapping[str, Any]) -> dict[str, EndpointSettings]:
        checks = {"url": _url, "model": _text, "api_key_env": _text, "api_key": _text}
        endpoints: dict[str, EndpointSettings] = {}
        for name, value in table.items():
            prefix = f"endpoints.{name}."
            if not isinstance(value, dict):
                self._problems.append(
                    f"'endpoints.{name}' must be a section [endpoints.{name}] with a url."
                )
                continue
            values = self._checked(value, prefix, checks)
            if "url" in values:
                endpoints[name] = EndpointSettings(**values)
            elif "url" not in value:
                self._problems.append(f"'{prefix}url' is missing: the address of the server.")
        return endpoints

    def _section(self, table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = table.get(name, {})
        if isinstance(value, dict):
            return value
        self._problems.append(f"'{name}' must be a section [{name}], not {value!r}.")
        return {}

    def _checked(
        self, table: Mapping[str, Any], prefix: str, checks: Mapping[str, Callable[[Any], Any]]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key == "api_key" and not prefix:
                self._problems.append(
                    "'api_key' is not read here: put it into a section [endpoints.NAME], or keep "
                    "it in an environment variable and name that in api_key_env."
                )
            elif key not in checks:
                known = difflib.get_close_matches(key, checks, 1)
                meant = f"; did you mean '{prefix}{known[0]}'?" if known else "."
                self._problems.append(f"Unknown setting {prefix + key!r}{meant}")
            else:
                try:
                    values[key] = checks[key](value)
                except ValueError as error:
                    shown = HIDDEN if key == "api_key" else repr(value)
                    self._problems.append(f"'{prefix}{key}' must be {error}, not {shown}.")
        return values

    def _keys(self, table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
        keys: dict[str, str] = {}
        for name, value in table.items():
            # `catalog.run = "e"` without quotes is a table in a table.
            if isinstance(value, dict):
                keys |= self._keys(value, f"{prefix}{name}.")
            elif isinstance(value, str) and value.strip():
                keys[prefix + name] = value.strip()
            elif isinstance(value, list) and value and all(isinstance(k, str) for k in value):
                keys[prefix + name] = ",".join(value)
            else:
                self._problems.append(
                    f"'keys.{prefix}{name}' must be a key or a list of keys, not {value!r}."
                )
        return keys

    def _path(self, value: Any) -> Path:
        try:
            path = Path(_text(value)).expanduser()
        except RuntimeError as error:  # no home directory
            raise ValueError("a path that can be found") from error
        return self._folder / path


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise ValueError("a text")
    return value.strip()


def _any_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _url(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"https?://\S+$", value.strip(), re.IGNORECASE):
        raise ValueError("an address that begins with http:// or https://")
    return value.strip()


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("a whole number above 0")
    return value


def _number(least: float, most: float = math.inf) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        fine = isinstance(value, int | float) and not isinstance(value, bool)
        if not fine or not least <= value <= most or not math.isfinite(value):
            raise ValueError(
                f"a number from {least:g} to {most:g}" if most < math.inf else "a number above 0"
            )
        return float(cast(float, value))

    return check


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return cast(str, value)

    return check
