"""Entry point: arguments first, everything else only when it is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui import __version__

if TYPE_CHECKING:
    from tui.cli.options import GlobalOptions, Opening
    from tui.foundry.errors import FoundryError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb, or the screen when there is none.

    Args:
        argv: Arguments without the program's name; by default those of the process.

    Returns:
        The exit code.
    """
    try:
        return _main(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # while modules are being loaded
        return 130


def _main(argv: Sequence[str]) -> int:
    if list(argv) == ["--version"]:  # scripts ask often: no parser for one line
        sys.stdout.write(f"foundry-tui {__version__}\n")
        return 0
    if not argv:  # the screen, as most often: the grammar of forty verbs takes 30 ms
        from tui.cli.options import GlobalOptions

        return _screen(GlobalOptions())
    from tui.cli.arguments import parse
    from tui.cli.output import UsageError, report_usage

    try:
        parsed = parse(argv)
    except UsageError as error:
        return report_usage(error)
    if parsed.options.log_level is not None:
        from tui.log_file import start_log
        from tui.paths import default_paths

        start_log(default_paths().log_dir, parsed.options.log_level)
    if parsed.verb is None:
        return _screen(parsed.options)
    if parsed.verb == "chat":
        from tui.cli.opening import opening_of
        from tui.foundry.errors import FoundryError

        try:
            opening = opening_of(parsed)
        except FoundryError as error:
            return _failed(error)
        if opening is not None:
            return _screen(parsed.options, opening)
    from tui.cli.execute import execute

    return execute(parsed)


def _failed(error: FoundryError) -> int:
    from tui.cli.output import Output

    Output(as_json=False).error(error)
    return error.exit_code


def _screen(options: GlobalOptions, opening: Opening | None = None) -> int:
    from tui.foundry.errors import FoundryError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(
            "error: The screen needs a terminal.\n"
            "hint: Without one, use a verb such as `foundry-tui models`; --help lists them.\n"
        )
        return 2
    from tui.session import load_session, start_runtime_early

    try:
        session = start_runtime_early(load_session(options))
        if opening is not None:
            from dataclasses import replace

            session = replace(session, opening=opening)
        from tui.app import run_app

        return run_app(session)
    except FoundryError as error:
        return _failed(error)


if __name__ == "__main__":
    sys.exit(main())
