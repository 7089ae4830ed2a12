from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import SMALL, ScriptedAnswer, ScriptedBackend
from tui.foundry.errors import LoadFailed, StreamBroken
from tui.foundry.types import ChatMessage

Run = Callable[..., Ran]


def test_the_answer_is_printed_and_nothing_else(run: Run, backend: ScriptedBackend) -> None:
    backend.say("Hello from the script.")
    ran = run("chat", "demo-small", "Hi")
    assert (ran.code, ran.out, ran.err) == (0, "Hello from the script.\n", "")
    assert backend.calls == ["models", f"load {SMALL}", f"chat {SMALL}"]
    assert backend.closed == 1


def test_figures_go_to_people(run: Run) -> None:
    ran = run("chat", "demo-small", "Hi", terminal=True)
    assert "TTFT 50 ms · 100 tok/s · 5 tokens · 10 ms each · stopped by itself" in ran.err
    assert ran.out == "Hello from the script.\n"


def test_the_answer_as_json(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("a", "b", "c"), reasoning=("hm",), finish_reason="length"))
    values = run("chat", "demo-small", "Hi", "--json").json
    assert values["text"] == "abc"
    assert values["reasoning"] == "hm"
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
    assert "~5 tokens" in run("chat", "demo-small", "Hi", terminal=True).err


def test_parameters_and_settings_reach_the_model(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[chat]\ntemperature = 0.5\nmax_tokens = 9\nsystem_prompt = "Be brief."\n')
    run("chat", "demo-small", "Hi", "--config", str(file))
    run("chat", "demo-small", "Hi", "--config", str(file), "--temperature", "0",
        "--max-tokens", "3", "--system", "Rhyme.", "--seed", "7")  # fmt: skip
    first, second = backend.requests
    assert first.messages == (ChatMessage("system", "Be brief."), ChatMessage("user", "Hi"))
    assert (first.temperature, first.max_tokens, first.seed) == (0.5, 9, None)
    assert second.messages[0].content == "Rhyme."
    assert (second.temperature, second.max_tokens, second.seed) == (0.0, 3, 7)


@pytest.mark.parametrize("prompt", [(), ("-",)])
def test_the_prompt_may_come_on_standard_input(
    run: Run, backend: ScriptedBackend, prompt: tuple[str, ...]
) -> None:
    assert run("chat", "demo-small", *prompt, stdin="two\nlines").code == 0
    assert backend.requests[0].messages[-1].content == "two\nlines"


def test_an_empty_prompt_is_wrong_usage(run: Run, backend: ScriptedBackend) -> None:
    assert run("chat", "demo-small", stdin=" \n").code == 2
    assert run("chat", "demo-small", "Hi", "--temperature", "3").code == 2
    assert not backend.calls


def test_an_answer_cannot_steer_the_terminal(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("a\x1b]0;title\x07", "b\x1b[2J\r\n", "[red]c[/red]")))
    assert run("chat", "demo-small", "Hi").out == "ab\n[red]c[/red]\n"


def test_what_arrived_before_a_failure_is_kept(run: Run, backend: ScriptedBackend) -> None:
    backend.say(ScriptedAnswer(deltas=("half",), error=StreamBroken("It broke.", "Try again.")))
    ran = run("chat", "demo-small", "Hi")
    assert (ran.code, ran.out) == (1, "half\n")
    assert ran.err == "error: It broke.\nhint: Try again.\n"


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
