"""The host's work: Microsoft's SDK, its web service, and the gallery bridge. Child process only."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.foundry.endpoint.wording import clean
from tui.foundry.errors import (
    BackendUnavailable,
    FoundryError,
    LoadFailed,
    NotFound,
    RequestFailed,
    Unsupported,
)
from tui.foundry.ids import same_variant
from tui.foundry.on_disk.local_model import LocalModel
from tui.foundry.on_disk.local_models import LocalModels, delete_tree, folder_size
from tui.foundry.on_disk.scan import partial_folder, scan_cache
from tui.foundry.runtime.bridge import GalleryBridge
from tui.foundry.runtime.downloads import Downloads, Emit
from tui.foundry.runtime.host_log import log
from tui.foundry.runtime.memory import give_memory_back, resident_bytes
from tui.foundry.runtime.rows import is_local, variant_row
from tui.foundry.runtime.settings import RuntimeSettings
from tui.foundry.runtime.upstream import CatalogStore
from tui.foundry.types import ImportOptions

if TYPE_CHECKING:
    from foundry_local_sdk import FoundryLocalManager, IModel

REFRESH_LIMIT_S = 10.0
UNLOAD_PATIENCE_S = 1.0
DOWNLOAD_THREADS = 8
"""Connections of one download. Progress comes, and a cancel is heard, when one has its 2 MB;
with the runtime's own 64 that is after two minutes on a line of 1 MB/s."""

Arguments = dict[str, Any]


class RuntimeService:
    """Serves the operations of the host. Blocks; safe to call from several threads.

    Args:
        settings: What the program said at the start.
        emit: Sends an event: name, number of the request it belongs to (0: none), data.
    """

    def __init__(self, settings: RuntimeSettings, emit: Emit) -> None:
        self._settings = settings
        self._emit = emit
        self._local = LocalModels(settings.cache_dir, settings.demo_models_dir)
        self._kept = CatalogStore(settings.catalog_cache_dir)
        self._bridge = GalleryBridge(
            self._kept,
            None if settings.offline else settings.catalog_url,
            settings.catalog_wait_s,
            lambda: [model.entity(self._local_size(model)) for model in self._local.models()],
            self._take_news,
            log,
            self._kept_on_disk,
        )
        self._manager: FoundryLocalManager | None = None
        self._memory = threading.Lock()
        self._listing = threading.Lock()
        self.downloads = Downloads(settings, emit, self._bridge, self._kept, self._variant)
        self.operations: dict[str, Callable[[int, Arguments], dict[str, Any]]] = {
            "ping": lambda _number, _arguments: {},
            "models": self._models,
            "load": self._load,
            "unload": self._unload,
            "download": self._download,
            "cancel": self._cancel,
            "cache": self._cache,
            "remove": self._remove,
            "import": self._import,
        }

    def start(self) -> dict[str, Any]:
        """Bring the runtime up; returns endpoint, version and pid."""
        import foundry_local_sdk as sdk

        for problem in self._local.link_demos():
            log(problem)
        settings = self._settings
        configuration = sdk.Configuration(
            "foundry-tui",
            app_data_dir=str(settings.work_dir),
            model_cache_dir=str(settings.cache_dir),
            catalog_urls=[(self._bridge.start(), None)],
            catalog_region=settings.catalog_region,
            # Not more than loopback: the service knows no keys.
            web=sdk.Configuration.WebService("http://127.0.0.1:0"),
            disable_nonessential_telemetry=True,
            additional_settings={"NumModelDownloadThreads": str(DOWNLOAD_THREADS)},
        )
        sdk.FoundryLocalManager.initialize(configuration)
        manager = sdk.FoundryLocalManager.instance
        if manager is None:
            raise BackendUnavailable("The runtime did not start.", "Look into its log.")
        manager.start_web_service()
        self._manager = manager
        urls = manager.urls or [""]
        return {"endpoint": urls[0], "version": sdk.__version__, "pid": os.getpid()}

    def shutdown_requested(self) -> bool:
        """Tell whether somebody used the service's `/shutdown`, after which it is of no use."""
        return self._manager is not None and self._manager.is_shutdown_requested()

    # Operations

    def _models(self, _number: int, arguments: Arguments) -> dict[str, Any]:
        if arguments.get("refresh"):
            self._integrate(self._bridge.refresh(REFRESH_LIMIT_S))
        with self._listing:
            variants = self._variants()
            cached = {model.id for model in self._catalog.get_cached_models()}
            loaded = {model.id for model in self._catalog.get_loaded_models()}
        local = {model.id: model for model in self._local.models()}
        self._kept.keep(self._bridge.entity(one) for one in cached if one not in local)
        rows = [
            variant_row(info, self._bridge.entity(info.id), cached=cached, loaded=loaded)
            | self._local_row(local.get(info.id))
            for info in (variant.info for variant in variants)
            if info.id in local or not is_local(info)
        ]
        return {
            "variants": rows,
            "catalog_reached": self._bridge.reached,
            "catalog_saved_at": self._kept.saved_at(),
            "providers": self._providers(),
        }

    def _load(self, _number: int, arguments: Arguments) -> dict[str, Any]:
        variant = self._variant(arguments["variant_id"])
        local = self._local.find(variant.id)
        if not variant.is_cached or (local and not Path(local.source).is_dir()):
            raise self._not_on_disk(variant.id, local)
        with self._memory:  # else two loads would each count what the other took
            if variant.is_loaded:
                return {"variant_id": variant.id, "load_s": 0.0, "already_loaded": True}
            before = resident_bytes()
            started = time.perf_counter()
            try:
                variant.load()
            except Exception as error:
                log(f"load {variant.id}: {error}")
                raise LoadFailed(
                    f"'{variant.id}' could not be loaded: {clean(str(error))}",
                    "Its files may be broken, or it needs more memory than there is: unload other "
                    "models, or remove it and fetch or import it again.",
                ) from error
            load_s = time.perf_counter() - started
            after = resident_bytes()
        grown = None if before is None or after is None else max(0, after - before)
        return {"variant_id": variant.id, "load_s": load_s, "resident_bytes": grown}

    def _unload(self, _number: int, arguments: Arguments) -> dict[str, Any]:
        variant = self._variant(arguments["variant_id"])
        with self._memory:
            if not variant.is_loaded:
                return {"freed_bytes": 0}
            before = resident_bytes()
            deadline = time.monotonic() + UNLOAD_PATIENCE_S
            while True:
                try:
                    variant.unload()
                    break
                except Exception as error:
                    # Right after an answer its session is still being closed.
                    if "still using it" not in str(error):
                        raise
                    if time.monotonic() > deadline:
                        raise RequestFailed(
                            f"'{variant.id}' cannot be unloaded: an answer is still being written.",
                            "Stop the answer first, then unload.",
                        ) from error
                time.sleep(0.1)
            give_memory_back()
            after = resident_bytes()
        return {"freed_bytes": None if before is None or after is None else max(0, before - after)}

    def _download(self, number: int, arguments: Arguments) -> dict[str, Any]:
        return self.downloads.download(number, arguments["variant_id"])

    def _cancel(self, _number: int, arguments: Arguments) -> dict[str, Any]:
        self.downloads.cancel(int(arguments["number"]))
        return {}

    def _cache(self, _number: int, _arguments: Arguments) -> dict[str, Any]:
        with self._listing:
            cached = {model.id: model.get_path() for model in self._catalog.get_cached_models()}
            ids = [variant.id for variant in self._variants()]
        location = self._settings.cache_dir
        return {
            "location": str(location),
            "entries": scan_cache(location, self._local, cached, ids, self._settings.sizes_file),
            "free_bytes": shutil.disk_usage(location).free,
        }

    def _remove(self, _number: int, arguments: Arguments) -> dict[str, Any]:
        wanted = arguments["variant_id"]
        local = self._local.find(wanted)
        if local is not None and local.origin == "demo":
            raise Unsupported(
                f"'{local.alias}' ships with this program and cannot be removed.",
                "It takes a few megabytes only; unload it to free its memory.",
            )
        with contextlib.suppress(NotFound):
            if self._variant(wanted).is_loaded:
                raise RequestFailed(f"'{wanted}' is in memory.", "Unload it first.")
        if local is not None:
            return {"freed_bytes": self._local.remove(local.id)}
        variant = self._variant(wanted)
        partial = partial_folder(self._settings.cache_dir, variant.id)
        if partial is not None:
            self.downloads.await_cancelled(variant.id)
            return {"freed_bytes": delete_tree(partial)}
        if not variant.is_cached:
            raise NotFound(f"'{variant.id}' is not on disk.", "There is nothing to remove.")
        folder = Path(variant.get_path())
        size = folder_size(folder)
        variant.remove_from_cache()
        freed = size - folder_size(folder)
        with contextlib.suppress(OSError):
            folder.rmdir()  # the runtime leaves it behind, empty
        return {"freed_bytes": freed}

    def _import(self, _number: int, arguments: Arguments) -> dict[str, Any]:
        with self._listing:
            taken = {
                text
                for variant in self._variants()
                if not is_local(variant.info)
                for text in (variant.alias, variant.info.name)
            }
            options = ImportOptions(arguments["way"], arguments["files"])
            model = self._local.add(Path(arguments["folder"]), arguments["name"], taken, options)
            try:
                if self._catalog.get_model_variant(model.id) is None:
                    raise RequestFailed(
                        f"The runtime did not take '{model.name}'.", "Look into its log."
                    )
            except BaseException:
                self._local.remove(model.id)
                raise
        return {"variant_id": model.id}

    # Inside

    @property
    def _catalog(self) -> Any:
        if self._manager is None:
            raise BackendUnavailable("The runtime has not started.", "Look into its log.")
        return self._manager.catalog

    def _providers(self) -> list[str]:
        """Return the execution providers that are registered; the CPU's always is."""
        found = [] if self._manager is None else self._manager.discover_eps()
        names = [provider.name for provider in found if provider.is_registered]
        return list(dict.fromkeys(["CPUExecutionProvider", *names]))

    def _variants(self) -> list[IModel]:
        return [variant for model in self._catalog.list_models() for variant in model.variants]

    def _variant(self, variant_id: str) -> IModel:
        """Return the variant of an id; ids without version and in other letter case are found."""
        exact = self._catalog.get_model_variant(variant_id)
        if exact is not None and not self._is_gone(exact):
            return exact  # type: ignore[no-any-return]
        with self._listing:
            for variant in self._variants():
                if same_variant(variant.id, variant_id) and not self._is_gone(variant):
                    return variant
        raise NotFound(f"There is no model '{variant_id}'.", "See the list: foundry-tui models")

    def _is_gone(self, variant: IModel) -> bool:
        """Tell whether it was removed in this session: the runtime lists it for some hours more."""
        return is_local(variant.info) and self._local.find(variant.id) is None

    def _not_on_disk(self, variant_id: str, local: LocalModel | None) -> FoundryError:
        if local is None:
            return NotFound(f"'{variant_id}' is not on disk.", "Download it first.")
        return NotFound(
            f"The files of '{variant_id}' are gone: {local.source}",
            "Bring the directory back, or remove the model and import it from its new place.",
        )

    def _take_news(self, ids: list[str]) -> None:
        try:
            count = self._integrate(ids)
        except Exception as error:
            log(f"public catalog: {error}")
            return
        if count:
            self._emit("catalog", 0, {"new_variants": count})

    def _integrate(self, ids: list[str]) -> int:
        """Bring models into the runtime's list, which it would not renew for four hours."""
        with self._listing:
            listed = {variant.id for variant in self._variants()}
            missing = [variant_id for variant_id in ids if variant_id not in listed]
            found = [self._catalog.get_model_variant(variant_id) for variant_id in missing]
        return sum(model is not None for model in found)

    def _kept_on_disk(self) -> dict[str, dict[str, Any]]:
        """Return the entities of downloaded versions that are still on disk, by id."""
        root = self._settings.cache_dir
        return {
            variant_id: entity
            for variant_id, entity in self._kept.kept().items()
            if any(root.glob(f"*/{glob.escape(variant_id.replace(':', '-'))}"))
        }

    def _local_row(self, model: LocalModel | None) -> dict[str, Any]:
        """Return what we know better than the runtime about a model that is not the catalog's."""
        if model is None:
            return {}
        row: dict[str, Any] = {
            "publisher": model.publisher,
            "license": model.license,
            "description": model.description,
            "task": model.task,
            "size_bytes": self._local_size(model),
            "origin": model.origin,
        }
        if model.context_tokens:
            row["context_tokens"] = model.context_tokens
        return row if Path(model.source).is_dir() else row | {"cached": False}

    def _local_size(self, model: LocalModel) -> int:
        return folder_size(self._local.folder(model))
