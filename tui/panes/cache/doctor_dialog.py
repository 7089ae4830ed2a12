"""Shows what is wrong on disk, each with its size and its repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.cache.findings import REPAIR_WORDS, Finding
from tui.cache.wishes import CheckSums, Mend
from tui.formats import format_bytes
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog
from tui.widgets.table import HEADER_ROWS, Cell, Column, Row, Table

MOST_ROWS = 10


class DoctorDialog(Dialog[Mend | CheckSums]):
    """Answers with what is to be done; the pane asks before it is.

    Args:
        findings: What is wrong; may be none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "mend", show=False),
        Binding("a", "mend_certain", show=False),
        Binding("c", "checksums", show=False),
    ]
    DEFAULT_CSS = """
    DoctorDialog {
        & > .box { width: 100; }
        & #finding { height: 4; margin-top: 1; }
    }
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__()
        self._findings = {one.key: one for one in findings}

    def compose(self) -> ComposeResult:
        """Lay out the list, and the panel about the line under the cursor."""
        certain = [one for one in self._findings.values() if one.certain]
        freed = format_bytes(sum(one.frees_bytes for one in certain))
        with Vertical(classes="box") as box:
            box.border_title = "On disk"
            yield Table(
                [
                    Column(" ", 1),
                    Column("KIND", 10),
                    Column("SIZE", 8, align="right"),
                    Column("WHAT", 20, flexible=True),
                    Column("REPAIR", 8, from_width=60),
                ],
                empty="Nothing is wrong on disk. c compares every file with its checksum.",
            )
            yield Static(id="finding", markup=False)
            yield Static(
                "enter mends the line"
                + (f" · a mends all marked ●, frees {freed}" if certain else "")
                + " · c checksums · esc closes",
                classes="hint",
            )

    def on_mount(self) -> None:
        """Fill the list."""
        table = self.query_one(Table)
        table.styles.height = max(2, min(MOST_ROWS, len(self._findings))) + HEADER_ROWS
        table.set_rows([_row(one) for one in self._findings.values()])
        table.focus()
        self._show_finding()

    @on(Table.Highlighted)
    def _show_finding(self) -> None:
        finding = self._finding
        text = Content("")
        if finding is not None:
            text = Content("\n").join(
                [
                    Content(clean_text(f"{finding.what} {finding.mend}", False)),
                    Content.styled(clean_text(str(finding.path), False), "$foreground-muted"),
                ]
            )
        self.query_one("#finding", Static).update(text)

    @property
    def _finding(self) -> Finding | None:
        return self._findings.get(self.query_one(Table).cursor_key)

    @on(Table.Chosen)
    def action_mend(self) -> None:
        """Mend what is under the cursor."""
        finding = self._finding
        if finding is None:
            return
        if finding.repair == "by hand":
            self.notify("This can be mended by hand only: see below the list.")
            return
        self.dismiss(Mend((finding,)))

    def action_mend_certain(self) -> None:
        """Mend all whose repair loses nothing of use."""
        if certain := tuple(one for one in self._findings.values() if one.certain):
            self.dismiss(Mend(certain))

    def action_checksums(self) -> None:
        """Compare all models with their checksums."""
        self.dismiss(CheckSums())


def _row(finding: Finding) -> Row:
    return Row(
        finding.key,
        (
            Cell("●" if finding.certain else " ", "good"),
            Cell(finding.kind, "bad" if finding.kind == "damaged" else "warn"),
            Cell(format_bytes(finding.size_bytes)),
            Cell(clean_text(finding.what, False)),
            Cell(REPAIR_WORDS[finding.repair], "muted"),
        ),
    )
