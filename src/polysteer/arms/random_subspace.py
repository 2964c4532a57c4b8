"""As many random directions as the languages', taken out while the model reads."""

from polysteer.arms.draws import Draws
from polysteer.arms.erase import ERASE
from polysteer.arms.sweep import Trial
from polysteer.config import Experiment
from polysteer.masks.erasure import draw_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.trials.session import Session, Steering


class RandomSubspace(Draws):
    """Against one method's points: all methods have the same mean and rank, and so the same directions."""

    key = "random_subspace"
    title = "random subspace"
    definition = (
        "as many random directions taken out while the model reads, the control of `erase`; "
        "`controls` draws, at the primary layer"
    )
    against = ERASE
    job = "random subspaces"

    def draw_one(self, session: Session, point: Steering, draw: int) -> Steering:
        assert isinstance(point.mask, LanguageSubspace)
        seed = session.settings.evaluate.seed
        return point._replace(mask=draw_subspace(point.mask, seed=seed, draw=draw))

    def list_points(self, session: Session, trial: Trial) -> list[Steering]:
        labels = {
            point.label for point in session.settings.erasures() if _is_first(session.settings, point.method)
        }
        return [point for point in super().list_points(session, trial) if point.label in labels]

    def count_points(self, settings: Experiment) -> int:
        return sum(_is_first(settings, point.method) for point in settings.erasures())


RANDOM_SUBSPACE = RandomSubspace()


def _is_first(settings: Experiment, method: str) -> bool:
    return method == settings.erasures()[0].method
