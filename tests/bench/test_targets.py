"""What can be compared with what."""

from __future__ import annotations

import pytest

from tui.bench.plan import BenchPlan, PlanError
from tui.bench.targets import Target, labelled, parse_target, short_name


def test_a_target_is_written_on_one_line() -> None:
    target = parse_target("phi-4-mini, temperature=0.5,max-tokens=9,endpoint=box,label=hot one")
    assert target == Target("phi-4-mini", "hot one", "box", temperature=0.5, max_tokens=9)
    assert target.settings == {"temperature": 0.5, "max_tokens": 9}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no model"),
        ("a,temprature=1", "no setting of a target"),
        ("a,seed=x", "'seed' must be a whole number"),
        ("a,temperature=3", "from 0 to 2"),
        ("a,top-p=nan", "must be a number"),
        ("a,max-tokens=0", "from 1"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(text: str, words: str) -> None:
    with pytest.raises(PlanError, match=words) as caught:
        parse_target(text)
    assert caught.value.hint


def test_one_model_at_two_settings_gets_two_labels() -> None:
    targets = labelled(
        [
            Target("a:1"),
            Target("a:1", temperature=1.0),
            Target("a:1", endpoint="box"),
            Target("b:1"),
        ]
    )
    assert [one.label for one in targets] == ["a:1", "a:1 temperature=1", "a:1 @box", "b:1"]
    assert BenchPlan(targets).labels == tuple(one.label for one in targets)


def test_nothing_tells_equal_targets_apart() -> None:
    with pytest.raises(PlanError, match="named twice"):
        BenchPlan(labelled([Target("a:1"), Target("a:1")]))


def test_values_from_a_file_are_checked() -> None:
    assert Target.from_value("a:1") == Target("a:1")
    target = Target("a:1", "hot", temperature=0.5)
    assert Target.from_value(target.as_dict()) == target
    with pytest.raises(PlanError, match="no setting 'temp'") as caught:
        Target.from_value({"variant_id": "a:1", "temp": 1})
    assert "temperature" in caught.value.hint


def test_short_names_leave_version_and_device_out() -> None:
    assert short_name("demo-small-generic-cpu:1") == "demo-small"
    assert short_name("demo-small-generic-cpu:1 temperature=1") == "demo-small temperature=1"
    assert short_name("my own label") == "my own label"
