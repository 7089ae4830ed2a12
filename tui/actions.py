"""The one list of what a person can do; footer, help, palette and key bindings are made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Scope = Literal[
    "everywhere", "table", "catalog", "cache", "chat", "compare", "prompt", "monitor", "bench"
]


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do."""

    id: str
    """Name for `[keys]` in the config: `catalog.run`."""
    keys: str
    """Default keys, as Textual spells them, separated by commas."""
    label: str
    """A word or two for the footer."""
    help: str
    """A sentence for help and palette."""
    method: str
    """Textual action: `action_<method>` of the app (scope `everywhere`), a pane or a widget."""
    footer: bool = True
    palette: bool = True

    @property
    def scope(self) -> str:
        """Where it works: the part of the id before the dot."""
        return self.id.partition(".")[0]


PANES: tuple[tuple[str, str], ...] = (
    ("catalog", "Catalog"),
    ("cache", "Cache"),
    ("chat", "Chat"),
    ("monitor", "Monitor"),
    ("bench", "Bench"),
)
"""Pane ids and titles, in the order of the keys 1 to 5."""

_SHOW_PANE = tuple(
    Action(
        f"everywhere.{pane}",
        str(number),
        title,
        f"Go to the pane {title}.",
        f"show_pane('{pane}')",
        footer=False,
    )
    for number, (pane, title) in enumerate(PANES, start=1)
)

ACTIONS: tuple[Action, ...] = (
    *_SHOW_PANE,
    Action("everywhere.palette", "ctrl+p", "palette", "Find any command by its name.",
           "command_palette", footer=False, palette=False),
    Action("everywhere.jobs", "J", "jobs", "See and cancel what runs in the background.",
           "show_jobs", footer=False),
    Action("everywhere.log", "L", "log", "Show what the newest job printed.", "show_log",
           footer=False),
    Action("everywhere.service", "S", "service",
           "See, start, stop or restart the service behind the backend.", "show_service",
           footer=False),
    Action("everywhere.backend", "B", "backend",
           "Take another source of models: foundry, the embedded runtime, an endpoint.",
           "choose_backend", footer=False),
    Action("everywhere.dock", "D", "dock monitor",
           "Keep the monitor beside the pane (140 columns or more).", "toggle_dock", footer=False),
    Action("everywhere.theme", "T", "theme", "Choose the colours.", "change_theme", footer=False),
    Action("everywhere.help", "question_mark,f1", "help",
           "Show the keys of this pane; f1 does so in a text field too.", "show_help"),
    Action("everywhere.quit", "q", "quit", "Leave; asks while a job runs.", "leave", footer=False),
    Action("table.down", "down,j", "down", "Next row.", "cursor_down", False, False),
    Action("table.up", "up,k", "up", "Previous row.", "cursor_up", False, False),
    Action("table.page_down", "pagedown", "page down", "A page down.", "page_down", False, False),
    Action("table.page_up", "pageup", "page up", "A page up.", "page_up", False, False),
    Action("table.first", "home,g", "first", "First row.", "first_row", False, False),
    Action("table.last", "end,G", "last", "Last row.", "last_row", False, False),
    Action("catalog.run", "enter", "run", "Download if needed, load, and be ready to answer.",
           "run"),
    Action("catalog.chat", "c", "chat", "Run the model and talk to it.", "chat"),
    Action("catalog.mark", "space", "mark", "Mark or unmark the model for a comparison.", "mark"),
    Action("catalog.bench", "b", "bench", "Benchmark the marked models side by side.", "bench"),
    Action("catalog.search", "slash", "search", "Narrow the list as you type; esc ends.",
           "search"),
    Action("catalog.info", "i", "info", "Show all that is known about the model.", "info",
           footer=False),
    Action("catalog.filter", "f", "filter", "Choose a filter; it stands in the search then.",
           "filter"),
    Action("catalog.sort", "s", "sort", "Choose the order; the same again turns it round.",
           "sort", footer=False),
    Action("catalog.context", "w", "context", "Choose the context that the verdicts plan for.",
           "context", footer=False),
    Action("catalog.compare", "v", "compare", "Show the marked models side by side.", "compare",
           footer=False),
    Action("catalog.open", "o,right", "open", "Show or hide the variants of the model.", "open",
           footer=False),
    Action("catalog.download", "d", "download", "Fetch the variant to disk.", "download",
           footer=False),
    Action("catalog.load", "l", "load", "Bring the variant into memory.", "load", footer=False),
    Action("catalog.unload", "u", "unload", "Drop the variant from memory.", "unload",
           footer=False),
    Action("catalog.probe", "p", "probe context",
           "Find out how long a context the loaded model really takes.", "probe_context",
           footer=False),
    Action("catalog.recommend", "r", "recommend", "Recommend a model for a task and this machine.",
           "recommend"),
    Action("catalog.entry", "a", "registry entry",
           "Add the model to models.json, or change its entry.", "entry", footer=False),
    Action("catalog.contribute", "C", "contribute",
           "Put what was measured here into the model's entry; shows the change first.",
           "contribute", footer=False),
    Action("catalog.merge", "M", "merge registry",
           "Take over what a colleague's models.json has; shows the change first.", "merge",
           footer=False),
    Action("catalog.refresh", "R", "refresh", "Ask the catalog again.", "refresh_models",
           footer=False),
    Action("cache.run", "enter", "run", "Load the model and be ready to answer.", "run"),
    Action("cache.mark", "space", "mark", "Mark or unmark the row, to delete several at once.",
           "mark"),
    Action("cache.delete", "x", "delete",
           "Delete the marked rows, or the one under the cursor; asks first.", "delete"),
    Action("cache.update", "U", "update",
           "Download the newest version (▲); the old one stays until the new one has worked.",
           "update", footer=False),
    Action("cache.roll_back", "b", "go back",
           "Delete the newest version on disk and use the one before it again; asks first.",
           "roll_back", footer=False),
    Action("cache.clean", "C", "clean",
           "Delete old versions whose newer one has worked; asks first.", "clean", footer=False),
    Action("cache.doctor", "d", "doctor",
           "Look for what is wrong on disk, mend it, and compare checksums.", "doctor"),
    Action("cache.import", "i", "import", "Add a model directory of your own, or a bundle.",
           "import_model"),
    Action("cache.compile", "K", "compile",
           "Make a model of a Hugging Face checkpoint, in the background.", "compile_model",
           footer=False),
    Action("cache.export", "e", "export",
           "Write the model into a file or directory, for a machine without a network.",
           "export", footer=False),
    Action("cache.verify", "v", "verify", "Compare an exported bundle with its checksums.",
           "verify", footer=False),
    Action("cache.move", "m", "move", "Keep the models in another directory.", "move_cache",
           footer=False),
    Action("cache.load", "l", "load", "Bring the variant into memory.", "load"),
    Action("cache.unload", "u", "unload", "Drop the variant from memory.", "unload"),
    Action("cache.refresh", "R", "refresh", "Look at the disk again.", "refresh_cache",
           footer=False),
    Action("prompt.send", "enter", "send", "Send the question.", "submit", palette=False),
    Action("prompt.newline", "ctrl+j,shift+enter,alt+enter", "new line",
           "Start a new line; ctrl+j works in every terminal.", "newline", palette=False),
    Action("chat.focus", "enter,i", "write", "Go to the text field.", "focus_prompt"),
    Action("chat.stop", "escape", "stop",
           "Stop the answer; else leave what is edited, the text field, the mark.", "stop"),
    Action("chat.model", "ctrl+t", "model", "Choose the model that answers.", "choose_model"),
    Action("chat.retry", "ctrl+r,r", "again",
           "Ask for the answer anew, after a failure too; the old one is kept beside it.", "retry"),
    Action("chat.new", "ctrl+n", "new", "Start a new conversation; the old one is kept.",
           "new_conversation"),
    Action("chat.sessions", "f3,ctrl+l,s", "conversations",
           "Search, open, rename, delete or export the conversations that were kept.",
           "sessions"),
    Action("chat.compare", "f4,ctrl+s,v", "side by side",
           "Ask two or three models the same, side by side.", "compare", footer=False),
    Action("chat.request", "f8,w", "as curl",
           "Show the request as a curl command, and copy it.", "show_request", footer=False),
    Action("chat.copy", "ctrl+y,y", "copy",
           "Copy the last answer, or the turn with the mark, or one block of code in it.",
           "copy_answer"),
    Action("chat.previous_turn", "p,shift+up", "turn before", "Set the mark on the turn before.",
           "previous_turn", footer=False),
    Action("chat.next_turn", "n,shift+down", "next turn", "Set the mark on the next turn.",
           "next_turn", footer=False),
    Action("chat.edit", "e,f2", "edit",
           "Ask a question otherwise; what followed it is kept beside it.", "edit", footer=False),
    Action("chat.continue", "ctrl+g,c", "go on",
           "Let an answer go on that was stopped, or cut at the token limit.", "continue",
           footer=False),
    Action("chat.previous_branch", "left,h", "branch before",
           "Show the answer or question that stood here before.", "previous_branch",
           footer=False),
    Action("chat.next_branch", "right,l", "next branch",
           "Show the next answer or question that stands here.", "next_branch", footer=False),
    Action("chat.delete", "x", "delete",
           "Delete a question with its answers, or an answer with what followed it.", "delete",
           footer=False),
    Action("chat.undo", "u", "undo", "Bring back what was deleted last.", "undo", footer=False),
    Action("chat.parameters", "f5,t", "parameters",
           "Set system prompt, temperature and the like for this conversation; presets.",
           "parameters", footer=False),
    Action("chat.reasoning", "ctrl+o,o", "reasoning",
           "Show or fold what models think before they answer.", "reasoning", footer=False),
    Action("chat.page_up", "pageup", "page up",
           "Scroll the conversation back, from the text field too.", "scroll('up')", False, False),
    Action("chat.page_down", "pagedown", "page down",
           "Scroll the conversation on; at the end it follows again.", "scroll('down')",
           False, False),
    Action("compare.stop", "escape", "stop",
           "Stop all answers; else leave the text field, else go back to the chat.", "stop",
           palette=False),
    Action("compare.order", "ctrl+o,o", "order",
           "Let them answer all at once, or one after the other.", "order", palette=False),
    Action("compare.again", "ctrl+r,r", "again",
           "Ask the last question once more; the answers there are stay.", "again",
           palette=False),
    Action("compare.copy", "ctrl+y,y", "copy",
           "Copy the answer in the column with the focus (tab); from the text field it asks whose.",
           "copy", palette=False),
    Action("compare.bench", "f5,ctrl+g,b", "benchmark",
           "Take these models, and the question, into a benchmark.", "bench", palette=False),
    Action("compare.write", "enter,i", "write", "Go to the text field.", "write", palette=False),
    Action("compare.page_up", "pageup", "page up",
           "Scroll all columns back, from the text field too.", "scroll('up')", False, False),
    Action("compare.page_down", "pagedown", "page down",
           "Scroll all columns on; at the end it follows again.", "scroll('down')",
           False, False),
    Action("monitor.freeze", "f,space", "freeze",
           "Hold the graphs still, or let them run again; pause a recording.", "freeze"),
    Action("monitor.shorter", "plus,equals_sign", "zoom in", "Show a shorter time.", "zoom(-1)"),
    Action("monitor.longer", "minus", "zoom out", "Show a longer time.", "zoom(1)",
           footer=False),
    Action("monitor.scale", "a", "scale",
           "Scales from 0 to what is full, or fitted to what shows.", "scale"),
    Action("monitor.back", "left,h", "back", "Look back in time, or go back in a recording.",
           "pan(-1)", footer=False),
    Action("monitor.forward", "right,l", "forward", "Come forward in time, or in a recording.",
           "pan(1)", footer=False),
    Action("monitor.more", "m", "more", "Show the next graphs, where not all have room.", "more"),
    Action("monitor.record", "r", "record", "Write the samples into a file, or stop that.",
           "record"),
    Action("monitor.replay", "o", "replay", "Play a recording.", "replay"),
    Action("monitor.faster", "right_square_bracket", "faster", "Play the recording faster.",
           "speed(1)", footer=False, palette=False),
    Action("monitor.slower", "left_square_bracket", "slower", "Play the recording slower.",
           "speed(-1)", footer=False, palette=False),
    Action("monitor.live", "escape", "live", "Leave the recording; come back to what happens now.",
           "end_replay", footer=False),
    Action("monitor.interval", "i", "interval", "Take samples at the next slower pace.",
           "interval", footer=False),
    Action("bench.choose", "space", "choose", "Choose or drop the model under the cursor.",
           "choose", footer=False),
    Action("bench.start", "s", "start", "Measure the chosen models side by side.", "start"),
    Action("bench.stop", "x", "stop", "Stop the run; what was measured is kept.", "stop"),
    Action("bench.table", "t", "table", "Show figures, intervals and verdicts.", "table",
           footer=False),
    Action("bench.answers", "o", "answers", "Show the answers side by side, prompt by prompt.",
           "answers"),
    Action("bench.picture", "v", "picture", "Show speed, memory and rating in one picture.",
           "picture"),
    Action("bench.rate", "b", "rate",
           "Rate the answers of the run without knowing whose they are.", "rate"),
    Action("bench.history", "h", "history", "Open, compare, annotate or delete earlier runs.",
           "history"),
    Action("bench.settings", "c", "settings",
           "Choose prompts, rounds, token limit, temperature and all else.", "settings"),
    Action("bench.models", "escape", "models", "Go back to the list of models.", "models",
           footer=False),
    Action("bench.next_prompt", "right", "next prompt", "Show the answers to the next prompt.",
           "other_prompt(1)", footer=False),
    Action("bench.previous_prompt", "left", "prompt before",
           "Show the answers to the prompt before.", "other_prompt(-1)", footer=False),
    Action("bench.prompts", "p", "prompts", "Take the next of the sets of prompts that ship.",
           "next_prompts", footer=False),
    Action("bench.more_rounds", "plus", "more rounds", "One round more.", "more_rounds",
           footer=False),
    Action("bench.fewer_rounds", "minus", "fewer rounds", "One round less.", "fewer_rounds",
           footer=False),
    Action("bench.detach", "d", "detached",
           "Measure in a process that outlives this program, and follow it.", "detach",
           footer=False),
    Action("bench.self_test", "y", "self-test",
           "Measure one model against itself: which differences this machine makes up.",
           "self_test", footer=False),
    Action("bench.note", "n", "note", "Write a note on the run.", "note", footer=False),
    Action("bench.export", "e", "export", "Write the results as files.", "export"),
    Action("bench.registry", "w", "models.json",
           "Put what was measured into models.json; the change is shown first.", "registry",
           footer=False),
    Action("bench.save_plan", "ctrl+s", "save plan", "Keep what is chosen in a plan file.",
           "save_plan", footer=False),
    Action("bench.open_plan", "ctrl+o", "open plan", "Take what a plan file says.", "open_plan",
           footer=False),
)  # fmt: skip
"""Everything, in the order in which footer and help show it."""

_KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def actions_of(*scopes: str) -> Iterator[Action]:
    """Yield the actions of the scopes, scope by scope, each in its order."""
    for scope in scopes:
        yield from (action for action in ACTIONS if action.scope == scope)


def bindings_of(*scopes: str) -> list[BindingType]:
    """Make Textual bindings; their ids let the config remap them."""
    return [
        Binding(action.keys, action.method, action.label, show=False, id=action.id)
        for action in actions_of(*scopes)
    ]


def keys_of(action: Action, overrides: Mapping[str, str]) -> str:
    """Name the action's keys as a person would, with the config's `overrides` by action id."""
    keys = overrides.get(action.id, action.keys).split(",")
    return " ".join(_KEY_NAMES.get(key.strip(), key.strip()) for key in keys)
