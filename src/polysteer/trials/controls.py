"""Draws of random neurons for one target: each gets the experts' choice on dev and is read on test."""

from collections.abc import Sequence

from polysteer.masks.mask import ExpertMask
from polysteer.metrics.choice import choose_at_layer
from polysteer.ranking.experts import build_control
from polysteer.ranking.table import RankTable
from polysteer.trials.candidates import hash_file
from polysteer.trials.judgement import save_judgement
from polysteer.trials.session import Session, Steering
from polysteer.trials.stamps import is_current


class Controls:
    """The draws of one experiment."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._table = RankTable.load(session.layout.scores)
        self.table_stamp = hash_file(session.layout.scores)

    def try_target(self, target: str, candidates: Sequence[Steering]) -> None:
        """Every draw for one target."""
        n_draws = self._session.settings.evaluate.controls
        for draw in range(n_draws):
            self._session.progress(f"random neurons for {target}", draw, n_draws)
            self._try_draw(target, candidates, draw)

    def draw(self, candidate: Steering, draw: int) -> Steering:
        """As many random neurons as a candidate's experts in every site and block, at their own values."""
        assert isinstance(candidate.mask, ExpertMask)
        seed = self._session.settings.evaluate.seed
        return candidate._replace(mask=build_control(self._table, candidate.mask, seed=seed, draw=draw))

    def _try_draw(self, target: str, candidates: Sequence[Steering], draw: int) -> None:
        session, evaluate = self._session, self._session.settings.evaluate
        path = session.layout.control(target, draw)
        stamps = [candidate.stamp for candidate in candidates]
        drawn_from = (stamps, self.table_stamp, evaluate.seed, draw, evaluate.choose)
        stamp = session.stamp("control", session.corpus.fingerprint(), *drawn_from)
        if is_current(path, stamp):
            return
        controls = {candidate.label: self.draw(candidate, draw) for candidate in candidates}
        chosen = controls[self._choose(target, list(controls.values()))]
        judgement = session.judge(chosen, "test", layers=[session.settings.embed.layer], n_losses=0)
        save_judgement(path, judgement, stamp=stamp)

    def _choose(self, target: str, controls: Sequence[Steering]) -> str:
        """The label that dev picks among the random neurons of one draw, by the experts' own rule."""
        if len(controls) == 1:
            return controls[0].label
        session, choose = self._session, self._session.settings.evaluate.choose
        judged = []
        for control in controls:
            layers = [session.settings.embed.layer]
            judgement = session.judge(control, "dev", layers=layers, n_losses=choose.cost_texts)
            judged.append(judgement.as_judged(session.plain_losses, target))
        return choose_at_layer(judged, layer=session.primary, cost_at_most=choose.cost_at_most).label
