"""The languages' subspace taken out inside the model: every way judged on dev, one chosen, read on test."""

from collections.abc import Sequence

from polysteer.artifacts import fingerprint
from polysteer.config.erase import list_erased_layers
from polysteer.layout import ERASURE
from polysteer.masks.erasure import draw_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.trials.candidates import choose_candidates, hash_file, read_chosen
from polysteer.trials.controls import try_draws
from polysteer.trials.session import Session, Steering
from polysteer.trials.subspaces import find_subspace
from polysteer.trials.writing import write_chosen


def check_erasures(session: Session) -> None:
    """Refuse what the model or the layers that are embedded do not allow."""
    points = session.settings.erasures()
    if points:
        list_erased_layers(points, session.layers, n_blocks=session.shape.n_blocks)


def try_erasures(session: Session, targets: Sequence[str]) -> None:
    """One trial for all targets: erasing leads to none of them."""
    if not session.settings.erasures():
        return
    candidates = _load_candidates(session)
    choices = choose_candidates(session, ERASURE, candidates, target=None)
    read_chosen(session, ERASURE, candidates, choices)
    write_chosen(session, ERASURE, candidates, choices, targets)
    seed = session.settings.evaluate.seed

    def draw_one(candidate: Steering, draw: int) -> Steering:
        assert isinstance(candidate.mask, LanguageSubspace)
        return candidate._replace(mask=draw_subspace(candidate.mask, seed=seed, draw=draw))

    try_draws(session, ERASURE, _list_distinct(session, candidates), draw_one, target=None, drawn_from="")


def _load_candidates(session: Session) -> list[Steering]:
    points, n_blocks = session.settings.erasures(), session.shape.n_blocks
    layers = [str(layer) for layer in list_erased_layers(points, session.layers, n_blocks=n_blocks)]
    where = session.settings.steer.where
    path_by_method = {point.method: find_subspace(session, point.method, layers) for point in points}
    candidates = []
    for point in points:
        path, first_layer = path_by_method[point.method], point.find_first_block(n_blocks) + 1
        own = [layer for layer in layers if int(layer) >= first_layer]
        subspace = LanguageSubspace.load(path).keep_layers(own)
        stamp = fingerprint(hash_file(path), own, point.strength, where)
        candidates.append(Steering(point.label, subspace, point.strength, stamp, first_layer))
    return candidates


def _list_distinct(session: Session, candidates: Sequence[Steering]) -> list[Steering]:
    """Those of one method: all have the same mean and rank, and so the same random directions."""
    points = session.settings.erasures()
    return [one for one, point in zip(candidates, points, strict=True) if point.method == points[0].method]
