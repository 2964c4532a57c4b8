"""The languages' subspace taken out while the model reads: one trial, as it leads to no target."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from polysteer.arms.sweep import Sweep, Trial
from polysteer.artifacts import fingerprint
from polysteer.checksums import hash_file
from polysteer.config import Experiment
from polysteer.config.erase import list_erased_layers
from polysteer.evaluation.case import Case
from polysteer.layout import ERASE as KEY
from polysteer.masks.subspace import SITE, LanguageSubspace
from polysteer.store.rows import MetricRow
from polysteer.trials.session import Session, Steering


class Erase(Sweep):
    """Every way to find the subspace and every block to begin at."""

    key = KEY
    title = "erased in model"
    between_unseen = "erased inside the model"
    definition = "the languages' subspace taken out while the model reads"
    jobs = ("erased on dev", "erased on find, test")

    def check(self, session: Session) -> None:
        points = session.settings.erasures()
        if points:
            list_erased_layers(points, session.layers, n_blocks=session.shape.n_blocks)

    def list_trials(self, settings: Experiment, targets: Sequence[str]) -> list[Trial]:
        return [Trial(KEY, None)] if settings.erasures() else []

    def count_points(self, settings: Experiment) -> int:
        return len(settings.erasures())

    def load_points(self, session: Session, trial: Trial) -> list[Steering]:
        from polysteer.trials.subspaces import find_subspace

        points, n_blocks = session.settings.erasures(), session.shape.n_blocks
        layers = [str(layer) for layer in list_erased_layers(points, session.layers, n_blocks=n_blocks)]
        where, found = session.settings.steer.where, []
        path_by_method = {point.method: find_subspace(session, point.method, layers) for point in points}
        for point in points:
            path, first_layer = path_by_method[point.method], point.find_first_block(n_blocks) + 1
            own = [layer for layer in layers if int(layer) >= first_layer]
            subspace = LanguageSubspace.load(path).keep_layers(own)
            stamp = fingerprint(hash_file(path), own, point.strength, where)
            found.append(Steering(point.label, subspace, point.strength, stamp, first_layer))
        return found

    def describe_points(self, case: Case, trial: Trial) -> Mapping[str, MetricRow]:
        return {
            point.label: replace(
                case.base,
                arm=self.key,
                intervention=self.key,
                strength=point.strength,
                sites=f"{SITE}[{point.from_block}:]",
                score=point.method,
            )
            for point in case.settings.erasures()
        }


ERASE = Erase()
