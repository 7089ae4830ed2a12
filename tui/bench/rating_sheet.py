"""Sheets that colleagues fill in elsewhere: CSV for a spreadsheet, JSON for programs; no names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tui.bench.blind import BlindSheet, RatingError
from tui.bench.export import inert, write_file
from tui.bench.ratings import CRITERIA, HIGHEST, LOWEST, Rating, Scores

COLUMNS = ("run", "rater", "prompt_number", "prompt", "answer", "text", *CRITERIA, "verdict")
"""`verdict` may be 'tie' or 'skip', beside any answer of the prompt."""
LARGEST_FILE_BYTES = 16 * 1024 * 1024
_VERDICTS = ("", "tie", "skip")


def export_sheet(sheets: Sequence[BlindSheet], run_id: str, rater: str, path: Path) -> None:
    """Write the sheet; the suffix decides between `.json` and CSV. Raises `ExportError`."""
    rows = [
        {
            "run": run_id,
            "rater": rater,
            "prompt_number": sheet.prompt_index + 1,
            "prompt": sheet.prompt,
            "answer": letter,
            "text": answer,
            **dict.fromkeys(CRITERIA),
            "verdict": "",
        }
        for sheet in sheets
        for letter, answer in zip(sheet.letters, sheet.answers, strict=True)
    ]
    if path.suffix.lower() == ".json":
        values = {"schema": 1, "scale": [LOWEST, HIGHEST], "answers": rows}
        write_file(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
        return
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    writer.writerows({name: inert(value) for name, value in row.items()} for row in rows)
    write_file(path, buffer.getvalue())


def read_sheet(path: Path) -> tuple[str, str, list[dict[str, Any]]]:
    """Return run, rater and rows of a sheet that was filled in. Raises `RatingError`."""
    hint = "Export a sheet with `foundry-tui rate RUN --export FILE`, and fill in the scores."
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise RatingError(f"{path} is too large for a sheet.", hint)
        text = path.read_text("utf-8-sig")
        rows = _rows(text, path.suffix.lower())
    except OSError as error:
        raise RatingError(f"{path} cannot be read: {error.strerror}.", hint) from error
    except (ValueError, csv.Error, KeyError, TypeError, AttributeError) as error:
        raise RatingError(f"{path} is no sheet: {error}", hint) from error
    named = {(str(row.get("run", "")), str(row.get("rater", ""))) for row in rows}
    if len(named) != 1:
        raise RatingError(f"{path} names {len(named)} runs or raters; it must be one.", hint)
    ((run_id, rater),) = named
    return run_id, rater, rows


def _rows(text: str, suffix: str) -> list[dict[str, Any]]:
    if suffix == ".json":
        return [dict(row) for row in json.loads(text)["answers"]]
    # Spreadsheets of many countries write semicolons.
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    return [dict(row) for row in csv.DictReader(io.StringIO(text), delimiter=delimiter)]


def ratings_of(
    rows: Iterable[Mapping[str, Any]], sheets: Sequence[BlindSheet]
) -> tuple[Rating, ...]:
    """Return what a filled sheet says; prompts that it leaves out or leaves empty are skipped.

    Raises:
        RatingError: A row does not belong to these sheets, or a score is none.
    """
    by_prompt: dict[int, dict[str, Mapping[str, Any]]] = {}
    for number, row in enumerate(rows, start=1):
        try:
            index = int(str(row.get("prompt_number", ""))) - 1
        except ValueError:
            raise RatingError(
                f"Answer {number} of the sheet has no prompt_number.", "Leave that column alone."
            ) from None
        by_prompt.setdefault(index, {})[str(row.get("answer", "")).strip().upper()] = row
    if stray := set(by_prompt) - {sheet.prompt_index for sheet in sheets}:
        raise RatingError(
            f"The sheet rates prompt {min(stray) + 1}, which this run does not have.",
            "Is it the sheet of another run?",
        )
    return tuple(_rating(sheet, by_prompt.get(sheet.prompt_index, {})) for sheet in sheets)


def _rating(sheet: BlindSheet, rows: Mapping[str, Mapping[str, Any]]) -> Rating:
    place = f"Prompt {sheet.prompt_index + 1}"
    verdicts = {str(row.get("verdict") or "").strip().lower() for row in rows.values()}
    if unknown := verdicts - set(_VERDICTS):
        raise RatingError(
            f"{place}: '{min(unknown)}' is no verdict.", "It may be 'tie', 'skip' or empty."
        )
    if "skip" in verdicts:
        return Rating(sheet.prompt_index, "skip")
    scores = {}
    for letter, target in zip(sheet.letters, sheet.targets, strict=True):
        if (found := _scores(rows.get(letter, {}), f"{place}, answer {letter}")) is not None:
            scores[target] = found
    if "tie" in verdicts:
        equal = len(scores) == len(sheet.targets) and len(set(scores.values())) == 1
        return Rating(sheet.prompt_index, "tie", scores if equal else {})
    if not scores:
        return Rating(sheet.prompt_index, "skip")
    if len(scores) < len(sheet.targets):
        raise RatingError(
            f"{place}: only {len(scores)} of {len(sheet.targets)} answers have scores.",
            "Score all answers to a prompt, or write 'skip' beside it.",
        )
    return Rating(sheet.prompt_index, "scores", scores)


def _scores(row: Mapping[str, Any], place: str) -> Scores | None:
    texts = [str(row.get(name) if row.get(name) is not None else "").strip() for name in CRITERIA]
    if not any(texts):
        return None
    values = []
    for name, text in zip(CRITERIA, texts, strict=True):
        # A spreadsheet may have made '4.0' of it.
        digits = text.removesuffix(".0")
        if not digits.isdecimal() or not LOWEST <= int(digits) <= HIGHEST:
            raise RatingError(f"{place}: {name} is '{text[:20]}'.", f"Write {LOWEST} to {HIGHEST}.")
        values.append(int(digits))
    first, second, third = values
    return (first, second, third)
