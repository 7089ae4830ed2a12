"""The blocks of code in an answer, each of use without the words around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

from tui.foundry.text import clean_text

_ENDINGS = {
    "bash": "sh", "c": "c", "c#": "cs", "c++": "cpp", "cpp": "cpp", "cs": "cs", "csharp": "cs",
    "css": "css", "csv": "csv", "diff": "diff", "dockerfile": "dockerfile", "go": "go",
    "golang": "go", "html": "html", "ini": "ini", "java": "java", "javascript": "js", "js": "js",
    "json": "json", "jsonl": "jsonl", "jsx": "jsx", "kotlin": "kt", "lua": "lua", "makefile": "mk",
    "markdown": "md", "md": "md", "patch": "diff", "perl": "pl", "php": "php", "powershell": "ps1",
    "ps1": "ps1", "py": "py", "python": "py", "python3": "py", "r": "r", "rb": "rb", "rs": "rs",
    "ruby": "rb", "rust": "rs", "scala": "scala", "sh": "sh", "shell": "sh", "sql": "sql",
    "svg": "svg", "swift": "swift", "tex": "tex", "toml": "toml", "ts": "ts", "tsx": "tsx",
    "typescript": "ts", "xml": "xml", "yaml": "yaml", "yml": "yaml", "zsh": "sh",
}  # fmt: skip
"""Ends of file names by the word behind the fence."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One block, without its fence. The text is clean."""

    language: str
    """The word behind the fence, in small letters; '' without one."""
    text: str
    """Ends with a line break."""

    @property
    def lines(self) -> int:
        """How many there are."""
        return self.text.count("\n")

    @property
    def first_line(self) -> str:
        """What it begins with, to know it by."""
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")

    def file_name(self, number: int) -> str:
        """Suggest a name: `block-1.py`; what no language claims is text."""
        return f"block-{number}.{_ENDINGS.get(self.language, 'txt')}"


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def code_blocks(markdown: str) -> tuple[CodeBlock, ...]:
    """Return the fenced and the indented blocks of an answer, also those in lists and quotes.

    A fence that is still open, as in an answer that was cut, ends with the text.
    """
    blocks = []
    for token in _parser().parse(clean_text(markdown)):
        if token.type not in ("fence", "code_block") or not token.content.strip():
            continue
        word = token.info.split(maxsplit=1)
        # Some models write ```python:file.py or ```{python}.
        language = word[0].strip("{}.").partition(":")[0].lower() if word else ""
        blocks.append(CodeBlock(language, token.content.rstrip("\n") + "\n"))
    return tuple(blocks)
