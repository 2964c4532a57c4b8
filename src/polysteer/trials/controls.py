"""Random draws: each gets the same choice on dev as what it stands against, and is read on test."""

from collections.abc import Callable, Sequence

from polysteer.artifacts import fingerprint
from polysteer.masks.mask import ExpertMask
from polysteer.metrics.choice import choose_at_layer
from polysteer.ranking.experts import build_control
from polysteer.ranking.table import RankTable
from polysteer.trials.candidates import hash_file
from polysteer.trials.judgement import save_judgement
from polysteer.trials.session import Session, Steering
from polysteer.trials.stamps import is_current

DrawOne = Callable[[Steering, int], Steering]
"""The random counterpart of a candidate, of one draw."""


class Controls:
    """Random neurons against the experts of one experiment."""

    def __init__(self, session: Session) -> None:
        self._session = session
        collect, layout = session.settings.collect, session.layout
        paths = [layout.scores(pool) for pool in collect.pool_names]
        self._tables: dict[str, RankTable] = {
            pool: RankTable.load(path) for pool, path in zip(collect.pool, paths, strict=True)
        }
        self._stamps: dict[str, str] = {
            pool: hash_file(path) for pool, path in zip(collect.pool, paths, strict=True)
        }

    def stamp_of(self, candidate: Steering) -> str:
        """Of the table that a candidate's counterparts are drawn from."""
        return self._stamps[_pool_of(candidate)]

    def try_target(self, target: str, candidates: Sequence[Steering]) -> None:
        """Every draw for one target."""
        tables = list(dict.fromkeys(self.stamp_of(candidate) for candidate in candidates))
        drawn_from = tables[0] if len(tables) == 1 else fingerprint(*tables)
        try_draws(self._session, target, candidates, self.draw, target=target, drawn_from=drawn_from)

    def draw(self, candidate: Steering, draw: int) -> Steering:
        """As many random neurons as a candidate's experts in every site and block, at their own values."""
        assert isinstance(candidate.mask, ExpertMask)
        seed = self._session.settings.evaluate.seed
        table = self._tables[_pool_of(candidate)].only(candidate.mask.metadata.sites)
        return candidate._replace(mask=build_control(table, candidate.mask, seed=seed, draw=draw))


def _pool_of(candidate: Steering) -> str:
    """How the responses were pooled that found a mask."""
    assert isinstance(candidate.mask, ExpertMask)
    return str(candidate.mask.metadata.pool)


def try_draws(
    session: Session,
    name: str,
    candidates: Sequence[Steering],
    draw_one: DrawOne,
    *,
    target: str | None,
    drawn_from: str,
) -> None:
    """Every draw against what is tried under a name; `drawn_from` stamps what draws depend on beside it."""
    evaluate = session.settings.evaluate
    stamps = [candidate.stamp for candidate in candidates]
    for draw in range(evaluate.controls):
        session.progress(f"random draws for {name}", draw, evaluate.controls)
        path = session.layout.control(name, draw)
        parts = (stamps, drawn_from, evaluate.seed, draw, evaluate.choose)
        stamp = session.stamp("control", session.corpus.fingerprint(), *parts)
        if is_current(path, stamp):
            continue
        controls = {candidate.label: draw_one(candidate, draw) for candidate in candidates}
        chosen = controls[_choose(session, list(controls.values()), target)]
        judgement = session.judge(chosen, "test", layers=[session.settings.embed.layer], n_losses=0)
        save_judgement(path, judgement, stamp=stamp)


def _choose(session: Session, controls: Sequence[Steering], target: str | None) -> str:
    """The label that dev picks among the controls of one draw, by the candidates' own rule."""
    if len(controls) == 1:
        return controls[0].label
    choose = session.settings.evaluate.choose
    judged = []
    for control in controls:
        layers = [session.settings.embed.layer]
        judgement = session.judge(control, "dev", layers=layers, n_losses=choose.cost_texts)
        judged.append(judgement.as_judged(session.plain_losses, target))
    return choose_at_layer(judged, layer=session.primary, cost_at_most=choose.cost_at_most).label
