"""As many random neurons as a mask's experts in every site and block, held at their own values."""

from collections.abc import Sequence
from pathlib import Path

from polysteer.arms.draws import Draws
from polysteer.arms.masks import MASKS
from polysteer.artifacts import fingerprint
from polysteer.checksums import hash_file
from polysteer.masks.mask import ExpertMask
from polysteer.ranking.experts import build_control
from polysteer.ranking.table import REMEDY, RankTable
from polysteer.tensorfile import open_artifact
from polysteer.trials.session import Session, Steering


class RandomNeurons(Draws):
    """Against the experts of every point."""

    key = "random_neurons"
    title = "random"
    definition = (
        "as many random neurons in the same sites and blocks, at their own values, each draw given "
        "the experts' choice on dev; `controls` draws per target, at the primary layer"
    )
    against = MASKS
    job = "random neurons"

    def draw_one(self, session: Session, point: Steering, draw: int) -> Steering:
        assert isinstance(point.mask, ExpertMask)
        table = RankTable.load(find_scores(session, point)).only(point.mask.metadata.sites)
        seed = session.settings.evaluate.seed
        return point._replace(mask=build_control(table, point.mask, seed=seed, draw=draw))

    def stamp_source(self, session: Session, points: Sequence[Steering]) -> str:
        stamps = list(dict.fromkeys(hash_file(find_scores(session, point)) for point in points))
        return stamps[0] if len(stamps) == 1 else fingerprint(*stamps)


RANDOM_NEURONS = RandomNeurons()


def find_scores(session: Session, point: Steering) -> Path:
    """The whole table that counterparts are drawn from: of the pooling that found the mask."""
    assert isinstance(point.mask, ExpertMask)
    collect, pool = session.settings.collect, str(point.mask.metadata.pool)
    return open_artifact(
        session.layout.scores(collect.pool_names[collect.pool.index(pool)]), remedy=REMEDY
    ).path
