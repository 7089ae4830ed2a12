"""Reads tar and zip archives file by file; what is in them comes from outside."""

from __future__ import annotations

import contextlib
import io
import tarfile
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

from tui.cache.manifest import (
    LIMIT_BYTES,
    MANIFEST,
    BundleError,
    Manifest,
    read_manifest,
    safe_path,
)


class Archive:
    """Reads a tar or zip file by file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest: Manifest | None = None
        """None where the archive is no bundle of ours."""
        self.size_bytes = path.stat().st_size
        self._tar = tarfile.open(path) if tarfile.is_tarfile(path) else None  # noqa: SIM115
        self._zip = zipfile.ZipFile(path) if self._tar is None else None

    def find_manifest(self) -> None:
        """Read the manifest, where the first member is one."""
        with contextlib.closing(self._raw()) as files:
            name, file = next(files, ("", io.BytesIO()))
            if name == MANIFEST:
                self.manifest = read_manifest(file.read(LIMIT_BYTES), self._path.name)

    def members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield name and content of each file but the manifest."""
        yield from ((name, file) for name, file in self._raw() if name != MANIFEST)

    def _raw(self) -> Generator[tuple[str, IO[bytes]], None, None]:
        if self._tar is not None:
            for member in self._tar.getmembers():
                if member.isdir():
                    continue
                if not member.isreg():
                    raise BundleError(
                        f"{self._path.name} holds '{member.name[:80]}', which is no plain file.",
                        "Pack the files themselves, without links.",
                    )
                file = self._tar.extractfile(member)
                assert file is not None
                yield safe_path(member.name, self._path.name), file
        elif self._zip is not None:
            for info in self._zip.infolist():
                if not info.is_dir():
                    with self._zip.open(info) as content:
                        yield safe_path(info.filename, self._path.name), content

    def close(self) -> None:
        """Close the file."""
        for archive in (self._tar, self._zip):
            if archive is not None:
                archive.close()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive, and read its manifest. Raises `BundleError`."""
    broken = (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError)
    try:
        archive = Archive(path)
        try:
            archive.find_manifest()
            yield archive
        finally:
            archive.close()
    except broken as error:
        raise BundleError(
            f"{path.name} is no archive that can be read: {error}.", "Copy it again."
        ) from error
