"""What the catalog's pane does with the team's registry."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work

from tui.catalog.measured import Measured
from tui.catalog.registry import Registry, RegistryError, load_registry_or_empty
from tui.catalog.registry_edit import Change, RegistryFile
from tui.catalog.rows import suggested_entry
from tui.database import Database
from tui.foundry.errors import FoundryError
from tui.messages import RegistryChanged
from tui.panes.catalog.base import CatalogBase


class RegistryActions(CatalogBase):
    """Entries, contributions, merges, and what the registry recommends."""

    @work(group="registry", exclusive=True)
    async def look_at_registry(self) -> None:
        """Take over what somebody else changed in the file meanwhile."""
        path = self.session.registry_path
        registry = await asyncio.to_thread(load_registry_or_empty, path)
        if registry != self.store.state.registry:
            self.post_message(RegistryChanged(registry))
            said = registry.problem or f"{path.name} was changed on disk; it was read again."
            self.notify(said, markup=False)

    @work(group="choose", exclusive=True)
    async def action_entry(self) -> None:
        """Add the model under the cursor to `models.json`, or change its entry."""
        if (row := self.row) is None or (file := await self._file()) is None:
            return
        from tui.panes.catalog.entry_dialog import EntryDialog

        dialog = EntryDialog(
            file,
            row.entry.as_dict() if row.entry else suggested_entry(row),
            row.entry.name if row.entry else None,
        )
        registry = await self.app.push_screen_wait(dialog)
        self._written(registry)

    @work(group="choose", exclusive=True)
    async def action_contribute(self) -> None:
        """Put what was measured of the model into its entry, after showing the change."""
        row = self.row
        if row is None or row.entry is None:
            self.notify("This model has no entry in models.json yet: a adds one.")
            return
        name = row.entry.name
        if (file := await self._file()) is None:
            return
        try:
            measured = await asyncio.to_thread(self._measured, name)
            if measured is None:
                self.notify(
                    f"Nothing was measured of '{name}' here yet. Mark two models with space, then "
                    "b benchmarks them.",
                    markup=False,
                )
                return
            change = file.contribute(name, measured)
        except FoundryError as error:
            self.say_error(error)
        else:
            await self._offer(f"Contribute to '{name}'", file, change, [])

    @work(group="choose", exclusive=True)
    async def action_merge(self) -> None:
        """Take over what a colleague's file has, after showing the change and the conflicts."""
        from tui.panes.catalog.merge_dialog import MergeDialog

        dialog = MergeDialog(self.session.registry_path.parent)
        answer = await self.app.push_screen_wait(dialog)
        if answer is None or (file := await self._file()) is None:
            return
        theirs, base = answer
        try:
            change, notes = await asyncio.to_thread(_merged, file, theirs, base)
        except RegistryError as error:
            self.say_error(error)
        else:
            await self._offer(f"Merge {theirs.name}", file, change, notes)

    @work(group="recommend", exclusive=True)
    async def action_recommend(self) -> None:
        """Ask for a task, show the model that the registry recommends for this machine."""
        from tui.panes.catalog.recommend import RecommendDialog

        sample = self.store.state.sample
        total = sample.ram_total_bytes if sample else None
        registry = self.store.state.registry
        try:
            measured = await asyncio.to_thread(
                self._all_measured, [one.name for one in registry.entries]
            )
        except FoundryError as error:
            self.say_error(error)
            measured = {}
        dialog = RecommendDialog(registry, total or 0, measured)
        if name := await self.app.push_screen_wait(dialog):
            self.go_to(name)

    async def _offer(
        self, title: str, file: RegistryFile, change: Change, notes: list[str]
    ) -> None:
        from tui.widgets.dialogs.diff import DiffDialog

        if not change.diff and not notes:
            self.notify(f"{file.path.name} says all of that already.", markup=False)
            return
        dialog = DiffDialog(title, change.diff, "\n".join(notes))
        if not await self.app.push_screen_wait(dialog):
            return
        try:
            self._written(await asyncio.to_thread(file.write, change))
        except RegistryError as error:
            self.say_error(error)

    def _written(self, registry: Registry | None) -> None:
        if registry is not None:
            self.post_message(RegistryChanged(registry))
            self.notify(f"{self.session.registry_path.name} was written.", markup=False)

    async def _file(self) -> RegistryFile | None:
        """Read the file as it is now; what is wrong with it is said."""
        try:
            return await asyncio.to_thread(RegistryFile, self.session.registry_path)
        except RegistryError as error:
            self.say_error(error)
            return None

    def _measured(self, name: str) -> Measured | None:
        return self._all_measured([name]).get(name)

    def _all_measured(self, names: list[str]) -> dict[str, Measured]:
        from tui.bench.measured import measured_by_entry

        return dict(measured_by_entry(Database(self.session.paths.database), names))


def _merged(file: RegistryFile, theirs: Path, base: Path | None) -> tuple[Change, list[str]]:
    merged = file.merge(RegistryFile(theirs), RegistryFile(base) if base else None)
    notes = [f"! {one}" for one in merged.conflicts]
    for word, names in (
        ("added", merged.added), ("changed", merged.changed), ("removed", merged.removed),
    ):  # fmt: skip
        if names:
            notes.append(f"{word}: {', '.join(names)}")
    return merged.change, notes
