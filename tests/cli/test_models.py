from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import BIG, LARGE, SMALL, ScriptedBackend
from tui.foundry.errors import BackendUnavailable, ContextExceeded
from tui.foundry.types import Capability, Model, Variant

Run = Callable[..., Ran]


def test_the_list_shows_every_variant_with_its_state(run: Run, backend: ScriptedBackend) -> None:
    backend.mark(SMALL, loaded=True)
    ran = run("models")
    assert ran.code == 0
    lines = {line.split()[1]: line for line in ran.out.splitlines()}
    assert lines[SMALL].endswith("loaded, demo")
    assert lines[LARGE].endswith("cached, demo")
    assert "5.0 GB" in lines[BIG]
    assert ran.err == ""
    assert backend.closed == 1


def test_the_list_as_json(run: Run) -> None:
    values = run("models", "list", "--json").json
    assert values["schema"] == 1
    assert values["backend"]["kind"] == "runtime"
    small, _, big = values["models"]
    assert (small["alias"], small["demo"], small["task"]) == ("demo-small", True, "chat")
    (variant,) = small["variants"]
    assert variant["id"] == SMALL
    assert variant["size_bytes"] == 2 * 1024 * 1024
    assert variant["context_tokens"] == 1024
    assert (variant["cached"], variant["loaded"]) == (True, False)
    assert set(variant["fit"]) >= {"verdict", "need_bytes", "available_bytes", "source"}
    assert [variant["cached"] for variant in big["variants"]] == [False, False]


def test_json_may_be_asked_for_before_the_verb(run: Run) -> None:
    assert run("--json", "models").json["models"]


def test_info_tells_about_one_model(run: Run) -> None:
    ran = run("models", "info", "PHI-4-mini")
    assert ran.code == 0
    assert "Microsoft" in ran.out
    assert "phi-4-mini-gpu:5" in ran.out
    assert run("models", "info", "phi-4-mini", "--json").json["model"]["license"] == "MIT"


def test_an_unknown_model_is_not_found_with_a_hint(run: Run) -> None:
    ran = run("models", "info", "demo-smal")
    assert ran.code == 4
    assert ran.out == ""
    assert ran.err.startswith("error: No model 'demo-smal'")
    assert "hint: Did you mean demo-small" in ran.err


def test_errors_as_json(run: Run) -> None:
    ran = run("models", "info", "nothing", "--json")
    assert ran.code == 4
    assert ran.out == ""
    assert ran.error["code"] == "not_found"
    assert set(ran.error) == {"code", "message", "hint"}


def test_a_backend_that_fails_gives_its_exit_code(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("models", BackendUnavailable("It is gone.", "Start it again.\nOr another."))
    ran = run("models")
    assert ran.code == 3
    assert ran.err == "error: It is gone.\nhint: Start it again.\n      Or another.\n"
    assert backend.closed == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_a_backend_that_fails_later_leaves_the_list_that_it_gave(
    run: Run, backend: ScriptedBackend, as_json: bool
) -> None:
    assert run("models").code == 0
    backend.fail("models", BackendUnavailable("It is gone.", "Start it again."), always=True)
    ran = run("models", *(["--json"] if as_json else []))
    assert ran.code == 3
    if as_json:
        assert ran.json["stale"]["reason"] == "It is gone."
        assert ran.json["stale"]["saved_at"][:2] == "20"
        assert len(ran.json["models"]) == 3
    else:
        assert "This is the catalog as it was now. It is gone. Start it again." in ran.err
        assert "demo-small" in ran.out
    assert run("models", "info", "demo-small").code == 3


def test_a_server_that_loads_by_itself_is_not_judged(run: Run, backend: ScriptedBackend) -> None:
    backend.info.unavailable[Capability.LOAD] = "It loads by itself."
    values = run("models", "--json").json
    assert {v["fit"] for m in values["models"] for v in m["variants"]} == {None}
    assert values["backend"]["unavailable"] == {"load": "It loads by itself."}


def test_names_from_outside_cannot_steer_the_terminal(run: Run, backend: ScriptedBackend) -> None:
    name = "evil\x1b[31m\x07"
    backend._models.append(Model(name, (Variant(name, name, cached=True),)))
    ran = run("models")
    assert "evil" in ran.out
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out


def test_no_models_at_all(run: Run, backend: ScriptedBackend) -> None:
    backend._models.clear()
    backend.change("a server", kind="endpoint")
    ran = run("models")
    assert (ran.code, "No models here" in ran.out) == (0, True)


@pytest.mark.parametrize("terminal", [True, False])
def test_the_backend_is_named_to_people_only(run: Run, terminal: bool) -> None:
    ran = run("models", terminal=terminal)
    assert ("Backend: runtime (scripted for a test)" in ran.err) is terminal


def test_without_a_catalog_the_snapshot_is_listed_and_nothing_of_it_is_run(
    run: Run, backend: ScriptedBackend
) -> None:
    backend._models = [model for model in backend._models if model.demo]
    ran = run("models")
    assert "offline, as of 2026-09" in ran.out
    assert "getting it needs a network" in run("models", "info", "gpt-oss-20b").out
    values = run("models", "--json").json
    assert [one["as_of"] for one in values["models"]][:3] == [None, None, "2026-09"]
    refused = run("run", "gpt-oss-20b", "--once")
    assert refused.code == 4
    assert "cannot be reached now" in refused.err


def test_the_list_takes_the_words_and_filters_of_the_search(run: Run) -> None:
    values = run("models", "list", "phi", "device:gpu", "--json").json
    assert [[one["id"] for one in model["variants"]] for model in values["models"]] == [
        ["phi-4-mini-gpu:5"]
    ]
    ordered = run("models", "list", "--sort", "size", "--reverse", "--json").json
    assert [model["alias"] for model in ordered["models"]] == [
        "phi-4-mini", "demo-large", "demo-small",
    ]  # fmt: skip
    assert run("models", "list", "nothing-like-it").out == "Nothing matches 'nothing-like-it'.\n"


def test_a_longer_context_needs_more(run: Run) -> None:
    needs = []
    for tokens in ("1024", "32768"):
        (model,) = run("models", "list", "phi", "--context", tokens, "--json").json["models"]
        needs.append(model["variants"][0]["fit"]["need_bytes"])
    assert needs[1] > needs[0] * 1.1


def test_what_a_load_took_replaces_the_estimate_in_the_next_command(
    run: Run, backend: ScriptedBackend
) -> None:
    backend.resident_bytes[SMALL] = 77 * 1000**2
    (before,) = run("models", "list", "demo-small", "--json").json["models"]
    assert before["variants"][0]["fit"]["source"] == "bound"
    assert [part["label"] for part in before["variants"][0]["fit"]["parts"]] == [
        "weights", "KV at 1,024", "overhead",
    ]  # fmt: skip
    assert run("run", "demo-small", "--once").code == 0
    backend.mark(SMALL, loaded=False)
    (after,) = run("models", "list", "demo-small", "--json").json["models"]
    fit = after["variants"][0]["fit"]
    assert (fit["source"], fit["need_bytes"] >= 77 * 1000**2) == ("measured", True)
    assert fit["measured_at"][:2] == "20"
    assert "measured here on" in run("models", "info", "demo-small").out


@pytest.mark.parametrize("verb", ["load", "chat", "bench"])
def test_every_command_that_loads_keeps_what_it_took(
    run: Run, backend: ScriptedBackend, verb: str
) -> None:
    backend.change("a service", kind="foundry")
    arguments = {
        "load": ("load", "demo-small"),
        "chat": ("chat", "demo-small", "Hello"),
        "bench": ("bench", "--models", "demo-small,demo-large", "--rounds", "1"),
    }[verb]
    assert run(*arguments).code == 0
    backend.mark(SMALL, loaded=False)
    (model,) = run("models", "list", "demo-small", "--json").json["models"]
    assert model["variants"][0]["fit"]["source"] == "measured"


def test_info_tells_the_sum_where_it_runs_and_who_says_so(
    run: Run, backend: ScriptedBackend
) -> None:
    backend.change("a service", providers=("CPUExecutionProvider",))
    text = run("models", "info", "phi-4-mini").out
    for line in ("KV at 4,096", "32 layers, 8 x 128, microsoft/Phi-4-mini-instruct", "in total",
                 "to fetch, of", "advertised: 128 k (catalog)"):  # fmt: skip
        assert line in text
    gpu = run("models", "info", "phi-4-mini-gpu:5", "--json").json
    assert gpu["variant"]["asks_for"] == "WebGPU"
    assert gpu["variant"]["provider_registered"] is False
    assert "WebGPU, which is not registered here" in gpu["variant"]["warning"]
    assert gpu["backend"]["providers"] == ["CPUExecutionProvider"]
    backend.mark("phi-4-mini-gpu:5", cached=True, loaded=True)
    assert "FELL BACK TO THE CPU" in run("models", "info", "phi-4-mini-gpu:5").out


def test_a_probe_finds_the_context_and_it_is_kept(run: Run, backend: ScriptedBackend) -> None:
    refused = ContextExceeded("The request needs too much.", "Shorten it.", 900)
    backend.fail("chat", refused)
    ran = run("models", "probe", "demo-small")
    assert ran.code == 0
    assert "takes 900 tokens: the server names its limit" in ran.out
    assert "Advertised: 1,024 (catalog)." in ran.out
    assert f"load {SMALL}" in backend.calls
    values = run("models", "info", "demo-small", "--json").json["variant"]
    assert (values["usable_tokens"], values["advertised_tokens"]) == (900, 1024)
    assert "usable: 900 (probed" in run("models", "info", "demo-small").out


def test_models_side_by_side(run: Run) -> None:
    ran = run("models", "compare", "demo-small", "demo-large")
    assert ran.code == 0
    assert "* 2.1 MB" in ran.out
    values = run("models", "compare", "demo-small", "demo-large", "--json").json
    assert [one["alias"] for one in values["variants"]] == ["demo-small", "demo-large"]
    assert "Size" in values["differs"]
    assert "Licence" not in values["differs"]
    assert run("models", "compare", "demo-small").code == 2


def test_memory_alone_does_not_make_a_variant_run(run: Run, backend: ScriptedBackend) -> None:
    backend.change("", providers=("CPUExecutionProvider",))
    (line,) = [line for line in run("models").out.splitlines() if "phi-4-mini-gpu" in line]
    assert "no WebGPU" in line
    values = run("models", "info", "phi-4-mini", "--json").json["model"]
    missing = {one["device"]: one["fit"]["provider_missing"] for one in values["variants"]}
    assert missing == {"CPU": None, "GPU": "WebGPU"}


def test_a_server_that_cannot_download_says_so_of_what_it_serves(
    run: Run, backend: ScriptedBackend
) -> None:
    backend.info.unavailable[Capability.DOWNLOAD] = "It has what it has."
    ran = run("download", SMALL)
    assert (ran.code, ran.out) == (1, "")
    assert "It has what it has." in ran.err
