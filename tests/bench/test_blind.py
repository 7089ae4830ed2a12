"""Blind rating: nothing tells whose answer it is, nothing is lost, scores reach their targets."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bench_runs import kept_run
from tests.support.scripted_backend import LARGE, SMALL
from tui.bench.blind import BlindSession, BlindSheet, RatingError, blind_sheets
from tui.bench.measured import latest_measured, measured_by_entry
from tui.bench.rating_sheet import export_sheet, ratings_of, read_sheet
from tui.bench.rating_summary import sum_up
from tui.bench.ratings import RaterProgress, Rating, RatingBook
from tui.bench.recorder import Recorder
from tui.bench.summary import Summary
from tui.database import Database
from tui.paths import Paths

NOBODY = RaterProgress("anna", 7, None)


@pytest.fixture
def database(paths: Paths) -> Database:
    return Database(paths.database)


@pytest.fixture
def summary(database: Database) -> Summary:
    return kept_run(Recorder(database), answer=lambda target, prompt: f"{target[5]} {prompt}")


@pytest.fixture
def book(database: Database) -> RatingBook:
    return RatingBook(database)


def session(summary: Summary, progress: RaterProgress = NOBODY) -> BlindSession:
    return BlindSession(blind_sheets(summary, progress.rater, progress.seed), progress)


def test_the_order_is_drawn_anew_for_each_prompt_and_rater_and_is_repeatable(
    database: Database,
) -> None:
    summary = kept_run(Recorder(database), prompts=40, rounds=1)
    sheets = blind_sheets(summary, "anna", 7)
    first = Counter(sheet.targets[0] for sheet in sheets)
    assert min(first.values()) >= 8
    assert blind_sheets(summary, "anna", 7) == sheets
    others = blind_sheets(summary, "bert", 7)
    assert [one.targets for one in others] != [one.targets for one in sheets]


def test_a_model_that_names_itself_is_masked(database: Database) -> None:
    summary = kept_run(
        Recorder(database),
        answer=lambda target, _: f"I am {target.partition(':')[0].upper()}, or Demo-Small.",
    )
    texts = {text for sheet in blind_sheets(summary, "anna", 1) for text in sheet.answers}
    assert texts == {"I am [model], or [model]."}


def test_prompts_with_one_answer_are_left_out(database: Database) -> None:
    summary = kept_run(
        Recorder(database), failed=lambda target, prompt: target == LARGE and prompt != 2
    )
    assert [sheet.prompt_index for sheet in blind_sheets(summary, "anna", 1)] == [2]
    nothing = kept_run(Recorder(database), "aa", failed=lambda target, _: target == LARGE)
    with pytest.raises(RatingError, match="nothing to rate"):
        blind_sheets(nothing, "anna", 1)


def test_scores_go_to_whose_answer_it_is(summary: Summary) -> None:
    rating = session(summary)
    sheet = rating.sheet
    assert sheet is not None
    found = [rating.score(value) for value in (5, 4, 3, 1, 2, 2)]
    assert found[:-1] == [None] * 5
    assert found[-1] is not None
    assert found[-1].scores == {sheet.targets[0]: (5, 4, 3), sheet.targets[1]: (1, 2, 2)}
    assert rating.rated == 1
    assert rating.place == 2


def test_a_score_may_be_given_anywhere_and_the_cursor_finds_the_gap(summary: Summary) -> None:
    rating = session(summary)
    rating.move(1, 2)
    assert rating.score(9) is None
    assert rating.score(5) is None
    assert rating.cursor == (0, 0)
    rating.move(-5, 0)
    for value in (1, 1, 1, 2):
        assert rating.score(value) is None
    assert rating.cursor == (1, 1)
    done = rating.score(2)
    assert done is not None
    assert sorted(done.scores.values()) == [(1, 1, 1), (2, 2, 5)]


def test_a_tie_gives_all_what_one_was_given(summary: Summary) -> None:
    rating = session(summary)
    for value in (4, 4, 5):
        rating.score(value)
    tie = rating.tie()
    assert tie is not None
    assert dict(tie.scores) == {SMALL: (4, 4, 5), LARGE: (4, 4, 5)}
    bare = rating.tie()
    assert bare is not None
    assert (bare.kind, dict(bare.scores)) == ("tie", {})


def test_undo_takes_back_scores_one_by_one_and_then_the_sheet_before(summary: Summary) -> None:
    rating = session(summary)
    for value in (5, 4, 3, 1, 2, 2, 1):
        rating.score(value)
    assert rating.undo() is None
    assert rating.marks == {}
    assert rating.undo() == 0
    assert rating.place == 1
    assert rating.marks[0, 0] == 5
    assert rating.cursor == (1, 2)
    again = rating.score(5)
    assert again is not None
    assert list(again.scores.values())[1] == (1, 2, 5)
    assert session(summary).undo() is None


def test_the_end_is_reached_by_rating_or_by_skipping_the_rest(summary: Summary) -> None:
    rating = session(summary)
    rating.tie()
    assert {one.kind for one in rating.skip_rest()} == {"skip"}
    assert rating.sheet is None
    assert rating.score(3) is rating.tie() is rating.skip() is None
    assert rating.undo() == 5
    assert rating.place == 6


def test_one_goes_on_where_one_stopped(summary: Summary, book: RatingBook) -> None:
    progress = book.open(summary.run_id, "anna", 7)
    first = session(summary, progress)
    for done in (first.tie(), first.skip()):
        assert done is not None
        book.put(summary.run_id, "anna", done)
    again = book.open(summary.run_id, "anna", 99)
    assert again.seed == 7
    later = session(summary, again)
    assert later.sheets == first.sheets
    assert later.place == 3
    assert later.undo() == 1
    book.take_back(summary.run_id, "anna", 1)
    assert [one.kind for one in book.raters(summary.run_id)[0].ratings] == ["tie"]


def give(book: RatingBook, summary: Summary, rater: str, better: int = 1) -> None:
    """Let `rater` find the small model `better` points better, and finish."""
    rating = session(summary, book.open(summary.run_id, rater, 7))
    while sheet := rating.sheet:
        scores = {
            target: (3 + better, 3 + better, 3) if target == SMALL else (3, 3, 3)
            for target in sheet.targets
        }
        done = rating.score_all([scores[target] for target in sheet.targets])
        assert done is not None
        book.put(summary.run_id, rater, done)
    book.finish(summary.run_id, rater)


def test_ratings_come_to_means_a_verdict_and_a_ranking(summary: Summary, book: RatingBook) -> None:
    give(book, summary, "anna")
    give(book, summary, "bert", 2)
    found = sum_up(summary, book.raters(summary.run_id))
    small, large = found.targets
    assert small.means["fluency"] == pytest.approx(4.5)
    assert small.mean == pytest.approx(4)
    assert large.mean == 3
    (pair,) = found.pairs
    assert pair.verdict.kind == "better"
    assert pair.verdict.mean == pytest.approx(1)
    assert "demo-small is rated 1.00 points better than demo-large" in pair.text
    assert small.strength is not None
    assert small.strength.win_share > 0.9
    assert found.agreement["fluency"].units == 12
    values = json.loads(json.dumps(found.as_dict()))
    assert values["targets"][0]["rating_mean"] == pytest.approx(4)


def test_who_has_not_finished_does_not_count(summary: Summary, book: RatingBook) -> None:
    rating = session(summary, book.open(summary.run_id, "anna", 7))
    done = rating.score_all([(5, 5, 5), (1, 1, 1)])
    assert done is not None
    book.put(summary.run_id, "anna", done)
    found = sum_up(summary, book.raters(summary.run_id))
    assert found.pairs == ()
    assert [one.mean for one in found.targets] == [None, None]
    assert book.means() == ()


def test_the_mean_rating_is_part_of_what_was_measured(
    summary: Summary, book: RatingBook, database: Database
) -> None:
    give(book, summary, "anna")
    newer = kept_run(Recorder(database), "bbbbbbbbbbbb")
    measured = latest_measured(database, [SMALL])[SMALL]
    assert measured.run_id == newer.run_id
    assert measured.rating == pytest.approx(11 / 3)
    assert measured_by_entry(database, ["demo-large"])["demo-large"].rating == 3
    give(book, newer, "anna", better=0)
    assert latest_measured(database, [SMALL])[SMALL].rating == 3


def filled(path: Path, scores: dict[str, str]) -> None:
    """Fill a CSV sheet: for each answer's text a line `fluency relevance accuracy verdict`."""
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    for row in rows:
        names = ("fluency", "relevance", "accuracy", "verdict")
        row.update(zip(names, [*scores.get(row["text"], "").split(), *[""] * 4][:4], strict=True))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def test_a_sheet_goes_to_a_colleague_and_comes_back(summary: Summary, tmp_path: Path) -> None:
    sheets = blind_sheets(summary, "anna", 7)
    path = tmp_path / "sheet.csv"
    export_sheet(sheets, summary.run_id, "anna", path)
    assert "demo" not in path.read_text("utf-8")
    filled(path, {"s 0": "5 4 3", "l 0": "2 2.0 2", "s 1": "4 4 4 tie", "l 1": "1 1 1",
                  "s 2": "5 5 5 skip"})  # fmt: skip
    run_id, rater, rows = read_sheet(path)
    assert (run_id, rater) == (summary.run_id, "anna")
    found = ratings_of(rows, sheets)
    assert found[0] == Rating(0, "scores", {SMALL: (5, 4, 3), LARGE: (2, 2, 2)})
    assert found[1] == Rating(1, "tie")
    assert {one.kind for one in found[2:]} == {"skip"}


def test_a_sheet_as_json(summary: Summary, tmp_path: Path) -> None:
    sheets = blind_sheets(summary, "anna", 7)
    path = tmp_path / "sheet.json"
    export_sheet(sheets, summary.run_id, "anna", path)
    values = json.loads(path.read_text("utf-8"))
    for row in values["answers"]:
        row |= {"fluency": 4, "relevance": 4, "accuracy": 4 if row["text"][0] == "s" else 1}
    path.write_text(json.dumps(values), "utf-8")
    _, _, rows = read_sheet(path)
    assert all(one.scores[SMALL][2] > one.scores[LARGE][2] for one in ratings_of(rows, sheets))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"s 0": "6 1 1", "l 0": "1 1 1"}, "Prompt 1, answer .: fluency is '6'"),
        ({"s 0": "5 1 1"}, "Prompt 1: only 1 of 2 answers have scores"),
        ({"s 0": "5 1 1 equal", "l 0": "1 1 1"}, "Prompt 1: 'equal' is no verdict"),
    ],
)
def test_a_sheet_that_says_nothing_sensible_is_refused(
    summary: Summary, tmp_path: Path, scores: dict[str, str], message: str
) -> None:
    sheets = blind_sheets(summary, "anna", 7)
    path = tmp_path / "sheet.csv"
    export_sheet(sheets, summary.run_id, "anna", path)
    filled(path, scores)
    with pytest.raises(RatingError, match=message) as caught:
        ratings_of(read_sheet(path)[2], sheets)
    assert caught.value.hint


@given(st.text(max_size=200), st.sampled_from(["csv", "json"]))
def test_any_file_is_a_sheet_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_text(text, "utf-8")
    sheets = (BlindSheet(0, "?", ("a", "b"), (SMALL, LARGE)),)
    with suppress(RatingError):
        assert len(ratings_of(read_sheet(path)[2], sheets)) == 1
