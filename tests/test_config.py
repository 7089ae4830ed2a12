"""Settings: what is read, what is said about mistakes, and what writing leaves alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.config import Config, ConfigError, load_config, load_config_or_default, save_setting

FULL = """\
# my settings
backend = "endpoint"
endpoint = "http://127.0.0.1:8080"
api_key_env = "MY_KEY"
theme = "nord"          # dark
models_file = "team/models.json"
model_cache = "~/models"

[keys]
catalog.run = "e"
"cache.delete" = ["x", "delete"]

[chat]
temperature = 1
max_tokens = 256
system_prompt = ""

[bench]
rounds = 3
timeout_s = 30
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_missing_file_means_the_defaults(file: Path) -> None:
    assert load_config(file) == Config()
    assert load_config_or_default(file) == (Config(), None)
    assert not file.exists()


def test_everything_is_read(file: Path, home: Path) -> None:
    file.write_text(FULL)
    config = load_config(file)
    assert config.problems == ()
    assert (config.backend, config.endpoint) == ("endpoint", "http://127.0.0.1:8080")
    assert (config.api_key_env, config.theme) == ("MY_KEY", "nord")
    assert config.models_file == file.parent / "team" / "models.json"
    assert config.model_cache == home / "models"
    assert config.keys == {"catalog.run": "e", "cache.delete": "x,delete"}
    assert (config.chat.temperature, config.chat.max_tokens) == (1.0, 256)
    assert (config.bench.rounds, config.bench.max_tokens, config.bench.timeout_s) == (3, 64, 30.0)
    assert config.as_dict()["chat"]["temperature"] == 1.0
    assert config.as_dict()["model_cache"] == str(home / "models")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b'theme = "nord"\nbackend = auto\n', 2, 11),
        (b'theme = "nord"\nbackend = "au', 2, 14),
        (b"a = 1\nb = 2\na = 3\n", 3, 6),
        (b'theme = "nord"\n# gr\xfc\xdfe\n', 2, 5),
    ],
)
def test_a_broken_file_is_located_and_never_overwritten(
    file: Path, text: bytes, line: int, column: int
) -> None:
    file.write_bytes(text)
    with pytest.raises(ConfigError, match=f"line {line}, column {column}") as caught:
        load_config(file)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.hint
    with pytest.raises(ConfigError):
        save_setting(file, "theme", "nord")
    assert file.read_bytes() == text
    config, problem = load_config_or_default(file)
    assert config == Config()
    assert problem is not None
    assert f"line {line}" in problem


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('backend = "azure"', "'backend' must be one of auto, foundry, runtime, endpoint"),
        ("theme = 3", "'theme' must be a text, not 3"),
        ('endpoint = "localhost:80"', "begins with http"),
        ("them = 'nord'", "did you mean 'theme'?"),
        ("zzz = 1", "Unknown setting 'zzz'"),
        ("api_key = 'secret'", "api_key_env"),
        ("chat = 1", "must be a section [chat]"),
        ("[chat]\ntemperature = 3", "'chat.temperature' must be a number from 0 to 2"),
        ("[chat]\ntemperature = nan", "'chat.temperature'"),
        ("[chat]\nmax_tokens = true", "'chat.max_tokens' must be a whole number above 0"),
        ("[bench]\nrounds = 0", "'bench.rounds'"),
        ("[bench]\nround = 2", "did you mean 'bench.rounds'?"),
        ("[keys]\nrun = 1", "'keys.run'"),
        ("[keys]\nrun = []", "'keys.run'"),
    ],
)
def test_a_mistake_is_named_and_the_rest_is_used(file: Path, text: str, said: str) -> None:
    file.write_text('model_cache = "kept"\n' + text)
    config = load_config(file)
    assert config.model_cache == file.parent / "kept"
    assert len(config.problems) == 1
    assert said in config.problems[0]
    assert "secret" not in config.problems[0]
    assert load_config_or_default(file)[0] == config
    assert said in (load_config_or_default(file)[1] or "")


def test_saving_changes_one_line_and_keeps_comments(file: Path) -> None:
    file.write_text(FULL)
    save_setting(file, "theme", "gruvbox")
    assert file.read_text() == FULL.replace('theme = "nord"          # dark', 'theme = "gruvbox"')
    save_setting(file, "chat.temperature", 0.5)
    assert "temperature = 0.5\n" in file.read_text()
    save_setting(file, "bench.max_tokens", 32)
    config = load_config(file)
    assert (config.theme, config.chat.temperature, config.bench.max_tokens) == ("gruvbox", 0.5, 32)
    assert "# my settings" in file.read_text()


def test_saving_into_a_new_file(file: Path) -> None:
    save_setting(file.parent / "new" / "config.toml", "theme", "nord")
    assert load_config(file.parent / "new" / "config.toml").theme == "nord"
    save_setting(file, "bench.rounds", 2)
    assert load_config(file).bench.rounds == 2


def test_saving_where_a_line_cannot_be_found(file: Path) -> None:
    file.write_text('note = """\ntheme = "not here"\n"""\nbench = {rounds = 2}\n')
    save_setting(file, "theme", "nord")
    save_setting(file, "bench.rounds", 4)
    table = tomllib.loads(file.read_text())
    assert table == {"note": 'theme = "not here"\n', "bench": {"rounds": 4}, "theme": "nord"}


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True).filter(lambda key: key != "section"),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8) | st.integers(-99, 99),
        max_size=4,
    ),
    st.sampled_from(["theme", "section.theme"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
def test_saving_preserves_every_other_setting(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, object], key: str, value: str
) -> None:
    import tomli_w

    file = tmp_path_factory.mktemp("c") / "config.toml"
    before = {**settings, "section": settings}
    file.write_text(tomli_w.dumps(before), "utf-8")
    save_setting(file, key, value)
    wanted = {**before, "section": dict(settings)}
    (wanted["section"] if "." in key else wanted)["theme"] = value
    assert tomllib.loads(file.read_text("utf-8")) == wanted


def test_loading_does_not_import_the_writer() -> None:
    code = "import sys, tui.config; sys.exit('tomli_w' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
