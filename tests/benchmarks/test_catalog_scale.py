"""What a catalog of 5,000 variants costs: a list, a letter, other memory. Reports only.

Run with `pytest -m benchmark -s tests/benchmarks/test_catalog_scale.py`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.made_up_catalog import made_up_catalog
from tui.catalog.fit import MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.query import facets
from tui.catalog.rows import CatalogView
from tui.panes.catalog.cells import table_row

pytestmark = pytest.mark.benchmark
ROUNDS, GB = 9, 10**9


def test_five_thousand_variants(capsys: pytest.CaptureFixture[str]) -> None:
    models = made_up_catalog(5_000)
    inputs = FitInputs(MemoryState(32 * GB, 20 * GB), providers=("CPUExecutionProvider",))
    view = CatalogView(models)
    free = iter(range(1, 10_000))

    def other_memory(query: str) -> None:
        memory = MemoryState(32 * GB, 20 * GB - next(free) * 100_000_000)
        [table_row(row) for row in view.rows(replace(inputs, memory=memory), query=query)]

    def letters() -> None:
        for query in ("o", "ot", "ott"):
            view.rows(inputs, query=query)
        view.rows(inputs)

    work: dict[str, Callable[[], object]] = {
        "prepare the catalog": lambda: CatalogView(models),
        "four queries of a search": letters,
        "other memory, all shown": lambda: other_memory(""),
        "other memory, is:fits": lambda: other_memory("is:fits"),
        "sort by what it needs": lambda: view.rows(inputs, sort="needs"),
        "the filters that are offered": lambda: facets(models, inputs),
    }
    lines = []
    for name, do in work.items():
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            do()
            times.append(time.perf_counter() - started)
        lines.append(f"{name:<30} {statistics.median(times) * 1e3:7.1f} ms")
    with capsys.disabled():
        print(f"\n{sum(len(one.variants) for one in models)} variants", *lines, sep="\n  ")
