"""Downloads of the host's runtime: room, progress, cancelling. Child process only."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.foundry.endpoint.wording import clean
from tui.foundry.errors import DownloadFailed, FoundryError, NotFound, RequestFailed, Unsupported
from tui.foundry.on_disk.scan import allocated_size, partial_folder
from tui.foundry.runtime.bridge import GalleryBridge
from tui.foundry.runtime.host_log import log
from tui.foundry.runtime.rows import catalog_size
from tui.foundry.runtime.settings import OFFLINE, RuntimeSettings
from tui.foundry.runtime.upstream import CatalogStore

if TYPE_CHECKING:
    from foundry_local_sdk import IModel

CANCEL_PATIENCE_S = 10.0
PROGRESS_GAP_S = 0.1
SPARE_BYTES = 64 * 1024 * 1024
"""Room that a download leaves on the disk."""

Emit = Callable[[str, int, dict[str, Any]], None]


class Downloads:
    """Fetches variants. Blocks; safe to call from several threads.

    Args:
        settings: What the program said at the start.
        emit: Sends an event: name, number of the request it belongs to (0: none), data.
        bridge: Knows what the catalog says about a variant.
        kept: Where the catalog's rows of what was fetched stay.
        find: Returns the variant of an id, or raises `NotFound`.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        emit: Emit,
        bridge: GalleryBridge,
        kept: CatalogStore,
        find: Callable[[str], IModel],
    ) -> None:
        self._settings = settings
        self._emit = emit
        self._bridge = bridge
        self._kept = kept
        self._find = find
        self._cancels: dict[int, threading.Event] = {}
        self._fetching: dict[str, threading.Event] = {}

    def announce(self, number: int) -> None:
        """Prepare for a download, so that it can be cancelled before it begins."""
        self._cancels[number] = threading.Event()

    def cancel_all(self) -> None:
        """Tell all downloads to stop; what they fetched stays on disk."""
        for event in list(self._cancels.values()):
            event.set()

    def download(self, number: int, variant_id: str) -> dict[str, Any]:
        """Fetch a variant; what was there of it already is gone on with."""
        cancel = self._cancels[number]
        try:
            variant = self._variant_to_fetch(variant_id)
            if variant.is_cached:
                return {"variant_id": variant.id}
            info = variant.info
            total = catalog_size(self._bridge.entity(info.id), info.file_size_mb)
            self._check_space(variant.id, total)
            self._kept.keep([self._bridge.entity(variant.id)])
            self._fetching[variant.id] = cancel
            try:
                variant.download(self._progress(number, total), cancel)
            finally:
                self._fetching.pop(variant.id, None)
        except FoundryError:
            raise
        except Exception as error:
            log(f"download {variant_id}: {error}")
            if cancel.is_set():
                raise DownloadFailed(
                    "The download was cancelled.", "Start it again to go on where it stopped."
                ) from error
            raise DownloadFailed(
                f"The download of '{variant_id}' failed: {clean(str(error))}",
                "Check network and disk, then start it again: it goes on where it stopped.",
            ) from error
        finally:
            self._cancels.pop(number, None)
        return {"variant_id": variant.id}

    def cancel(self, number: int) -> None:
        """Tell the download of a request to stop."""
        event = self._cancels.get(number)
        if event is not None:
            event.set()

    def await_cancelled(self, variant_id: str) -> None:
        """Wait for a cancelled download to let go of its files; raises where one goes on."""
        deadline = time.monotonic() + CANCEL_PATIENCE_S
        while (cancel := self._fetching.get(variant_id)) is not None:
            if not cancel.is_set() or time.monotonic() > deadline:
                raise RequestFailed(
                    f"'{variant_id}' is being downloaded.", "Cancel the download, then remove it."
                )
            time.sleep(0.05)

    def _variant_to_fetch(self, variant_id: str) -> IModel:
        """Return the variant; offline, only one that needs no fetching."""
        try:
            variant = self._find(variant_id)
        except NotFound as error:
            raise (Unsupported(OFFLINE) if self._settings.offline else error) from None
        if self._settings.offline and not variant.is_cached:
            raise Unsupported(OFFLINE)
        return variant

    def _check_space(self, variant_id: str, total: int | None) -> None:
        free = shutil.disk_usage(self._settings.cache_dir).free
        partial = partial_folder(self._settings.cache_dir, variant_id)
        there = allocated_size(partial) if partial else 0
        if total is not None and total - there + SPARE_BYTES > free:
            raise DownloadFailed(
                f"'{variant_id}' needs {total / 1e9:.2f} GB on disk, {free / 1e9:.2f} GB are free.",
                f"Remove models that you do not need, or move the cache "
                f"({self._settings.cache_dir}) to a bigger disk.",
            )

    def _progress(self, number: int, total: int | None) -> Callable[[float], None]:
        last = [-1.0, 0.0]

        def report(percent: float) -> None:
            now = time.monotonic()
            # One step of a percent at once: before a stall there may be no later one.
            if percent <= last[0] or (percent - last[0] < 1 and now - last[1] < PROGRESS_GAP_S):
                return
            last[:] = percent, now
            self._emit("progress", number, {"percent": percent, "total_bytes": total})

        return report
