"""The lines that a run prints, one by one."""

from __future__ import annotations

import pytest

from tests.foundry.commands.samples import sample
from tui.foundry.commands.narration import LineKind, read_line
from tui.foundry.commands.printed import lines_of


def kinds(name: str) -> list[LineKind]:
    lines = map(read_line, lines_of(sample(name)))
    return [line.kind for line in lines if line.kind != "blank"]


def test_a_whole_run_is_understood() -> None:
    assert kinds("service-0.8-model_run.txt") == [
        "download", "progress", "progress", "progress", "notice", "loading", "load_time", "loaded",
        "chat", "chat", "chat", "chat", "chat", "chat",
        "performance", "performance", "performance", "performance", "performance", "performance",
        "performance",
    ]  # fmt: skip


def test_a_bar_tells_share_rate_and_time_left() -> None:
    line = read_line(
        "[##################                  ]  50.25 % [Time remaining: about 90s]   12.5 MB/s"
    )
    assert line.progress is not None
    assert line.progress.fraction == pytest.approx(0.5025)
    assert line.rate_bytes_s == 12.5 * 1024**2
    assert line.left_s == 90
    bare = read_line("[####################################] 100.00 % [Time remaining: about 2m]")
    assert (bare.rate_bytes_s, bare.left_s) == (None, 120)


def test_a_failure_glued_to_a_bar_or_a_spinner_is_one() -> None:
    assert kinds("service-0.3-download_failure.txt") == ["error", "error"]
    first = read_line(
        "[####          ] 40.15% [Time remaining < 8m]  7.8 MB/sFailed: Downloading x"
    )
    assert (first.kind, first.text) == ("error", "Failed: Downloading x")
    glued = read_line("🕛 Loading model... [12:31:04 ERR] Failed loading model:x:3")
    assert (glued.kind, glued.text) == ("error", "Failed loading model:x:3")


def test_load_time_and_figures_have_units() -> None:
    assert read_line("Time cost to load model: 00:01:05.5000000").value == 65.5
    first_token = read_line("Time to First Token: 1436 ms")
    assert (first_token.name, first_token.value) == ("Time to First Token", 1.436)
    assert read_line("Total Tokens/Second: 13.25").value == 13.25


@pytest.mark.parametrize(
    ("text", "kind", "subject"),
    [
        ("Model x:3 was found in the local cache.", "present", "x:3"),
        ("🟢 Model x loaded successfully", "loaded", "x"),
        ("🕕 Downloading QNNExecutionProvider [1/1]...", "provider", "QNNExecutionProvider"),
        ("CUDAExecutionProvider   ━━━━━━━━━━━━━━━━━━━━ 100%", "provider", "CUDAExecutionProvider"),
        ("x-cuda-gpu:3 ━━━━━━━━━━━━━━━━━━━━  42% ⠋", "progress", "x-cuda-gpu:3"),
        ("● error: made up", "error", ""),
        ("Exception: made up", "error", ""),
        ("[10:50:17 ERR] Failed to process model #0 on page 1.", "log", ""),
        ("🔴 Service is stopped.", "service", ""),
        ("------------------", "blank", ""),
        ("■ Starting Foundry Local server", "notice", ""),
        ("nobody has seen this before", "other", ""),
    ],
)  # fmt: skip
def test_single_lines(text: str, kind: LineKind, subject: str) -> None:
    line = read_line(text)
    assert (line.kind, line.subject) == (kind, subject)
