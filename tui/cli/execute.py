"""Runs one verb: session, backend, signals, errors and exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType

from tui.cli.arguments import Parsed
from tui.cli.output import Output, UsageError, report_usage
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import FoundryError, NoModelList
from tui.foundry.text import clean_text
from tui.foundry.types import BackendInfo, LoadResult, Model, Progress, Variant
from tui.session import Session, load_session

INTERRUPTED = 130
SOME_FAILED = 5
CLOSE_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Context:
    """What a verb works with."""

    session: Session
    arguments: Namespace
    output: Output

    @asynccontextmanager
    async def backend(self, *, start_service: bool = True) -> AsyncIterator[Backend]:
        """Find the backend, and close it at the end whatever happens. Raises `FoundryError`.

        Args:
            start_service: Start the service of the foundry command line where it does not run.
        """
        from tui.foundry import connect as connecting

        target = replace(self.session.target, start_service=start_service)
        try:
            backend = await connecting.connect(target, self.session.runtime_settings)
        except NoModelList:
            # A server that does not list what it serves is asked for what was typed.
            if (typed := getattr(self.arguments, "model", None)) is None:
                raise
            target = replace(target, model=typed)
            backend = await connecting.connect(target, self.session.runtime_settings)
        try:
            yield backend
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await backend.close()

    async def remember_load(
        self, info: BackendInfo, result: LoadResult, context_tokens: int | None = None
    ) -> None:
        """Keep when a variant was loaded, and what that took; without a database only a warning."""
        from tui.cache.notes import CacheNotebook
        from tui.database import Database, DatabaseError
        from tui.system.memory_records import MemoryRecords, record_from

        database = Database(self.session.paths.database)
        record = record_from(info, result, context_tokens)
        try:
            await asyncio.to_thread(CacheNotebook(database).note_use, result.variant_id)
            if record is not None:
                await asyncio.to_thread(MemoryRecords(database).add, record)
        except DatabaseError as error:
            self.output.warning(f"What the load took is not kept: {error.message}")

    def on_progress(
        self, subject: str, *, people_only: bool = False, lines: bool = False
    ) -> ProgressCallback:
        """Return a callback that shows the progress of `subject`.

        Args:
            subject: What is being worked on.
            people_only: No JSON lines: with `--json` standard error holds errors alone.
            lines: Print what the tool behind the backend prints, line by line.
        """

        def show(progress: Progress) -> None:
            if people_only and self.output.as_json:
                return
            if lines and progress.line and progress.fraction is None and not self.output.as_json:
                self.output.note(clean_text(progress.line, False))
                return
            values = {
                "fraction": progress.fraction,
                "done_bytes": progress.done_bytes,
                "total_bytes": progress.total_bytes,
                "message": progress.message,
                **({"line": clean_text(progress.line, False)} if progress.line else {}),
            }
            self.output.progress(subject, _progress_text(progress), values)

        return show


def execute(parsed: Parsed) -> int:
    """Run the verb and return its exit code."""
    output = Output(parsed.as_json)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # replaced by a test, or closed
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        return _run(import_module(f"tui.cli.{parsed.verb}"), parsed, output)
    except UsageError as error:
        error.as_json = parsed.as_json
        return report_usage(error)
    except FoundryError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.end_progress()
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0


def _run(verb: ModuleType, parsed: Parsed, output: Output) -> int:
    if prepare := getattr(verb, "prepare", None):
        prepare(parsed.arguments)
    session = load_session(parsed.options)
    for problem in session.problems:
        output.warning(problem)
    context = Context(session, parsed.arguments, output)
    ending = _Ending()
    try:
        code: int = asyncio.run(ending.guard(verb.run(context)))
    except asyncio.CancelledError:
        output.end_progress()
        return 128 + ending.signal_number if ending.signal_number else INTERRUPTED
    except RuntimeError as error:
        # A second ctrl+c, while the first one is still being obeyed, stops the loop itself.
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    sys.stdout.flush()
    return code


class _Ending:
    """Turns SIGTERM and SIGHUP into a cancelled task, so that the backend is closed."""

    def __init__(self) -> None:
        self.signal_number = 0

    async def guard(self, work: object) -> int:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def end(number: int) -> None:
            self.signal_number = number
            task.cancel()

        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                # Not on Windows, and not outside the main thread.
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.add_signal_handler(number, end, int(number))
        return await work  # type: ignore[misc,no-any-return]


async def find(backend: Backend, name: str) -> tuple[Model, Variant]:
    """Return the variant that `name` means here. Raises `NotFound`."""
    from tui.catalog.resolve import find_variant
    from tui.catalog.snapshot import out_of_reach, with_snapshot

    listed = await backend.models()
    model, variant = find_variant(with_snapshot(listed, backend.info.kind), name)
    if model.as_of:
        raise out_of_reach(model)
    return model, variant


def exit_code_of(errors: Sequence[FoundryError], total: int) -> int:
    """Return the exit code when `errors` happened in `total` pieces of work."""
    if not errors:
        return 0
    if len(errors) < total:
        return SOME_FAILED
    return errors[0].exit_code


def _progress_text(progress: Progress) -> str:
    from tui.formats import format_bytes

    parts = [clean_text(progress.message, False)]
    if progress.fraction is not None:
        parts.append(f"{progress.fraction:.0%}")
    if progress.total_bytes:
        done = format_bytes(progress.done_bytes or 0)
        parts.append(f"{done} of {format_bytes(progress.total_bytes)}")
    return " ".join(part for part in parts if part)


def _forget_stdout() -> None:
    """Let the interpreter's last flush go nowhere: the reader of our output is gone."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
