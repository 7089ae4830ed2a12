"""Replaces a file in one step: readers see the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` to a temporary file beside `path` and rename it over `path`.

    Missing directories are made. A link is followed: what it points to is replaced, and the link
    stays. An existing file keeps its permissions. Text is written as UTF-8, line ends unchanged.

    Raises:
        OSError: Nothing was changed.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        else:
            temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _umask() -> int:
    # There is no way to read it but to set it; nothing else in this call creates files.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
