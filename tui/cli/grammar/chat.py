"""`chat`."""

from __future__ import annotations

from tui.cli.grammar.parts import Add, positive


def add_chat(add: Add) -> None:
    """Add `chat`."""
    chat = add("chat", "chat", "ask a model; without a prompt, standard input is read")
    chat.add_argument("model", metavar="X", help="alias or variant id")
    chat.add_argument("prompt", nargs="?", help="'-' also means standard input")
    chat.add_argument(
        "--raw", action="store_true", help="no chat template: let /v1/completions write on"
    )
    chat.add_argument("--system", metavar="TEXT", help="system prompt")
    chat.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer")
    chat.add_argument("--temperature", type=float, metavar="T", help="0 to 2")
    chat.add_argument("--seed", type=int, metavar="N", help="for repeatable answers")
