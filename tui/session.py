"""What one run of the program works with: settings, places, registry, and which backend to take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.catalog.registry import Registry, load_registry_or_empty
from tui.cli.options import Opening
from tui.config import Config, ConfigError, load_config_or_default, save_setting
from tui.foundry.connect import Target
from tui.foundry.errors import NotFound
from tui.foundry.runtime.settings import RuntimeSettings
from tui.paths import Paths, default_paths

if TYPE_CHECKING:
    from tui.cli.options import GlobalOptions
    from tui.foundry.backend import Backend
    from tui.foundry.types import BackendInfo

REGISTRY_NAME = "models.json"


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that is known before a backend is looked for."""

    paths: Paths
    config: Config
    config_file: Path
    registry: Registry
    registry_path: Path
    target: Target
    runtime_settings: RuntimeSettings
    problems: tuple[str, ...] = ()
    """What could not be read or used, each as a sentence for the user."""
    opening: Opening = Opening()
    """What the screen shows first."""

    def save_setting(self, key: str, value: str | int | float | bool) -> str | None:
        """Write one setting into the settings file.

        Returns:
            None, or why it could not be written, as a sentence; settings are not worth a crash.
        """
        try:
            save_setting(self.config_file, key, value)
        except ConfigError as error:
            return f"{error.message} {error.hint}".strip()
        return None

    def key_variable(self, info: BackendInfo) -> str | None:
        """Name the environment variable that holds a server's key; None where it wants none."""
        if info.kind != "endpoint":
            return None
        for named in self.config.endpoints.values():
            if urlsplit(named.url).netloc == urlsplit(info.endpoint or "").netloc:
                has_key = named.api_key_env or named.api_key or self.target.api_key
                return (named.api_key_env or "API_KEY") if has_key else None
        return (self.config.api_key_env or "API_KEY") if self.target.api_key else None


def load_session(options: GlobalOptions, environment: Mapping[str, str] | None = None) -> Session:
    """Read settings and registry, and decide which backend is wanted. Starts nothing.

    Args:
        options: What the command line said; it comes before environment and settings.
        environment: By default the process's own.

    Raises:
        NotFound: A file that the command line names does not exist.
    """
    environment = os.environ if environment is None else environment
    paths = default_paths()
    config_file = _named_file(options.config_file) or paths.config_file
    config, problem = load_config_or_default(config_file)
    named_registry = _named_file(options.models_file)
    registry_path = named_registry or config.models_file or Path.cwd() / REGISTRY_NAME
    registry = load_registry_or_empty(registry_path)
    problems = [problem] if problem else []
    if registry.problem and registry_path.exists():
        problems.append(registry.problem)
    return Session(
        paths=paths,
        config=config,
        config_file=config_file,
        registry=registry,
        registry_path=registry_path,
        target=resolve_target(options, config, environment),
        runtime_settings=_runtime_settings(paths, config),
        problems=tuple(problems),
    )


def start_runtime_early(session: Session) -> Session:
    """Start the embedded runtime if it is what will be taken, and do not wait for it.

    Called before Textual is imported, which takes as long as the runtime needs to serve.
    """
    from tui.foundry.commands import COMMAND
    from tui.foundry.runtime import installed
    from tui.foundry.runtime.launch import start_early

    target = session.target
    automatic = target.kind == "auto" and not target.endpoint_url
    wanted = target.kind == "runtime" or (automatic and shutil.which(COMMAND) is None)
    if not wanted or not installed():
        return session
    # A screen need not wait for the public catalog: it is told when that has arrived.
    settings = replace(session.runtime_settings, catalog_wait_s=0)
    return replace(session, runtime_settings=replace(settings, early=start_early(settings)))


def resolve_target(
    options: GlobalOptions, config: Config, environment: Mapping[str, str]
) -> Target:
    """Decide which backend the user named: flags, then `FOUNDRY_ENDPOINT`, settings, `BASE_URL`.

    `BASE_URL`, `MODEL` and `API_KEY` are the course's names; as such general names may be set for
    something else, `BASE_URL` comes last.
    """
    model = environment.get("MODEL", "").strip() or None

    def endpoint(url: str | None, reason: str) -> Target:
        if url is not None and url in config.endpoints:
            return endpoint_target(url, config, environment)
        return Target("endpoint", url, _api_key(config, environment), reason, model)

    flag = options.backend
    if options.endpoint:
        return endpoint(options.endpoint, "--endpoint was given")
    if flag in ("foundry", "runtime"):
        return Target(flag, reason=f"--backend {flag} was given")
    candidates = (
        (environment.get("FOUNDRY_ENDPOINT", "").strip(), "FOUNDRY_ENDPOINT is set"),
        (config.endpoint, "the settings name this endpoint"),
        (environment.get("BASE_URL", "").strip(), "BASE_URL is set"),
    )
    from_environment = candidates[0][0]
    if flag is None and not from_environment and config.backend in ("foundry", "runtime"):
        return Target(config.backend, reason=f"the settings say backend = '{config.backend}'")
    for url, why in candidates:
        if url:
            return endpoint(url, why)
    if flag == "endpoint" or (flag is None and config.backend == "endpoint"):
        return endpoint(None, "")
    return Target()


def endpoint_target(name: str, config: Config, environment: Mapping[str, str]) -> Target:
    """Return the target for an endpoint that the settings name."""
    named = config.endpoints[name]
    key = named.api_key
    if named.api_key_env:
        key = environment.get(named.api_key_env, "").strip() or key
    model = named.model or environment.get("MODEL", "").strip() or None
    return Target("endpoint", named.url, key, f"the endpoint '{name}' of the settings", model)


async def connect_endpoint(session: Session, name: str) -> Backend:
    """Connect to a server by its name in the settings, or by its address.

    Raises:
        FoundryError: It does not answer.
    """
    from tui.foundry.connect import connect

    if name in session.config.endpoints:
        target = endpoint_target(name, session.config, os.environ)
    else:
        # A plan may come from somebody else: the key goes nowhere but where it was meant for.
        named = session.target.endpoint_url or ""
        known = bool(named) and urlsplit(named).netloc == urlsplit(name).netloc
        key = session.target.api_key if known else None
        target = Target("endpoint", name, key, "a benchmark names this server")
    return await connect(target, None)


def _api_key(config: Config, environment: Mapping[str, str]) -> str | None:
    name = config.api_key_env or "API_KEY"
    return environment.get(name, "").strip() or None


def _runtime_settings(paths: Paths, config: Config) -> RuntimeSettings:
    from tui import demo_models

    return RuntimeSettings(
        cache_dir=config.model_cache or paths.model_cache,
        catalog_cache_dir=paths.catalog_cache,
        work_dir=paths.runtime_dir,
        log_file=paths.runtime_log,
        demo_models_dir=demo_models.folder(),
        sizes_file=paths.sizes_file,
    )


def _named_file(path: Path | None) -> Path | None:
    if path is None:
        return None
    path = path.expanduser().absolute()
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Check the path.")
    return path
