"""Where every file of this program lives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP_NAME = "foundry-tui"


@dataclass(frozen=True, slots=True)
class Paths:
    """File locations. Nothing is created until something is written."""

    config_dir: Path
    data_dir: Path
    """Conversations, benchmark runs, the model cache."""
    log_dir: Path

    @property
    def config_file(self) -> Path:
        """Settings, written by hand or by `config init`."""
        return self.config_dir / "config.toml"

    @property
    def database(self) -> Path:
        """Conversations, benchmark runs and ratings."""
        return self.data_dir / "foundry-tui.sqlite3"

    @property
    def recordings(self) -> Path:
        """Recordings of the monitor."""
        return self.data_dir / "recordings"

    @property
    def unpacked(self) -> Path:
        """Models that were imported from bundles and archives."""
        return self.data_dir / "unpacked"

    @property
    def compiled(self) -> Path:
        """Models that were compiled, and could not be imported."""
        return self.data_dir / "compiled"

    @property
    def compile_log(self) -> Path:
        """What the model builder printed, the last time."""
        return self.log_dir / "compile.log"

    @property
    def model_cache(self) -> Path:
        """Models of the embedded runtime."""
        return self.data_dir / "models"

    @property
    def runs_dir(self) -> Path:
        """Logs and status of benchmarks that run in processes of their own."""
        return self.data_dir / "runs"

    @property
    def catalog_cache(self) -> Path:
        """Last answers of the public catalog."""
        return self.data_dir / "catalog"

    @property
    def sizes_file(self) -> Path:
        """Sizes of model directories, so that they need not be walked at each start."""
        return self.data_dir / "sizes.json"

    @property
    def runtime_dir(self) -> Path:
        """Scratch directory of the embedded runtime."""
        return self.data_dir / "runtime"

    @property
    def runtime_log(self) -> Path:
        """What the embedded runtime prints."""
        return self.log_dir / "runtime.log"


def default_paths() -> Paths:
    """Return the platform's own places; `FOUNDRY_TUI_HOME` puts all of them below one directory."""
    home = os.environ.get("FOUNDRY_TUI_HOME")
    if home:
        root = Path(home).expanduser()
        return Paths(root / "config", root / "data", root / "logs")
    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    return Paths(dirs.user_config_path, dirs.user_data_path, dirs.user_log_path)


def typed_path(text: str) -> Path:
    """Return a path that a person typed, as an absolute one; `~` is the home directory.

    Unlike `Path.expanduser` it takes any text: one is half typed most of the time, `~nobody`.
    """
    return Path(os.path.abspath(os.path.expanduser(text.replace("\0", ""))))
