"""A scripted backend whose imports really happen, as those of the other backends do."""

from __future__ import annotations

from pathlib import Path

from tests.support.scripted_backend import ScriptedBackend
from tui.foundry.on_disk.local_models import LocalModels
from tui.foundry.types import AS_LINKS, ImportOptions


class FolderBackend(ScriptedBackend):
    """Keeps its models below `location`, without a runtime that could load them."""

    @property
    def local(self) -> LocalModels:
        return LocalModels(self.location, None, prompt_templates=True)

    async def import_model(self, folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        self._raise("import_model")
        return self.local.add(folder, name, set(), options).id

    async def remove(self, variant_id: str) -> int:
        return self.local.remove(variant_id)
