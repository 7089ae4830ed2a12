"""`cache doctor [--checksums] [--repair [--only KINDS] [--yes]]`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tui.cache.checksums import Checked, check_all
from tui.cache.doctor import examine
from tui.cache.findings import KINDS, REPAIR_WORDS, Finding
from tui.cache.notes import CacheNotebook
from tui.cache.repairs import repair
from tui.cache.threads import Tell, in_thread
from tui.cli.asking import confirm, somebody_is_there
from tui.cli.cache_versions import read_notes
from tui.cli.execute import SOME_FAILED, Context
from tui.cli.output import UsageError
from tui.database import Database
from tui.formats import format_bytes
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.foundry.types import CacheInfo, Model


async def run(context: Context) -> int:
    """Look for what is wrong on disk, and mend it where that is asked for.

    Exit code 0 where nothing is wrong or all was mended, 1 where something is left, 5 where some
    repairs failed.
    """
    only = _kinds(context.arguments.only)
    if context.arguments.repair and not context.arguments.yes and not somebody_is_there():
        raise UsageError(
            "Repairs are asked about one by one, and nobody is there to ask.",
            "Give --yes, which does what loses nothing of use; --only KINDS does all of a kind.",
        )
    notebook = CacheNotebook(Database(context.session.paths.database))
    async with context.backend() as backend:
        models, cache = await backend.models(), await backend.cache()
        notes = await read_notes(context, backend)
        findings = list(await asyncio.to_thread(examine, cache, models, None, notes, notebook))
        checked = None
        if context.arguments.checksums:
            checked = await _check(context, cache, notebook)
            seen = {one.key for one in findings}
            findings += [one for one in checked.findings if one.key not in seen]
        work = _Repairs(context, backend, cache, models, notebook)
        if context.arguments.repair:
            await work.carry_out(findings, only)
    return _report(context, findings, work, checked)


def _kinds(named: str | None) -> frozenset[str]:
    kinds = frozenset(filter(None, (kind.strip() for kind in (named or "").split(","))))
    if unknown := sorted(kinds - set(KINDS)):
        raise UsageError(f"There is no kind {unknown[0]!r}.", f"Kinds are: {', '.join(KINDS)}.")
    return kinds


async def _check(context: Context, cache: CacheInfo, notebook: CacheNotebook) -> Checked:
    def check(tell: Tell) -> Checked:
        return check_all(cache.entries, notebook, tell)

    show = context.on_progress("checksums", people_only=True)
    checked = await in_thread(check, show, "reading")
    context.output.end_progress()
    return checked


class _Repairs:
    """Carries out repairs, and keeps what came of them."""

    def __init__(
        self,
        context: Context,
        backend: Backend,
        cache: CacheInfo,
        models: Sequence[Model],
        notebook: CacheNotebook,
    ) -> None:
        self._context = context
        self._backend = backend
        self._location = cache.location
        self._loaded = [one.id for model in models for one in model.variants if one.loaded]
        self._notebook = notebook
        self.mended: set[str] = set()
        self.failed: set[str] = set()
        self.freed_bytes = 0

    async def carry_out(self, findings: Sequence[Finding], only: frozenset[str]) -> None:
        """Mend what was asked for: of these kinds, else what loses nothing or is agreed to."""
        yes, output = self._context.arguments.yes, self._context.output
        show = self._context.on_progress("mending", people_only=True)
        for finding in findings:
            if finding.repair == "by hand" or (only and finding.kind not in only):
                continue
            if yes and not only and not finding.certain:
                continue  # named, and left to a person
            word = REPAIR_WORDS[finding.repair].capitalize()
            question = f"{clean_text(finding.what, False)} {word}?"
            if not await confirm(question, yes=yes):
                continue
            try:
                self.freed_bytes += await repair(
                    self._backend, finding, self._location, self._notebook, show, self._loaded
                )
            except FoundryError as error:
                self.failed.add(finding.key)
                output.error(error)
            else:
                self.mended.add(finding.key)


def _report(
    context: Context, findings: Sequence[Finding], work: _Repairs, checked: Checked | None
) -> int:
    rows = [_values(one, mended=one.key in work.mended) for one in findings]
    lines = [
        f"mended: {one.what}" if one.key in work.mended else f"! {one.kind}: {one.what} {one.mend}"
        for one in findings
    ] or ["Nothing is wrong on disk."]
    values: dict[str, Any] = {"findings": rows, "freed_bytes": work.freed_bytes}
    if checked is not None:
        lines.append(checked.sentence())
        values["checksums"] = {"compared": checked.compared, "taken": checked.taken}
    if work.mended:
        lines.append(f"{format_bytes(work.freed_bytes)} freed.")
    context.output.result(values, clean_text("\n".join(lines)))
    if work.failed and work.mended:
        return SOME_FAILED
    return 0 if len(work.mended) == len(findings) else 1


def _values(finding: Finding, *, mended: bool) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "what": finding.what,
        "mend": finding.mend,
        "size_bytes": finding.size_bytes,
        "path": str(finding.path),
        "variant": finding.variant_id,
        "repair": finding.repair,
        "certain": finding.certain,
        "mended": mended,
    }
