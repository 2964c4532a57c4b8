"""Does it matter which neurons are held at which value? Random ones at the experts', experts at another's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from polysteer.arms.arm import Arm
from polysteer.arms.draws import list_draw
from polysteer.arms.masks import MASKS
from polysteer.arms.random_neurons import RANDOM_NEURONS, find_scores
from polysteer.checksums import hash_file
from polysteer.config import Experiment
from polysteer.evaluation.case import Case
from polysteer.masks.interventions import list_needs
from polysteer.masks.mask import ExpertMask
from polysteer.masks.permutation import hold_as, holds_numbers, permute_numbers
from polysteer.store.rows import Row
from polysteer.trials.judgement import Judgement, keep_judgement, load_judgement
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session, Steering

TEST = Reading("the experts' values", "test", layers="primary", keeps="ranks")


class HeldOtherwise(Arm):
    """Draws against what was chosen at the primary layer.

    An intervention that needs no numbers of a neuron, as `ablate`, has none.
    """

    def hold(self, session: Session, chosen: Steering, draw: int) -> Steering:
        """One draw."""
        raise NotImplementedError

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        if any(list_needs(candidate.intervention) for candidate in settings.candidates()):
            yield Planned(TEST, len(settings.targets) * settings.evaluate.extra_draws)

    def read(self, session: Session, targets: Sequence[str]) -> None:
        evaluate = session.settings.evaluate
        for trial in MASKS.list_trials(session.settings, targets):
            chosen = MASKS.load_chosen(session, trial)
            assert isinstance(chosen.mask, ExpertMask)
            if not holds_numbers(chosen.mask):
                continue
            made_from = (chosen.stamp, hash_file(find_scores(session, chosen)), self.key, evaluate.seed)
            for draw in range(evaluate.extra_draws):
                session.progress(f"{self.title} for {trial.name}", draw, evaluate.extra_draws)
                keep_judgement(
                    session.layout.extra_control(trial.name, self.key, draw),
                    partial(self._judge, session, chosen, draw),
                    stamp=session.stamp("control", session.corpus.fingerprint(), *made_from, draw),
                )

    def _judge(self, session: Session, chosen: Steering, draw: int) -> Judgement:
        return session.judge(self.hold(session, chosen, draw), TEST)

    def list_rows(self, case: Case) -> Iterator[Row]:
        for trial in MASKS.list_trials(case.settings, case.targets):
            held = MASKS.describe_chosen(case, trial)
            if not list_needs(str(held.intervention)):
                continue
            for draw in range(case.settings.evaluate.extra_draws):
                judgement = load_judgement(case.layout.extra_control(trial.name, self.key, draw))
                row, found = replace(held, arm=self.key, draw=draw), judgement.retrieval_by_layer
                yield from list_draw(case, row, found[case.primary], targets=[trial.name])


class RandomAtExpertValues(HeldOtherwise):
    """Random neurons held as the experts are."""

    key = "random_at_expert_values"
    title = "random, their values"
    as_control = "random neurons held at the experts' values"
    definition = (
        "random neurons, drawn likewise for the mask chosen for the primary layer, held at a "
        "permutation of the experts' values within each site and block; `extra_draws` draws per "
        "target"
    )

    def hold(self, session: Session, chosen: Steering, draw: int) -> Steering:
        neurons = RANDOM_NEURONS.draw_one(session, chosen, draw).mask
        assert isinstance(neurons, ExpertMask)
        assert isinstance(chosen.mask, ExpertMask)
        seed = session.settings.evaluate.seed
        return chosen._replace(mask=hold_as(neurons, chosen.mask, seed=seed, draw=draw))


class Permuted(HeldOtherwise):
    """The experts, each held as another one of them."""

    key = "permuted"
    title = "values permuted"
    as_control = "the experts with their values permuted"
    definition = (
        "the experts of that mask with their values permuted within each site and block; "
        "`extra_draws` draws per target"
    )

    def hold(self, session: Session, chosen: Steering, draw: int) -> Steering:
        assert isinstance(chosen.mask, ExpertMask)
        seed = session.settings.evaluate.seed
        return chosen._replace(mask=permute_numbers(chosen.mask, seed=seed, draw=draw))
