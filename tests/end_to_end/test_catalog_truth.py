"""What is found out about a model on the real runtime, and said from then on."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def told(environment: dict[str, str], *arguments: str) -> Any:
    """Run a command to its end; returns what it prints with `--json`."""
    ran = subprocess.run(
        [sys.executable, "-m", "tui", *arguments, "--json"],
        env=environment,
        cwd=environment["PWD"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(ran.stdout)


def test_a_probe_and_a_load_replace_what_was_advertised_and_estimated(
    environment: dict[str, str],
) -> None:
    before = told(environment, "models", "info", "demo-small")
    (variant,) = before["model"]["variants"]
    assert variant["fit"]["source"] == "genai_config"
    assert before["backend"]["providers"] == ["CPUExecutionProvider"]
    assert before["variant"]["usable_tokens"] is None

    probed = told(environment, "models", "probe", "demo-small")
    assert (probed["usable_tokens"], probed["exact"]) == (4096, True)
    assert probed["how"] == "the server names its limit"

    after = told(environment, "models", "info", "demo-small")
    (variant,) = after["model"]["variants"]
    assert variant["fit"]["source"] == "measured"
    assert variant["fit"]["parts"][0]["label"] == "at load"
    assert after["variant"]["usable_tokens"] == 4096
    assert after["variant"]["provider_registered"] is True
