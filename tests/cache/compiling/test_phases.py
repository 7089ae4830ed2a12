"""What the builder prints, read as phases."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.support.builder_stand_in import LINES
from tui.cache.compiling.phases import PHASES, PhaseReader, is_noise


def test_the_phases_of_a_real_run_follow_each_other() -> None:
    reader = PhaseReader(2)
    seen: list[str] = []
    fractions: list[float] = []
    for line in re.split(r"[\r\n]+", LINES):
        reader.read(line)
        if not seen or seen[-1] != reader.stage.message:
            seen.append(reader.stage.message)
        fractions.append(reader.stage.fraction)
    assert seen == [
        "starting", "loading", "converting", "converting layer 1 of 2", "converting layer 2 of 2",
        "converting", "quantising layer 1 of 2", "quantising", "saving", "tokenizer",
    ]  # fmt: skip
    assert fractions == sorted(fractions)
    assert 0.9 < fractions[-1] <= 1


def test_a_download_shows_its_file_and_never_goes_back() -> None:
    reader = PhaseReader()
    assert reader.read("model-00001-of-00002.safetensors:  50%|#####     | 2.5G/5.0G [01:00<01:00]")
    assert reader.stage.message == "downloading model-00001-of-00002.safetensors"
    before = reader.stage.fraction
    reader.read("model-00002-of-00002.safetensors:   1%|          | 0.1G/5.0G")
    assert reader.stage.fraction == before > 0.1
    reader.read("Reading layer 7")
    assert reader.stage.message == "converting layer 8"


def test_noise_is_told_from_news() -> None:
    noise = [line for line in LINES.splitlines() if is_noise(line)]
    assert len(noise) == 2
    assert not is_noise("Reading layer 1")


@given(st.lists(st.text(max_size=80), max_size=20))
def test_any_text_leaves_it_sound(lines: list[str]) -> None:
    reader = PhaseReader(3)
    for line in lines:
        reader.read(line)
    assert reader.stage.phase in PHASES
    assert 0 <= reader.stage.fraction <= 1
