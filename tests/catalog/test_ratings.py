"""Ratings, wherever they stand."""

from __future__ import annotations

import pytest

from tui.catalog.measured import Measured
from tui.catalog.ratings import rating_of
from tui.catalog.registry import RegistryEntry


def entry(measured: object) -> RegistryEntry:
    return RegistryEntry("otter", "chat", 8, extra={"measured": measured})


def test_what_was_rated_here_comes_before_the_registry() -> None:
    rated = Measured("otter:1", rating=4.5)
    assert rating_of(rated, entry({"rating": 2})) == (4.5, "rated here")
    assert rating_of(Measured("otter:1"), entry({"rating": 2})) == (2.0, "models.json")
    assert rating_of(None, None) == (None, "")


@pytest.mark.parametrize("held", [None, 3, {}, {"rating": "4"}, {"rating": True}, {"rating": 9}])
def test_what_is_no_rating_is_none(held: object) -> None:
    assert rating_of(None, entry(held)).rating is None
