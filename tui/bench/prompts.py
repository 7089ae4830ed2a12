"""The prompts that a benchmark asks."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.foundry.errors import FoundryError

LARGEST_FILE_BYTES = 4 * 1024 * 1024


class PromptsError(FoundryError):
    """A file of prompts cannot be used."""

    code = "prompts"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Prompts in their order."""

    name: str
    prompts: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Tells whether two runs asked the same."""
        return hashlib.sha256(json.dumps(self.prompts).encode()).hexdigest()


COURSE = PromptSet("course prompt", ("Explain edge AI in one sentence.",))
SMALL = PromptSet(
    "small set",
    (
        "Explain edge AI in one sentence.",
        "What is a local model?",
        "What is quantization?",
        "What is the KV cache?",
        "Why should I run models locally?",
        "Give me a tour of this program",
    ),
)
BUILT_IN = (COURSE, SMALL)


def load_prompts(path: Path) -> PromptSet:
    """Read prompts from a file.

    Args:
        path: `.txt`, one prompt a line; `.json`, a list of texts; `.toml`, `prompts = [...]`.

    Raises:
        PromptsError: The file cannot be read or holds no prompts.
    """
    hint = "One prompt a line (.txt), a list of texts (.json), or prompts = [...] (.toml)."
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise PromptsError(f"{path} is too large for a file of prompts.", hint)
        text = path.read_text("utf-8-sig")
        found = _parse(path.suffix.lower(), text)
    except OSError as error:
        raise PromptsError(f"{path} cannot be read: {error.strerror}.", hint) from error
    except (UnicodeDecodeError, ValueError) as error:
        raise PromptsError(f"{path} is not understood: {error}", hint) from error
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise PromptsError(f"{path} does not hold a list of texts.", hint)
    prompts = tuple(one.strip() for one in found if one.strip())
    if not prompts:
        raise PromptsError(f"{path} holds no prompts.", hint)
    return PromptSet(path.name, prompts)


def _parse(suffix: str, text: str) -> Any:
    if suffix == ".json":
        return json.loads(text)
    if suffix == ".toml":
        return tomllib.loads(text).get("prompts")
    return text.splitlines()
