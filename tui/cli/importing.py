"""`import DIR|FILE --name N [--copy|--link|--register] [--mend]`, and `import DIR --check`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path

from tui.cache.bundle import holds_checksums, is_archive, verify_bundle
from tui.cache.folder_check import Finding, check_folder, suggest_name
from tui.cache.importing import import_from
from tui.cache.mending import Mended, mend
from tui.cli.execute import Context
from tui.cli.output import UsageError
from tui.formats import format_bytes
from tui.paths import typed_path

_MARKS = {"error": "✗", "warning": "!", "info": "✓"}


def prepare(arguments: Namespace) -> None:
    """Refuse an import without a name. Raises `UsageError`."""
    if not arguments.name and not arguments.check:
        raise UsageError(
            "--name is missing: what to call the model.",
            f"For example: --name {suggest_name(typed_path(str(arguments.folder)))}",
        )


async def run(context: Context) -> int:
    """Add the user's own model: a directory, a bundle, or an archive of a directory."""
    arguments = context.arguments
    source: Path = typed_path(str(arguments.folder))
    mend_as = arguments.chat_template or ("" if arguments.mend else None)
    if arguments.check:
        return await _check(context, source, mend_as)
    async with context.backend() as backend:
        imported = await import_from(
            backend,
            source,
            arguments.name,
            context.session.paths.unpacked,
            way=arguments.way,
            mend_as=mend_as,
            report=context.on_progress(arguments.name, people_only=True),
        )
    lines = [f"Imported as {imported.variant_id}.", *imported.mended]
    values = {"variant": imported.variant_id, "mended": list(imported.mended)}
    context.output.result(values, "\n".join(lines))
    context.output.hint(f"Talk to it: foundry-tui chat {arguments.name} 'Hello'")
    return 0


def _look_at_archive(source: Path) -> tuple[Finding, ...]:
    """Say what is known of an archive without unpacking it. Raises `BundleError`."""
    if not holds_checksums(source):
        what = f"{source.name} has no checksums; it is checked when it is unpacked"
        return (Finding("info", what),)
    manifest = verify_bundle(source)
    size = format_bytes(manifest.size_bytes)
    return (Finding("info", f"{source.name} is whole: {manifest.variant_id}, {size}"),)


async def _check(context: Context, source: Path, mend_as: str | None) -> int:
    """Say what is missing, and change nothing. Exit code 1 where it cannot be imported."""
    if source.is_file() and is_archive(source):  # noqa: ASYNC240 - one look
        findings = await asyncio.to_thread(_look_at_archive, source)
        mended = Mended()
    else:
        mended = Mended() if mend_as is None else await asyncio.to_thread(mend, source, mend_as)
        findings = await asyncio.to_thread(check_folder, source, mended.files)
    importable = not any(one.severity == "error" for one in findings)
    values = {
        "path": str(source),
        "name": context.arguments.name or suggest_name(source),
        "importable": importable,
        "findings": [
            {
                "severity": one.severity,
                "what": one.what,
                "mend": one.mend,
                "mendable": one.mendable,
            }
            for one in findings
        ],
        "mended": list(mended.said),
    }
    lines = [f"{_MARKS[one.severity]} {one.what}. {one.mend}".rstrip() for one in findings]
    lines += [f"+ {line}" for line in mended.said]
    if any(one.mendable for one in findings):
        lines.append("--mend writes what it can beside the files; the directory stays as it is.")
    context.output.result(values, "\n".join(lines))
    return 0 if importable else 1
