"""What is to be compiled, for what, and the command line that does it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tui.foundry.errors import FoundryError, NotFound
from tui.paths import typed_path

Precision = Literal["int4", "int8", "fp16", "bf16", "fp32"]
PRECISIONS: tuple[Precision, ...] = ("int4", "int8", "fp16", "bf16", "fp32")
BUILDER = "onnxruntime_genai.models.builder"
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?\Z", re.ASCII)
_EXTRA = re.compile(r"([a-z][a-z0-9_]*)=(\S+)\Z")
_TOKENS = re.compile(r"hf_[A-Za-z0-9]{8,}")


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of processor that the builder can build for."""

    provider: str
    """Its word for it."""
    precisions: tuple[Precision, ...]
    what: str


DEVICES: Mapping[str, Device] = {
    "cpu": Device("cpu", ("int4", "int8", "fp32"), "any processor"),
    "cuda": Device("cuda", ("int4", "int8", "fp16", "bf16", "fp32"), "NVIDIA GPU"),
    "dml": Device("dml", ("int4", "fp16"), "any GPU under Windows (DirectML)"),
    "webgpu": Device("webgpu", ("int4", "int8"), "any GPU by WebGPU"),
    "trt-rtx": Device("NvTensorRtRtx", ("fp16", "bf16"), "NVIDIA RTX GPU by TensorRT"),
}
"""By our names. The pairs with a precision are those that the builder calls valid."""


class CompileFailed(FoundryError):
    """A model could not be compiled; what was half done is deleted."""

    code = "compile_failed"


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint: a directory on this machine, or an id on Hugging Face."""

    text: str
    """As it was named; a directory as an absolute path."""
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what comes out."""

    source: Source
    name: str
    python: str
    """Interpreter that has the builder."""
    precision: Precision = "int4"
    device: str = "cpu"
    output: Path | None = None
    """Where the model is put, for the user to keep; None for into the cache alone."""
    extras: tuple[str, ...] = ()
    """Options of the builder, `key=value`."""

    def check(self) -> None:
        """Raise `CompileFailed` where the builder would refuse the words."""
        precisions = DEVICES[self.device].precisions
        if self.precision not in precisions:
            able = [name for name, one in DEVICES.items() if self.precision in one.precisions]
            raise CompileFailed(
                f"The builder makes no {self.precision} for {self.device}.",
                f"For {self.device} take {', '.join(precisions)}; {self.precision} is made for "
                f"{', '.join(able)}.",
            )
        for extra in self.extras:
            found = _EXTRA.match(extra)
            if found is None:
                raise CompileFailed(
                    f"'{hide_secrets(extra)}' is no option of the builder.",
                    "Options are key=value, for example --extra block_size=64.",
                )
            if found[1] == "hf_token":
                raise CompileFailed(
                    "A token is not taken from the command line: others could read it there.",
                    "Set it in the environment as HF_TOKEN, or log in with: hf auth login",
                )

    def command(self, folder: Path, hub_dir: str, *, token: bool) -> tuple[str, ...]:
        """Return the argument vector of the builder; it holds no secret.

        Args:
            folder: Where the model is written.
            hub_dir: Where downloads from Hugging Face are kept.
            token: Whether there is one in the environment; the builder insists on it otherwise.
        """
        local = self.source.folder is not None
        words = [self.python, "-m", BUILDER]
        words += ["-i" if local else "-m", self.source.text, "-o", str(folder)]
        words += ["-p", self.precision, "-e", DEVICES[self.device].provider, "-c", hub_dir]
        extras = [*self.extras, *([] if local or token else ["hf_token=false"])]
        return tuple(words + (["--extra_options", *extras] if extras else []))


def find_source(text: str) -> Source:
    """Return what a person named: a directory that is there, else an id on Hugging Face.

    Raises:
        NotFound: It can be neither.
    """
    text = text.strip()
    path = typed_path(text)
    if text and os.path.isdir(path):
        return Source(str(path), path)
    there = bool(text) and os.path.exists(path)
    if text.startswith((".", "/", "~", "\\")) or Path(text).is_absolute() or there:
        shown_text = hide_secrets(text)[:200]
        raise NotFound(
            f"{shown_text} is a file." if there else f"There is no directory {shown_text}.",
            "Name the directory that holds config.json and the weights, or an id on Hugging Face.",
        )
    if not _ID.match(text) or ".." in text:
        raise NotFound(
            f"'{hide_secrets(text)[:80]}' is neither a directory nor an id on Hugging Face.",
            "An id is OWNER/NAME, as it stands on the page of the model.",
        )
    return Source(text)


def shown(command: tuple[str, ...]) -> str:
    """Return a command line as one would type it."""
    return shlex.join(command)


def hide_secrets(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return `text` without tokens: those that are known, and what looks like one."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _TOKENS.sub("***", text)
