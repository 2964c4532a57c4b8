"""What erasing the languages' subspace does to a language that took no part in the fit.

Reads the plain vectors of an experiment (`steer embed` leaves them): every language in turn is left out of
the fit on `find`, and top-1 on `test` is that of the pairs which it is in. Beside it: no erasing, the
language in the fit, a random subspace of the same rank, and centring, which has to know the languages.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from polysteer.embeddings.language_means import average_languages, center_languages
from polysteer.layout import ExperimentLayout
from polysteer.masks.erasure import Shrinkage, draw_subspace, fit_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.terms import ERASE_METHODS, EraseMethod
from polysteer.trials.encoded import StoredVectors

Vectors = Mapping[str, np.ndarray]


def find_languages(layout: ExperimentLayout) -> list[str]:
    """The languages whose plain vectors are there."""
    folder = layout.encoded("baseline", "test", "x").parent
    return sorted(path.name.split(".")[0] for path in folder.glob("*.test.safetensors"))


def read_layer(layout: ExperimentLayout, split: str, languages: Sequence[str], layer: str) -> Vectors:
    """Every language's plain vectors."""
    paths = {language: layout.encoded("baseline", split, language) for language in languages}
    return {language: StoredVectors(path).at_layer(layer) for language, path in paths.items()}


def fit(
    find: Vectors, languages: Sequence[str], layer: str, method: EraseMethod, shrinkage: Shrinkage
) -> LanguageSubspace:
    """The subspace of some of the languages."""
    width = next(iter(find.values())).shape[1]
    metadata = SubspaceMetadata(method=method, languages=list(languages), layers=[layer], width=width)
    return fit_subspace({layer: find}, metadata, shrinkage=shrinkage)


def measure(vectors: Vectors, language: str) -> float:
    """Mean top-1 over all pairs with this language."""
    found = retrieve_translations(vectors)
    has_language = [language in pair for pair in found.pairs]
    return float(found.hits()[has_language].mean())


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path("artifacts/builtin")
    parser.add_argument("experiment", type=Path, nargs="?", default=default, help="its folder of artifacts")
    parser.add_argument("--layer", default="final")
    parser.add_argument(
        "--shrinkage", type=lambda text: text if text == "auto" else float(text), default="auto"
    )
    parser.add_argument("--languages", nargs="+", help="by default all")
    parser.add_argument("--sentences", type=int, help="of each language in the fit, by default all")
    options = parser.parse_args()
    layout, layer = ExperimentLayout(options.experiment), options.layer
    languages = options.languages or find_languages(layout)
    everything = read_layer(layout, "find", languages, layer)
    find = {language: rows[: options.sentences] for language, rows in everything.items()}
    test = read_layer(layout, "test", languages, layer)
    n_test = len(next(iter(test.values())))
    print(f"layer {layer}, {n_test} candidates: top-1 of pairs with the language, mean of {len(languages)}")
    centred = center_languages(test, average_languages(find))
    for name, vectors in (("plain", test), ("centred, labels known", centred)):
        print(f"  {name:34s} {np.mean([measure(vectors, language) for language in languages]):.3f}")
    for method in ERASE_METHODS:
        everyone = fit(find, languages, layer, method, options.shrinkage)
        by_name: dict[str, list[float]] = {"in the fit": [], "not in the fit": [], "random": []}
        for language in languages:
            others = [other for other in languages if other != language]
            without = fit(find, others, layer, method, options.shrinkage)
            subspaces = (everyone, without, draw_subspace(everyone, seed=0, draw=0))
            for scores, subspace in zip(by_name.values(), subspaces, strict=True):
                erased = {name: subspace.erase(rows, layer=layer) for name, rows in test.items()}
                scores.append(measure(erased, language))
        for name, scores in by_name.items():
            print(f"  {method + ', ' + name:34s} {np.mean(scores):.3f}")


if __name__ == "__main__":
    main()
