"""`cache doctor`."""

from __future__ import annotations

import asyncio

from tui.cache.doctor import Finding, examine
from tui.cli.execute import Context
from tui.foundry.backend import Backend


async def run(context: Context) -> int:
    """Look for what is wrong on disk."""
    async with context.backend() as backend:
        return await _doctor(context, backend)


async def _doctor(context: Context, backend: Backend) -> int:
    """Exit code 0 where nothing is wrong or all was mended, 1 where something is left."""
    models = await backend.models()
    findings = await asyncio.to_thread(examine, await backend.cache(), models)
    mended: list[Finding] = []
    if context.arguments.repair:
        for finding in findings:
            if finding.kind == "partial" and finding.repair == "delete":
                await backend.remove(finding.variant_id)
            elif finding.repair == "delete file":
                await asyncio.to_thread(finding.path.unlink, True)
            else:
                continue
            mended.append(finding)
    rows = [
        {
            "kind": one.kind,
            "what": one.what,
            "mend": one.mend,
            "size_bytes": one.size_bytes,
            "path": str(one.path),
            "variant": one.variant_id,
            "mended": one in mended,
        }
        for one in findings
    ]
    lines = [
        f"{'mended: ' if one in mended else '! '}{one.what}"
        + ("" if one in mended else f" {one.mend}")
        for one in findings
    ]
    context.output.result({"findings": rows}, "\n".join(lines) or "Nothing is wrong on disk.")
    return 0 if len(mended) == len(findings) else 1
