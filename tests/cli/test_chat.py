from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend
from tui.chat.conversation import Conversation
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.foundry.errors import LoadFailed, StreamBroken
from tui.foundry.types import ChatMessage
from tui.paths import Paths

Run = Callable[..., Ran]


def test_the_answer_is_printed_and_nothing_else(run: Run, backend: ScriptedBackend) -> None:
    backend.say("Hello from the script.")
    ran = run("chat", "demo-small", "Hi")
    assert (ran.code, ran.out, ran.err) == (0, "Hello from the script.\n", "")
    assert backend.calls == ["models", f"load {SMALL}", f"chat {SMALL}"]
    assert backend.closed == 1


def test_figures_go_to_people(run: Run) -> None:
    ran = run("chat", "demo-small", "Hi", terminal=True)
    assert "TTFT 50 ms · 100 tok/s · 7 in, 5 out · context 12 · stopped by itself" in ran.err
    assert ran.out == "Hello from the script.\n"


def test_the_answer_as_json(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("a", "b", "c"), reasoning=("hm",), finish_reason="length"))
    values = run("chat", "demo-small", "Hi", "--json").json
    assert values["text"] == "abc"
    assert values["reasoning_text"] == "hm"
    assert values["finish_reason"] == "length"
    assert values["ttft_s"] == pytest.approx(0.05)
    assert values["tpot_s"] == pytest.approx(0.01)
    assert values["decode_tok_s"] == pytest.approx(100)
    assert (values["input_tokens"], values["output_tokens"]) == (7, 4)
    assert values["tokens_estimated"] is False


def test_tokens_are_counted_where_the_server_does_not(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(output_tokens=None), ScriptedAnswer(output_tokens=None))
    values = run("chat", "demo-small", "Hi", "--json").json
    assert (values["output_tokens"], values["tokens_estimated"]) == (5, True)
    assert "7 in, ~5 out" in run("chat", "demo-small", "Hi", terminal=True).err


def test_parameters_and_settings_reach_the_model(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[chat]\ntemperature = 0.5\nmax_tokens = 9\nsystem_prompt = "Be brief."\n')
    run("chat", "demo-small", "Hi", "--config", str(file))
    run("chat", "demo-small", "Hi", "--config", str(file), "--temperature", "0",
        "--max-tokens", "3", "--system", "Rhyme.", "--seed", "7", "--top-p", "0.9",
        "--stop", "END", "--stop", "\n\n")  # fmt: skip
    first, second = backend.requests
    assert first.messages == (ChatMessage("system", "Be brief."), ChatMessage("user", "Hi"))
    assert (first.temperature, first.max_tokens, first.seed) == (0.5, 9, None)
    assert second.messages[0].content == "Rhyme."
    assert (second.temperature, second.max_tokens, second.seed) == (0.0, 3, 7)
    assert (second.top_p, second.stop) == (0.9, ("END", "\n\n"))


def test_a_preset_holds_unless_something_else_is_said(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[chat]\ntemperature = 0.5\nsystem_prompt = "Be brief."\n')
    options = ("--config", str(file), "--preset", "rhymes")
    assert run("chat", "demo-small", "Hi", *options).code == 4
    saved = run("presets", "save", "rhymes", "--temperature", "1.2", "--stop", "END", "--json")
    assert saved.json["parameters"] == {"temperature": 1.2, "stop": ["END"]}
    run("chat", "demo-small", "Hi", *options)
    run("chat", "demo-small", "Hi", *options, "--temperature", "0", "--system", "Rhyme.")
    first, second = backend.requests
    assert (first.temperature, first.stop) == (1.2, ("END",))
    assert first.messages[0].content == "Be brief."
    assert (second.temperature, second.stop) == (0.0, ("END",))
    assert second.messages[0].content == "Rhyme."


def test_presets_are_listed_and_deleted(run: Run) -> None:
    run("presets", "save", "mine", "--seed", "7")
    listed = {one["name"]: one for one in run("presets", "--json").json["presets"]}
    assert listed["mine"]["ships"] is False
    assert listed["exact"] == {"name": "exact", "ships": True, "parameters": {"temperature": 0.0}}
    assert "seed 7" in run("presets").out
    assert run("presets", "rm", "mine").code == 0
    assert run("presets", "rm", "mine").code == 4
    assert "Those that ship stay." in run("presets", "rm", "exact").err
    assert run("presets", "save", "x", "--top-p", "2").code == 2


@pytest.mark.parametrize("prompt", [(), ("-",)])
def test_the_prompt_may_come_on_standard_input(
    run: Run, backend: ScriptedBackend, prompt: tuple[str, ...]
) -> None:
    assert run("chat", "demo-small", *prompt, stdin="two\nlines").code == 0
    assert backend.requests[0].messages[-1].content == "two\nlines"


def test_an_empty_prompt_is_wrong_usage(run: Run, backend: ScriptedBackend) -> None:
    assert run("chat", "demo-small", stdin=" \n").code == 2
    assert not backend.calls


@pytest.mark.parametrize(
    "wrong",
    [
        ("X", "Hi", "--temperature", "3"),
        ("X", "Hi", "--top-p", "0"),
        ("X", "Hi", *("--stop", "x") * 5),
        ("A,B,C,D", "Hi"),
        ("--models", "A,B", "Hi", "again"),
        ("demo-small,demo-small", "Hi"),
        (),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    run: Run, backend: ScriptedBackend, wrong: tuple[str, ...]
) -> None:
    ran = run("chat", *wrong)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert not backend.requests


def test_an_answer_cannot_steer_the_terminal(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("a\x1b]0;title\x07", "b\x1b[2J\r\n", "[red]c[/red]")))
    assert run("chat", "demo-small", "Hi").out == "ab\n[red]c[/red]\n"


def test_what_arrived_before_a_failure_is_kept(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("half",), error=StreamBroken("It broke.", "Try again.")))
    ran = run("chat", "demo-small", "Hi")
    assert (ran.code, ran.out) == (1, "half\n")
    assert ran.err == "error: It broke.\nhint: Try again.\n"


def test_what_arrived_before_a_failure_is_in_the_json(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("half",), error=StreamBroken("It broke.", "Try again.")))
    ran = run("chat", "demo-small", "Hi", "--json")
    assert (ran.code, ran.json["text"], ran.json["finish_reason"]) == (1, "half", "failed")
    assert ran.error["code"] == "stream_broken"


def test_a_model_that_does_not_load(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("load", LoadFailed("Too big.", "Take a smaller one."))
    assert run("chat", "demo-small", "Hi", "--json").error["code"] == "load_failed"
    assert run("chat", "no-such", "Hi").code == 4


def test_run_once_tells_endpoint_and_cost(run: Run, backend: ScriptedBackend) -> None:
    ran = run("run", "demo-small", "--once")
    assert ran.code == 0
    assert f"{SMALL} loaded in 250 ms, 15.7 MB of memory" in ran.out
    assert "Endpoint: http://127.0.0.1:5273/v1" in ran.out
    again = run("run", "demo-small", "--once", "--json").json
    assert again["variant"] == SMALL
    assert again["base_url"] == "http://127.0.0.1:5273/v1"
    assert again["already_loaded"] is True


def test_run_downloads_what_is_missing(run: Run, backend: ScriptedBackend) -> None:
    assert run("run", "phi-4-mini", "--once").code == 0
    assert [call.split()[0] for call in backend.calls] == ["models", "download", "load"]


# The request as a command


def test_the_request_is_printed_as_curl_and_not_sent(run: Run, backend: ScriptedBackend) -> None:
    ran = run("chat", "demo-small", "It's 5 o'clock", "--curl", "--max-tokens", "64")
    assert ran.code == 0
    words = shlex.split(ran.out)
    assert words[:3] == ["curl", "-N", "http://127.0.0.1:5273/v1/chat/completions"]
    body = json.loads(words[words.index("-d") + 1])
    assert body["messages"] == [{"role": "user", "content": "It's 5 o'clock"}]
    assert (body["model"], body["max_tokens"], body["stream"]) == (SMALL, 64, True)
    assert backend.calls == ["models"]


def test_the_request_is_shown_and_sent(run: Run, backend: ScriptedBackend) -> None:
    ran = run("chat", "demo-small", "Hi", "--show-request")
    assert ran.out == "Hello from the script.\n"
    assert ran.err.startswith("curl -N http://127.0.0.1:5273/v1/chat/completions")
    assert len(backend.requests) == 1


# Several models


def test_two_models_answer_in_turn_with_their_figures(run: Run, backend: ScriptedBackend) -> None:
    backend.say("I am small.", ScriptedAnswer(deltas=("Large", "."), output_tokens=None))
    ran = run("chat", "demo-small,demo-large", "Who are you?")
    assert ran.code == 0
    answers, _, figures = ran.out.partition("\n\nMODEL")
    assert answers == f"{SMALL}:\nI am small.\n\n{LARGE}:\nLarge."
    assert re.search(rf"{SMALL} +50 ms +100 tok/s +3 +\S+ ms +stopped by itself", figures)
    assert re.search(rf"{LARGE} +50 ms +100 tok/s +~2 ", figures)
    assert "Asked one after the other, each with the machine to itself." in figures
    assert backend.calls == [
        "models", "models", f"load {SMALL}", f"chat {SMALL}", f"load {LARGE}", f"chat {LARGE}",
    ]  # fmt: skip


def test_models_side_by_side_as_json(run: Run, backend: ScriptedBackend) -> None:
    ran = run("chat", "--models", "demo-small,demo-large", "--at-once", "--json", stdin="Hi")
    values = ran.json
    assert (values["order"], values["prompt"]) == ("at_once", "Hi")
    assert [one["variant"] for one in values["answers"]] == [SMALL, LARGE]
    assert all(one["ttft_s"] == pytest.approx(0.05) for one in values["answers"])
    # Both are in memory before the first one is asked.
    assert backend.calls[2:] == [
        f"load {SMALL}", f"load {LARGE}", f"chat {SMALL}", f"chat {LARGE}",
    ]  # fmt: skip


def test_one_of_two_that_fails_leaves_the_other(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("load", LoadFailed("Too big.", "Take a smaller one."))
    ran = run("chat", "demo-small,demo-large", "Hi")
    assert ran.code == 5
    assert f"error: {SMALL}: Too big.\nhint: Take a smaller one.\n" in ran.err
    assert f"{LARGE}:\nHello from the script.\n" in ran.out
    assert re.search(rf"{SMALL} +- +- +- +- +broke off", ran.out)
    assert run("chat", "demo-small,no-such", "Hi").code == 4


# Kept, and gone on with


def kept(paths: Paths) -> list[Conversation]:
    database = Database(paths.database)
    store = ConversationStore(database)
    conversations = [store.load(one.id) for one in store.list()]
    database.close()
    return conversations


def test_nothing_is_kept_unasked(run: Run, paths: Paths) -> None:
    run("chat", "demo-small", "Hi")
    assert kept(paths) == []


def test_an_answer_is_kept_and_gone_on_with(
    run: Run, backend: ScriptedBackend, paths: Paths
) -> None:
    backend.say("First.", "Second.", "Third.", "Fourth.")
    ran = run("chat", "demo-small", "one", "--save", "--json", "--temperature", "0.5")
    (conversation,) = kept(paths)
    assert ran.json["conversation"] == conversation.id
    assert [turn.content for turn in conversation.turns] == ["one", "First."]
    assert conversation.turns[1].figures["ended"] == "stop"

    # With what was set then, by the model that answered last, by the beginning of its id.
    assert run("chat", "--resume", conversation.id[:8], "two").out == "Second.\n"
    assert backend.requests[-1].messages == (
        ChatMessage("user", "one"),
        ChatMessage("assistant", "First."),
        ChatMessage("user", "two"),
    )
    assert (backend.requests[-1].variant_id, backend.requests[-1].temperature) == (SMALL, 0.5)

    # The last one, by another model.
    ran = run("chat", "demo-large", "three", "--resume", "--temperature", "0", terminal=True)
    assert f"chat --resume {conversation.id[:8]}" in ran.err
    (conversation,) = kept(paths)
    assert [turn.content for turn in conversation.turns][2:] == [
        "two",
        "Second.",
        "three",
        "Third.",
    ]
    assert conversation.turns[-1].variant_id == LARGE
    assert backend.requests[-1].temperature == 0.0

    # What has blanks in it is no id.
    assert run("chat", "--resume", "and four?").out == "Fourth.\n"
    assert backend.requests[-1].messages[-1].content == "and four?"


def test_what_broke_off_is_kept(run: Run, backend: ScriptedBackend, paths: Paths) -> None:
    backend.say(ScriptedAnswer(deltas=("half",), error=StreamBroken("It broke.", "Try again.")))
    assert run("chat", "demo-small", "Hi", "--save").code == 1
    (conversation,) = kept(paths)
    assert conversation.turns[-1].content == "half"
    assert conversation.turns[-1].figures["ended"] == "failed"
    assert conversation.turns[-1].figures["error"] == "It broke. Try again."
    assert conversation.turns[-1].figures["device"] == "CPU"
    assert conversation.turns[-1].figures["context_tokens"] == 1024


def test_a_conversation_that_is_not_there(run: Run, backend: ScriptedBackend) -> None:
    assert run("chat", "--resume", "last", "Hi", "--json").error["code"] == "not_found"
    assert run("chat", "--resume", "abcdef", "Hi").code == 4
    assert run("chat", "A,B", "Hi", "--resume", "last").code == 2
    assert not backend.calls


def test_each_of_several_answers_is_kept(run: Run, backend: ScriptedBackend, paths: Paths) -> None:
    backend.fail("load", LoadFailed("Too big.", "Take a smaller one."))
    ran = run("chat", "demo-small,demo-large", "Hi", "--save", "--json")
    (conversation,) = kept(paths)
    first, second = ran.json["answers"]
    assert "conversation" not in first
    assert second["conversation"] == conversation.id
    assert [turn.variant_id for turn in conversation.turns] == [None, LARGE]


def test_an_answer_is_worth_having_though_it_cannot_be_kept(
    run: Run, backend: ScriptedBackend, paths: Paths
) -> None:
    paths.database.mkdir(parents=True)
    ran = run("chat", "demo-small", "Hi", "--save")
    assert (ran.code, ran.out) == (0, "Hello from the script.\n")
    assert ran.err.count("warning: Not kept: Cannot use the database") == 1
