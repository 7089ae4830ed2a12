"""The same work on several things: what fails does not keep the rest from being done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from tui.foundry.errors import FoundryError

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class SomeFailed(FoundryError):
    """Some of several failed, or all.

    Args:
        errors: What went wrong, in order.
        total: How many things there were.
    """

    code = "some_failed"

    def __init__(self, errors: list[FoundryError], total: int) -> None:
        first = errors[0]
        more = f" ({len(errors)} of {total} failed)" if total > 1 else ""
        super().__init__(f"{first.message}{more}", first.hint)
        self.errors = errors
        self.total = total


async def each(things: Iterable[Thing], work: Callable[[Thing], Awaitable[Result]]) -> list[Result]:
    """Do `work` on one after the other, and return what came of it.

    Raises:
        SomeFailed: After the last, where any failed.
    """
    results: list[Result] = []
    errors: list[FoundryError] = []
    total = 0
    for thing in things:
        total += 1
        try:
            results.append(await work(thing))
        except FoundryError as error:
            errors.append(error)
    if errors:
        raise SomeFailed(errors, total)
    return results
