"""What the embedded runtime is told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.foundry.runtime.launch import EarlyHost

CATALOG_URL = "https://api.catalog.azureml.ms/asset-gallery/v1.0/models"
"""The public catalog of Foundry Local, as the runtime itself has it."""

OFFLINE = "Downloads are switched off: this session is offline."


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Places and switches of one embedded runtime."""

    cache_dir: Path
    """Models on disk. Several runtimes may share it."""
    catalog_cache_dir: Path
    """Last answers of the public catalog."""
    work_dir: Path
    """Scratch; each runtime makes a directory of its own below it and deletes it at the end."""
    log_file: Path
    """What the runtime prints."""
    demo_models_dir: Path | None = None
    """Directories of models that ship with the program, each with a `card.json`."""
    offline: bool = False
    """Never ask the public catalog."""
    catalog_wait_s: float = 2.5
    """How long the very first listing may wait for the public catalog. 0: never; `on_change`
    tells when it has arrived. A failure is remembered, later starts do not wait."""
    catalog_url: str = CATALOG_URL
    catalog_region: str | None = None
    """For tests: the region that the runtime puts into the registry's address."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables on top of this process's own."""
    sizes_file: Path | None = None
    """Where the sizes of model directories are kept; None keeps none."""
    early: EarlyHost | None = field(default=None, repr=False, compare=False)
    """A host that starts already; the first backend with these settings takes it."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the child; environment and early host are not among them."""
        ours = ("environment", "early")
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ours}
        return {
            key: str(value) if isinstance(value, Path) else value for key, value in values.items()
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RuntimeSettings:
        """Read what `to_json` wrote."""
        demo = values["demo_models_dir"]
        return cls(
            cache_dir=Path(values["cache_dir"]),
            catalog_cache_dir=Path(values["catalog_cache_dir"]),
            work_dir=Path(values["work_dir"]),
            log_file=Path(values["log_file"]),
            demo_models_dir=None if demo is None else Path(demo),
            offline=bool(values["offline"]),
            catalog_wait_s=float(values["catalog_wait_s"]),
            catalog_url=str(values["catalog_url"]),
            catalog_region=values["catalog_region"],
            sizes_file=None if values["sizes_file"] is None else Path(values["sizes_file"]),
        )
