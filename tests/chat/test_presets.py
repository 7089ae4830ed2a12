"""Named parameters in the database."""

from __future__ import annotations

from pathlib import Path

from tui.chat.parameters import Parameters
from tui.chat.presets import SHIPPED, PresetStore
from tui.database import Database


def test_presets_are_kept_replaced_and_deleted(tmp_path: Path) -> None:
    database = Database(tmp_path / "foundry.db")
    store = PresetStore(database)
    assert store.all() == SHIPPED
    store.save("mine", Parameters("Be brief.", 0.3, stop=("END",)))
    store.save("exact", Parameters(temperature=0.1))
    assert PresetStore(database).all()["mine"] == Parameters("Be brief.", 0.3, stop=("END",))
    assert store.all()["exact"] == Parameters(temperature=0.1)
    store.save("mine", Parameters(seed=1))
    assert store.all()["mine"] == Parameters(seed=1)
    assert store.delete("mine")
    assert store.delete("exact")
    assert not store.delete("balanced")
    assert store.all() == SHIPPED
    database.close()
