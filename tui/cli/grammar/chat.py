"""`chat` and `presets`."""

from __future__ import annotations

import argparse

from tui.cli.grammar.parts import Add, actions_of, names, positive


def add_chat(add: Add) -> None:
    """Add `chat`."""
    chat = add("chat", "chat", "ask one model or several; without a prompt, standard input is read")
    chat.add_argument(
        "model", metavar="X", nargs="?", help="alias or variant id; A,B asks both side by side"
    )
    chat.add_argument("prompt", nargs="?", help="'-' also means standard input")
    chat.add_argument("--models", type=names, metavar="A,B", help="ask two or three side by side")
    chat.add_argument(
        "--at-once",
        action="store_true",
        help="let several answer at the same time; else one after the other",
    )
    chat.add_argument(
        "--raw", action="store_true", help="no chat template: let /v1/completions write on"
    )
    chat.add_argument("--preset", metavar="NAME", help="named parameters; see `presets`")
    _add_parameters(chat)
    chat.add_argument("--save", action="store_true", help="keep it among the conversations")
    chat.add_argument(
        "--resume",
        nargs="?",
        const="last",
        metavar="ID",
        help="go on with a kept conversation, by default the last one: with a prompt here, "
        "without one on the screen",
    )
    chat.add_argument(
        "--curl", action="store_true", help="print the request as a curl command; ask nobody"
    )
    chat.add_argument(
        "--show-request",
        action="store_true",
        help="print the request as a curl command on standard error, then send it",
    )


def add_presets(add: Add) -> None:
    """Add `presets`."""
    actions = actions_of(add("presets", "presets", "list, save or delete named parameters"))
    for word in ("list", "ls"):
        add(word, "presets", "list them", actions).set_defaults(action="list")
    save = add("save", "presets", "keep parameters under a name", actions)
    save.add_argument("name", metavar="NAME", help="what stood under it is replaced")
    _add_parameters(save)
    save.set_defaults(action="save")
    remove = add("rm", "presets", "delete one of yours", actions)
    remove.add_argument("name", metavar="NAME", help="one that you saved")
    remove.set_defaults(action="rm")


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system", metavar="TEXT", help="system prompt")
    parser.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer")
    parser.add_argument("--temperature", type=float, metavar="T", help="0 to 2")
    parser.add_argument("--top-p", type=float, metavar="P", help="above 0, to 1")
    parser.add_argument("--seed", type=int, metavar="N", help="for repeatable answers")
    parser.add_argument(
        "--stop", action="append", metavar="TEXT", help="end the answer there; up to four times"
    )
