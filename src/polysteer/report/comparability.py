"""Whether two sides of a comparison were measured alike: text, candidates, layer, model, settings."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from polysteer.differences import Difference, compare_settings, write_setting
from polysteer.report.measured import ReportRow
from polysteer.report.origins import Origin

Sides = tuple[ReportRow, ReportRow]


class Unlike(NamedTuple):
    """What differs: for a heading, in a sentence, and whether the numbers then answer different questions."""

    heading: str
    sentence: str
    forbids: bool = False


def find_unlike_rows(sides: Sequence[Sides]) -> Iterator[Unlike]:
    """Of the numbers themselves: how many candidates there are, and at which layer they stand."""
    for n_a, n_b in dict.fromkeys((a.candidates, b.candidates) for a, b in sides):
        if n_a != n_b:
            told = f"A is looked up among {_count(n_a)}, B among {_count(n_b)}"
            yield Unlike("other candidates", told, forbids=True)
    for layer_a, layer_b in dict.fromkeys((a.layer, b.layer) for a, b in sides):
        if layer_a != layer_b:
            yield Unlike("other layers", f"A stands at layer {layer_a}, B at layer {layer_b}")


def find_unlike_origins(a: Origin, b: Origin) -> Iterator[Unlike]:
    """Of what two experiments were made from."""
    if a.texts is None or b.texts is None:
        if a.model != b.model:
            yield Unlike("other models", f"the models differ: {a.model} and {b.model}")
        return
    differing = list_differences(a, b)
    if a.texts.get("test") != b.texts.get("test"):
        corpus = [one for one in differing if one.key.startswith("corpus.")]
        told = _list(corpus) if corpus else "the settings agree, their content does not"
        yield Unlike("other test text", f"the test texts differ: {told}", forbids=True)
        differing = [one for one in differing if one not in corpus]
    model = [one for one in differing if one.key.startswith("model.")]
    if model:
        yield Unlike("other models", f"the models differ: {_list(model)}")
    others = [one for one in differing if one not in model]
    if others:
        yield Unlike("other settings", f"other settings that differ: {_list(others)}")


def list_differences(a: Origin, b: Origin) -> list[Difference]:
    """The settings whose values differ; none where they are not known."""
    return [] if a.settings is None or b.settings is None else list(compare_settings(a.settings, b.settings))


def tell_unlike(found: Sequence[Unlike]) -> list[str]:
    """Sentences: first what forbids to compare."""
    forbidding = [one.sentence for one in found if one.forbids]
    others = [f"{one.sentence[0].upper()}{one.sentence[1:]}." for one in found if not one.forbids]
    return [f"NOT COMPARABLE as they stand: {'; '.join(forbidding)}.", *others] if forbidding else others


def title_unlike(found: Sequence[Unlike]) -> str:
    """For the end of a table's title."""
    forbidding = list(dict.fromkeys(one.heading for one in found if one.forbids))
    return f" (NOT COMPARABLE: {', '.join(forbidding)})" if forbidding else ""


def _count(candidates: int | None) -> str:
    return "each pair's own candidates" if candidates is None else f"{candidates} candidates"


def _list(differing: Sequence[Difference]) -> str:
    return "; ".join(f"{one.key} {write_setting(one.old)} and {write_setting(one.new)}" for one in differing)
