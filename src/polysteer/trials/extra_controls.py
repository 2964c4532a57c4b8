"""Controls of what was chosen at the primary layer: does it matter which neurons are held at which value?"""

from polysteer.layout import AT_EXPERT_VALUES, PERMUTED
from polysteer.masks.mask import ExpertMask
from polysteer.masks.permutation import hold_as, holds_numbers, permute_numbers
from polysteer.trials.controls import Controls
from polysteer.trials.judgement import save_judgement
from polysteer.trials.session import Session, Steering
from polysteer.trials.stamps import is_current


class ExtraControls:
    """Random neurons held as the experts are, and the experts with their numbers permuted.

    An intervention that needs no numbers of a neuron, as `ablate`, has neither.
    """

    def __init__(self, session: Session, controls: Controls) -> None:
        self._session, self._controls = session, controls

    def try_target(self, target: str, chosen: Steering) -> None:
        """Every draw of both kinds, read on test at the primary layer."""
        assert isinstance(chosen.mask, ExpertMask)
        if not holds_numbers(chosen.mask):
            return
        n_draws = self._session.settings.evaluate.extra_draws
        for draw in range(n_draws):
            self._session.progress(f"the experts' values for {target}", draw, n_draws)
            for kind in (AT_EXPERT_VALUES, PERMUTED):
                self._try_draw(target, kind, chosen, draw)

    def _try_draw(self, target: str, kind: str, chosen: Steering, draw: int) -> None:
        session, seed = self._session, self._session.settings.evaluate.seed
        path = session.layout.extra_control(target, kind, draw)
        drawn_from = (chosen.stamp, self._controls.stamp_of(chosen), kind, seed, draw)
        stamp = session.stamp("control", session.corpus.fingerprint(), *drawn_from)
        if is_current(path, stamp):
            return
        control = chosen._replace(mask=self._make(kind, chosen, seed, draw))
        judgement = session.judge(control, "test", layers=[session.settings.embed.layer], n_losses=0)
        save_judgement(path, judgement, stamp=stamp)

    def _make(self, kind: str, chosen: Steering, seed: int, draw: int) -> ExpertMask:
        experts = chosen.mask
        assert isinstance(experts, ExpertMask)
        if kind == PERMUTED:
            return permute_numbers(experts, seed=seed, draw=draw)
        neurons = self._controls.draw(chosen, draw).mask
        assert isinstance(neurons, ExpertMask)
        return hold_as(neurons, experts, seed=seed, draw=draw)
