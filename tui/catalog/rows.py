"""What the catalog's table shows: one row a model, opened to its variants, and the registry's."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tui.catalog.fit import Fit, Verdict
from tui.catalog.inputs import FitInputs
from tui.catalog.measured import Measured
from tui.catalog.query import Query, parse_query
from tui.catalog.registry import Registry, RegistryEntry
from tui.catalog.resolve import prefer, stem
from tui.catalog.search import ModelSearch
from tui.catalog.sorting import SortKey, sort_value
from tui.catalog.versions import newer_than, newest_versions
from tui.foundry.ids import split_version
from tui.foundry.types import Model, Variant

RowState = Literal["loaded", "cached", "available", "registry only"]
_STATE_ORDER = {"loaded": 0, "cached": 1, "available": 2}


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One line. Text in it comes from outside: clean it before it is drawn."""

    key: str
    """Unique among the rows, the same from one list to the next."""
    label: str
    """Alias; the variant's id under an open model."""
    alias: str
    state: RowState
    depth: int = 0
    """1 for a variant under its model."""
    model: Model | None = None
    variant: Variant | None = None
    """What the actions work on: for a model the variant that `find_variant` takes."""
    variants: int = 1
    expanded: bool = False
    marked: bool = False
    """For a closed model: whether any variant is marked."""
    device: str = ""
    """`CPU`; of a model with several variants `GPU CPU`, of more than two devices `GPU +2`."""
    size_bytes: int | None = None
    context_tokens: int | None = None
    entry: RegistryEntry | None = None
    """What the registry says about it."""
    inputs: FitInputs = field(default_factory=FitInputs)
    newer: Variant | None = None
    """A newer version of the variant on disk, where one is out."""

    @property
    def expandable(self) -> bool:
        """Whether the row opens to variants."""
        return self.depth == 0 and self.variants > 1

    @property
    def note(self) -> str:
        """The registry's note, '' without one."""
        return self.entry.notes if self.entry else ""

    @property
    def figures(self) -> Measured | None:
        """What benchmarks measured of the variant here."""
        return self.inputs.figures.get(self.variant.id) if self.variant else None

    @property
    def provider_lacks(self) -> str:
        """The execution provider that the variant asks for and this machine lacks; '' for none."""
        return self.inputs.lacks(self.variant) if self.variant else ""

    @property
    def verdict(self) -> Verdict | None:
        """The verdict alone, which costs less than the whole of `fit`."""
        if self.model is None or self.variant is None:
            return None
        return self.inputs.verdict(self.model, self.variant)

    @property
    def fit_or_unknown(self) -> Fit:
        """The verdict, also of what cannot be judged."""
        return self.fit or Fit("unknown", None, None, (), "", "")

    @property
    def fit(self) -> Fit | None:
        """The verdict, worked out when asked for: only rows on the screen need one."""
        if self.model is None or self.variant is None:
            return None
        return self.inputs.judge(self.model, self.variant)


class CatalogView:
    """A catalog and a registry, prepared for being searched and listed again and again.

    Args:
        models: The catalog.
        registry: The team's list.
    """

    def __init__(self, models: Sequence[Model], registry: Registry | None = None) -> None:
        entries = registry.entries if registry else ()
        # Loaded, on disk, the rest; in each of these by alias.
        self._models = sorted(models, key=lambda one: (_STATE_ORDER[state_of(one)], one.alias))
        self._preferred = [prefer(one.variants) for one in self._models]
        self._newest = newest_versions(self._models) if any(m.cached for m in self._models) else {}
        self._search = ModelSearch(self._models)
        self._entries, unmatched = _match_entries(self._models, entries)
        self._unmatched = tuple(unmatched)
        # The registry's names are searched as models that have no variants.
        self._unmatched_search = ModelSearch(
            [Model(one.name, (), display_name=one.notes, task=one.task) for one in unmatched]
        )

        # A letter of search changes which rows are shown, not what is in them.
        self._kept: dict[int, CatalogRow | None] = {}
        self._kept_for: tuple[object, ...] | None = None

    def __len__(self) -> int:
        return len(self._models)

    def rows(
        self,
        inputs: FitInputs | None = None,
        marked: Collection[str] = (),
        expanded: Collection[str] = (),
        query: str = "",
        sort: SortKey = "state",
        *,
        reverse: bool = False,
    ) -> tuple[CatalogRow, ...]:
        """Return the rows to show.

        Args:
            inputs: What the verdicts are made from.
            marked: Variant ids that are marked.
            expanded: Aliases of the models that are open.
            query: What was typed into the search, filters among it (see `query.py`).
            sort: What the order follows; 'state' puts the best match of a search first.
            reverse: The other way round. Names of the registry alone always come last.
        """
        asked = parse_query(query)
        inputs, marked, expanded = inputs or FitInputs(), frozenset(marked), frozenset(expanded)
        if self._kept_for != (inputs, marked, expanded, asked.filters):
            self._kept_for = (inputs, marked, expanded, asked.filters)
            self._kept = {}
        found: list[tuple[int, CatalogRow]] = []
        for index in self._search.indices(asked.words):
            if index not in self._kept:
                self._kept[index] = self._filtered_row(index, asked, inputs, marked, expanded)
            if (row := self._kept[index]) is not None:
                found.append((index, row))
        if sort != "state":
            found.sort(key=lambda pair: sort_value(pair[1], sort))
        if reverse:
            found.reverse()
        rows: list[CatalogRow] = []
        for index, row in found:
            rows.append(row)
            if row.expanded:
                rows.extend(self._variant_rows(index, asked, inputs, marked))
        # The registry's names alone have nothing that a filter could look at.
        for index in () if asked.tests else self._unmatched_search.indices(asked.words):
            entry = self._unmatched[index]
            rows.append(
                CatalogRow(
                    key=f"registry:{index}:{entry.name}",
                    label=entry.name,
                    alias=entry.name,
                    state="registry only",
                    variants=0,
                    entry=entry,
                )
            )
        return tuple(rows)

    def _filtered_row(
        self,
        index: int,
        query: Query,
        inputs: FitInputs,
        marked: Collection[str],
        expanded: Collection[str],
    ) -> CatalogRow | None:
        """Return the row of a model for its variants that pass the filters; None for none."""
        model, preferred = self._models[index], self._preferred[index]
        if query.tests:
            passing = [one for one in model.variants if query.passes(model, one, inputs)]
            if not passing:
                return None
            preferred = prefer(passing)
        return self._model_row(index, preferred, inputs, marked, expanded)

    def _model_row(
        self,
        index: int,
        variant: Variant | None,
        inputs: FitInputs,
        marked: Collection[str],
        expanded: Collection[str],
    ) -> CatalogRow:
        model = self._models[index]
        variants = model.variants
        return CatalogRow(
            # Endpoints may list one alias twice.
            key=f"model:{model.alias}:{variants[0].id if variants else ''}",
            label=model.alias,
            alias=model.alias,
            state=state_of(model),
            model=model,
            variant=variant,
            variants=len(variants),
            expanded=len(variants) > 1 and model.alias in expanded,
            marked=bool(marked) and any(one.id in marked for one in variants),
            device=_devices(variants),
            size_bytes=variant.size_bytes if variant else None,
            context_tokens=inputs.context_of(model, variant).tokens,
            entry=self._entries.get(index),
            inputs=inputs,
            newer=newer_than(variant, self._newest) if variant else None,
        )

    def _variant_rows(
        self, index: int, query: Query, inputs: FitInputs, marked: Collection[str]
    ) -> Iterator[CatalogRow]:
        model = self._models[index]
        for variant in model.variants:
            if not query.passes(model, variant, inputs):
                continue
            yield CatalogRow(
                key=f"variant:{variant.id}",
                label=variant.id,
                alias=model.alias,
                state=state_of(variant),
                depth=1,
                model=model,
                variant=variant,
                marked=variant.id in marked,
                device=str(variant.device),
                size_bytes=variant.size_bytes,
                context_tokens=inputs.context_of(model, variant).tokens,
                entry=self._entries.get(index),
                inputs=inputs,
                newer=newer_than(variant, self._newest),
            )


def build_rows(
    models: Sequence[Model],
    registry: Registry | None = None,
    inputs: FitInputs | None = None,
    marked: Collection[str] = (),
    expanded: Collection[str] = (),
    query: str = "",
) -> tuple[CatalogRow, ...]:
    """Return the rows of a catalog that is listed once; see `CatalogView.rows`."""
    return CatalogView(models, registry).rows(inputs, marked, expanded, query)


def suggested_entry(row: CatalogRow) -> dict[str, object]:
    """Return what a registry's entry for a model may say; the RAM leaves half to the rest."""
    fit = row.fit
    need = (fit.need_bytes or row.size_bytes or 0) if fit else 0
    return {
        "name": row.alias,
        "task": row.model.task if row.model else "",
        "min_ram_gb": max(1, math.ceil(2 * need / 1024**3)),
        "notes": "",
    }


def state_of(one: Model | Variant) -> RowState:
    """Return where a model or a variant is."""
    if one.loaded:
        return "loaded"
    return "cached" if one.cached else "available"


def _devices(variants: tuple[Variant, ...]) -> str:
    if len(variants) == 1:
        return str(variants[0].device)
    devices = tuple(dict.fromkeys(str(one.device) for one in variants))
    return " ".join(devices) if len(devices) < 3 else f"{devices[0]} +{len(devices) - 1}"


def _match_entries(
    models: Sequence[Model], entries: Sequence[RegistryEntry]
) -> tuple[dict[int, RegistryEntry], list[RegistryEntry]]:
    """Give each model the first entry that means it, by the rules of `find_variant`.

    Returns:
        Entries by the model's place, and those that no model answers to, each name once.
    """
    if not entries:
        return {}, []
    wanted = tuple(entry.name.strip().casefold() for entry in entries)
    names: dict[str, set[int]] = {}
    for index, model in enumerate(models):
        names.setdefault(model.alias.casefold(), set()).add(index)
        for variant in model.variants:
            folded = variant.id.casefold()
            # What an id can be called is how it begins; most ids begin like no entry.
            if folded.startswith(wanted):
                for name in (folded, split_version(folded)[0], stem(folded)):
                    names.setdefault(name, set()).add(index)
    matched: dict[int, RegistryEntry] = {}
    unmatched: dict[str, RegistryEntry] = {}
    for entry in entries:
        folded = entry.name.strip().casefold()
        found = names.get(folded) or ()
        for index in found:
            matched.setdefault(index, entry)
        if not found:
            unmatched.setdefault(folded, entry)
    return matched, list(unmatched.values())
