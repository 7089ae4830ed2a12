"""The list of actions: nothing collides, and everything in it can be done."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module

import pytest
from textual.widget import Widget

from tui.actions import ACTIONS, PANES, Action, actions_of, bindings_of, keys_of
from tui.app import FoundryApp
from tui.panes.base import Pane
from tui.panes.chat.compare import CompareScreen
from tui.widgets.prompt import Prompt
from tui.widgets.table import Table

PANE_CLASSES: dict[str, type[Pane]] = {
    name: getattr(import_module(f"tui.panes.{name}.pane"), f"{title}Pane") for name, title in PANES
}
OWNERS: dict[str, type[Widget] | type[FoundryApp]] = {
    "everywhere": FoundryApp,
    "table": Table,
    "prompt": Prompt,
    "compare": CompareScreen,
    **PANE_CLASSES,
}


def keys(action: Action) -> list[str]:
    return [key.strip() for key in action.keys.split(",")]


def test_every_action_has_an_id_of_its_own() -> None:
    assert [name for name, count in Counter(one.id for one in ACTIONS).items() if count > 1] == []


def test_every_action_belongs_to_the_app_a_pane_or_a_widget() -> None:
    assert {action.scope for action in ACTIONS} == set(OWNERS)


@pytest.mark.parametrize("pane", PANE_CLASSES)
def test_no_key_means_two_things_in_a_pane(pane: str) -> None:
    # While the text field has the focus its keys come before those of the pane around it.
    scopes = [one for one in PANE_CLASSES[pane].SCOPES if one != "prompt"]
    used = Counter(
        key for action in actions_of(*{*scopes, pane, "everywhere"}) for key in keys(action)
    )
    assert [key for key, count in used.items() if count > 1] == []


@pytest.mark.parametrize("scope", OWNERS)
def test_no_key_means_two_things_in_a_scope_or_hides_one_that_works_everywhere(scope: str) -> None:
    used = Counter(key for action in actions_of(*{scope, "everywhere"}) for key in keys(action))
    assert [key for key, count in used.items() if count > 1] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_can_be_done_where_it_says(action: Action) -> None:
    name = re.sub(r"\(.*", "", action.method)
    assert callable(getattr(OWNERS[action.scope], f"action_{name}", None))


@pytest.mark.parametrize("scope", [*PANE_CLASSES, "everywhere", "table"])
def test_every_action_is_bound_to_its_keys(scope: str) -> None:
    bound = {
        binding.id
        for bindings in OWNERS[scope]._merge_bindings().key_to_bindings.values()
        for binding in bindings
    }
    assert {action.id for action in actions_of(scope)} <= bound


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_explained_in_a_sentence(action: Action) -> None:
    assert action.help[0].isupper()
    assert action.help.endswith(".")
    assert 0 < len(action.label) <= 14


def test_keys_one_to_five_go_to_the_panes_in_their_order() -> None:
    shown = {key: action.method for action in ACTIONS for key in keys(action) if key.isdigit()}
    assert shown == {
        str(number): f"show_pane('{pane}')" for number, (pane, _) in enumerate(PANES, start=1)
    }


def test_keys_are_named_as_they_stand_on_the_keyboard() -> None:
    named = {action.id: keys_of(action, {}) for action in ACTIONS}
    assert named["everywhere.help"] == "? f1"
    assert named["catalog.search"] == "/"
    assert named["chat.stop"] == "esc"
    assert named["table.down"] == "down j"


def test_keys_from_the_config_are_named_instead() -> None:
    (action,) = (one for one in ACTIONS if one.id == "catalog.run")
    assert keys_of(action, {"catalog.run": "f5, plus"}) == "f5 +"


def test_bindings_carry_ids_so_that_the_config_can_move_them() -> None:
    ids = [binding.id for binding in bindings_of("monitor")]  # type: ignore[union-attr]
    assert ids == [action.id for action in ACTIONS if action.scope == "monitor"]
    assert "monitor.freeze" in ids
