"""`import`, `compile`, `service`: bringing models in, and what serves them."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of


def add_doing(add: Add) -> None:
    """Add `import`, `compile` and `service`."""
    importing = add("import", "importing", "add your own model directory")
    importing.add_argument(
        "folder", metavar="DIR|FILE", type=Path, help="holds genai_config.json; or a bundle of it"
    )
    importing.add_argument("--name", help="what to call the model")
    importing.add_argument(
        "--check", action="store_true", help="say what is missing, and change nothing"
    )
    ways = importing.add_mutually_exclusive_group()
    for way, text in (
        ("link", "links to its files (default): no space, the directory must stay"),
        ("copy", "a copy of its own in the cache"),
        ("register", "hard links: no space, it may be moved or deleted; same disk only"),
    ):
        ways.add_argument(f"--{way}", dest="way", action="store_const", const=way, help=text)
    importing.set_defaults(way="link")
    importing.add_argument(
        "--mend", action="store_true", help="write what is missing beside the files"
    )
    importing.add_argument(
        "--chat-template",
        choices=("chatml", "llama-3", "phi", "gemma", "mistral", "plain"),
        help="where there is none, this family; else as the tokenizer looks (with --mend)",
    )
    _add_compile(add)
    for name in ("service", "server"):
        service = add(name, "service", "start, stop or look at the service of foundry")
        actions = actions_of(service)
        service.set_defaults(action="status")
        for action in ("status", "start", "stop", "restart", "logs"):
            add(action, "service", f"{action} of the service", actions).set_defaults(action=action)


def _add_compile(add: Add) -> None:
    compiling = add("compile", "compile", "make a model from a Hugging Face checkpoint")
    compiling.add_argument(
        "source", metavar="SOURCE", help="an id on Hugging Face (OWNER/NAME), or a directory"
    )
    compiling.add_argument("--name", help="what to call the model; else made from SOURCE")
    compiling.add_argument(
        "--precision", choices=("int4", "int8", "fp16", "bf16", "fp32"), default="int4"
    )
    compiling.add_argument(
        "--device", choices=("cpu", "cuda", "dml", "webgpu", "trt-rtx"), default="cpu"
    )
    compiling.add_argument(
        "--output", metavar="DIR", type=Path, help="put the model here; else into the cache"
    )
    compiling.add_argument(
        "--python", metavar="FILE", help="interpreter with the extra `compile` installed"
    )
    compiling.add_argument(
        "--extra", metavar="KEY=VALUE", action="append", default=[], help="option of the builder"
    )
    compiling.add_argument(
        "--dry-run", action="store_true", help="show the command line and what it needs"
    )
    compiling.add_argument("--verbose", action="store_true", help="print what the builder prints")
