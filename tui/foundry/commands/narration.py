"""What `run`, `download` and `load` print while they work, line by line. Pure; both generations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tui.foundry.commands.printed import is_blank, is_log_line
from tui.foundry.types import Progress

LineKind = Literal[
    "download",  # says which model is fetched
    "progress",  # a bar
    "present",  # the model was on disk already
    "loading",
    "loaded",
    "load_time",
    "performance",  # one figure of the block that --verbose prints
    "chat",  # the interactive chat is open, and what is said in it
    "service",  # about the service itself
    "provider",  # about execution providers
    "notice",
    "error",
    "log",  # a log message that got between
    "blank",
    "other",
]

_CLOCK = "[\U0001f550-\U0001f567]"
_CLOCKS = re.compile(rf"^(?:{_CLOCK}\s*)+")
_OLD_BAR = re.compile(
    r"^\[[# ]{10,}\]\s+(?P<percent>\d{1,3}(?:[.,]\d+)?) ?%"
    r"(?:\s*\[Time remaining(?:: about| <)? ?(?P<left>\d+)(?P<unit>[smh])\])?"
    r"(?:\s+(?P<rate>\d+(?:[.,]\d+)?) (?P<scale>[KMG]?)B/s)?(?P<rest>.*)$"
)
_NEW_BAR = re.compile(r"^(?P<name>\S.*?)\s+[━─╸╺=\-#]{8,}\s+(?P<percent>\d{1,3}(?:\.\d+)?)%\s*\S?$")
_LOAD_TIME = re.compile(r"^Time cost to load model: (\d+):(\d\d):(\d\d(?:\.\d+)?)$")
_FIGURE = re.compile(
    r"^(Total Tokens/Second|Time to First Token|Average Token Generation Time|Total Time"
    r"|Total Tokens): (\d+(?:[.,]\d+)?)(?: ?(ms|s))?$"
)
_PERFORMANCE_RULE = re.compile(r"^=+(?:Perf Info)?=+$")
_FAILED = re.compile(r"(?:Exception: |Failed: |Failed loading |IPC error )")
_CHAT = (
    "Interactive Chat.", "Interactive mode,", "Press Ctrl+C to cancel", "> ", "🧠", "🤖",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line, understood."""

    kind: LineKind
    text: str
    """As it was printed, cleaned."""
    progress: Progress | None = None
    rate_bytes_s: float | None = None
    left_s: float | None = None
    subject: str = ""
    """The model, or the execution provider, that it is about."""
    name: str = ""
    """Of a performance figure."""
    value: float | None = None
    """Of a performance figure in seconds, tokens or tokens a second; of a load time in seconds."""


def read_line(line: str) -> Line:
    """Tell what a printed line says."""
    text = line.strip()
    if _PERFORMANCE_RULE.match(text):
        return Line("performance", text)
    if is_blank(text):
        return Line("blank", text)
    if is_log_line(text):
        return Line("log", text)
    return _bar(text) or _figure(text) or _statement(text)


def _bar(text: str) -> Line | None:
    if match := _OLD_BAR.match(text):
        if rest := _FAILED.search(match["rest"]):
            return Line("error", match["rest"][rest.start() :])
        left = match["left"]
        scale = {"s": 1.0, "m": 60.0, "h": 3600.0}
        rate = match["rate"]
        return Line(
            "progress",
            text,
            Progress(_fraction(match["percent"])),
            float(rate.replace(",", ".")) * 1024 ** ("", "K", "M", "G").index(match["scale"])
            if rate
            else None,
            float(left) * scale[match["unit"]] if left else None,
        )
    if match := _NEW_BAR.match(text):
        kind: LineKind = "provider" if "ExecutionProvider" in match["name"] else "progress"
        return Line(kind, text, Progress(_fraction(match["percent"])), subject=match["name"])
    return None


def _fraction(percent: str) -> float:
    return min(1.0, float(percent.replace(",", ".")) / 100)


def _figure(text: str) -> Line | None:
    if match := _LOAD_TIME.match(text):
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        return Line("load_time", text, value=seconds)
    if match := _FIGURE.match(text):
        number = float(match[2].replace(",", "."))
        return Line(
            "performance", text, name=match[1], value=number / 1000 if match[3] == "ms" else number
        )
    return None


def _statement(text: str) -> Line:
    bare = _CLOCKS.sub("", text)
    if error := _FAILED.search(bare) or re.match(r"● error: ", bare):
        return Line("error", bare[error.start() :].removeprefix("● error: "))
    if bare.startswith("Unrecognized command"):
        return Line("error", bare)
    if match := re.match(r"Downloading (\S*ExecutionProvider)\b", bare):
        return Line("provider", text, subject=match[1])
    if bare.startswith(
        ("Downloading complete!", "Successfully downloaded and registered", "Valid EPs:",
         "EP autoregistration", "Skipping EP")
    ):  # fmt: skip
        return Line("provider", text)
    if match := re.match(r"Downloading (\S+?)(?:\.\.\.)?$", bare):
        return Line("download", text, subject=match[1])
    if match := re.match(r"(?:Model )?(\S+) was found in the local cache", bare):
        return Line("present", text, subject=match[1])
    if bare.startswith("Loading model"):
        return Line("loading", text)
    if match := re.match(r"🟢\s+Model (\S+) loaded successfully", bare):
        return Line("loaded", text, subject=match[1])
    if match := re.match(r"(?:● success: )?Loaded '([^']+)'", bare):
        return Line("loaded", text, subject=match[1])
    if re.match(r"[🟢🔴]\s+(?:Service|Model management)", bare) or bare.startswith(
        ("Restarting service", "Saving new settings", "No settings changed", "To start the service")
    ):
        return Line("service", text)
    if bare.startswith(_CHAT) or bare == ">":
        return Line("chat", text)
    if bare.startswith(("Unloading existing", "Tips:", "- To ", "■ ", "● ", "Hint: ")):
        return Line("notice", text)
    return Line("other", text)
