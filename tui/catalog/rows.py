"""What the catalog's table shows: one row a model, opened to its variants, and the registry's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS, Fit, KvShape, MemoryState, judge
from tui.catalog.registry import Registry, RegistryEntry
from tui.catalog.resolve import prefer, stem
from tui.catalog.search import ModelSearch
from tui.foundry.ids import split_version
from tui.foundry.types import Model, Variant

RowState = Literal["loaded", "cached", "available", "registry only"]
_STATE_ORDER = {"loaded": 0, "cached": 1, "available": 2}


@dataclass(frozen=True, slots=True)
class FitInputs:
    """What verdicts are made from, the same for all rows."""

    memory: MemoryState = field(default_factory=MemoryState)
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    kv: Mapping[str, KvShape] = field(default_factory=dict)
    """By variant id, from `fit.kv_shapes`."""
    measured: Mapping[str, int] = field(default_factory=dict)
    """Growth at an earlier load by variant id, from `ModelMemory.seen_bytes`."""


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
    """`CPU`; of a model with several variants all their devices."""
    size_bytes: int | None = None
    context_tokens: int | None = None
    entry: RegistryEntry | None = None
    """What the registry says about it."""
    inputs: FitInputs = field(default_factory=FitInputs)

    @property
    def expandable(self) -> bool:
        """Whether the row opens to variants."""
        return self.depth == 0 and self.variants > 1

    @property
    def note(self) -> str:
        """The registry's note, '' without one."""
        return self.entry.notes if self.entry else ""

    @property
    def fit(self) -> Fit | None:
        """The verdict, worked out when asked for: only rows on the screen need one."""
        if self.model is None or self.variant is None:
            return None
        inputs, variant_id = self.inputs, self.variant.id
        return judge(
            self.variant,
            self.model,
            inputs.memory,
            inputs.context_tokens,
            inputs.kv.get(variant_id),
            inputs.measured.get(variant_id),
        )


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
        self._search = ModelSearch(self._models)
        self._entries, unmatched = _match_entries(self._models, entries)
        self._unmatched = tuple(unmatched)
        # The registry's names are searched as models that have no variants.
        self._unmatched_search = ModelSearch(
            [Model(one.name, (), display_name=one.notes, task=one.task) for one in unmatched]
        )

        # A letter of search changes which rows are shown, not what is in them.
        self._kept: dict[int, CatalogRow] = {}
        self._kept_for: tuple[FitInputs, frozenset[str], frozenset[str]] | None = None

    def __len__(self) -> int:
        return len(self._models)

    def rows(
        self,
        inputs: FitInputs | None = None,
        marked: Collection[str] = (),
        expanded: Collection[str] = (),
        query: str = "",
    ) -> tuple[CatalogRow, ...]:
        """Return the rows to show.

        Args:
            inputs: What the verdicts are made from.
            marked: Variant ids that are marked.
            expanded: Aliases of the models that are open.
            query: What was typed into the search; the best match comes first then.
        """
        inputs, marked, expanded = inputs or FitInputs(), frozenset(marked), frozenset(expanded)
        if self._kept_for != (inputs, marked, expanded):
            self._kept_for = (inputs, marked, expanded)
            self._kept = {}
        rows: list[CatalogRow] = []
        for index in self._search.indices(query):
            row = self._kept.get(index)
            if row is None:
                row = self._kept[index] = self._model_row(index, inputs, marked, expanded)
            rows.append(row)
            if row.expanded:
                rows.extend(self._variant_rows(index, inputs, marked))
        for index in self._unmatched_search.indices(query):
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

    def _model_row(
        self, index: int, inputs: FitInputs, marked: Collection[str], expanded: Collection[str]
    ) -> CatalogRow:
        model, variant = self._models[index], self._preferred[index]
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
            context_tokens=model.context_tokens,
            entry=self._entries.get(index),
            inputs=inputs,
        )

    def _variant_rows(
        self, index: int, inputs: FitInputs, marked: Collection[str]
    ) -> Iterator[CatalogRow]:
        model = self._models[index]
        for variant in model.variants:
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
                context_tokens=model.context_tokens,
                entry=self._entries.get(index),
                inputs=inputs,
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


def state_of(one: Model | Variant) -> RowState:
    """Return where a model or a variant is."""
    if one.loaded:
        return "loaded"
    return "cached" if one.cached else "available"


def _devices(variants: tuple[Variant, ...]) -> str:
    if len(variants) == 1:
        return str(variants[0].device)
    return " ".join(dict.fromkeys(str(one.device) for one in variants))


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
