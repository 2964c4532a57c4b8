"""The plain model: what everything else is compared with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from polysteer.arms.arm import Arm
from polysteer.config import Experiment
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_choice
from polysteer.evaluation.condition import list_condition
from polysteer.evaluation.expectation import list_masses, list_own_tokens
from polysteer.evaluation.tags import list_tag_probe
from polysteer.evaluation.translated import list_translated
from polysteer.evaluation.written_language import list_identification, list_written
from polysteer.layout import BASELINE
from polysteer.store.rows import Row
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session
from polysteer.trials.writing_tasks import write_texts

FIND = Reading("baseline", "find", keeps="vectors")
DEV = Reading("baseline", "dev", losses="budget", keeps="vectors")
TEST = Reading("baseline", "test", losses="all", keeps="vectors")
WORDS = Reading("words with tags", "words", keeps="vectors")


class Baseline(Arm):
    """The plain model: its vectors, its words, its losses and what it writes."""

    key = BASELINE
    title = "baseline"
    between_unseen = "as they are"
    definition = "the plain model"

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        return [Planned(reading, 1) for reading in (FIND, DEV, TEST, WORDS)]

    def list_writing(self, settings: Experiment, targets: Sequence[str]) -> Iterable[Sequence[str]]:
        return [targets]

    def read(self, session: Session, targets: Sequence[str]) -> None:
        """Words first, as a tokenizer may be refused for them."""
        for split in ("find", "test"):
            session.read_words(split)
        write_texts(session, BASELINE, None, targets)
        for reading in (FIND, DEV, TEST):
            session.read_plain(reading)
        if "perplexity" in session.settings.evaluate.families:
            for split in ("find", "test"):
                session.count_tokens(split)

    def list_rows(self, case: Case) -> Iterator[Row]:
        choices, row = case.plain.choices, case.base
        picked = choices.layers_of(BASELINE)
        yield from list_choice(row, choices, BASELINE)
        for choice in {choice.layer: choice for choice in choices}.values():
            yield replace(row, metric="top1", layer=choice.layer, split="dev", value=choice.score)
        yield from list_condition(case, row, case.find, case.plain.test, picked=picked, targets=case.targets)
        yield from list_tag_probe(case, row, BASELINE, picked=picked)
        yield from list_own_tokens(case)
        yield from list_masses(case, row, BASELINE, case.targets)
        yield from list_identification(case)
        yield from list_written(case, row, BASELINE, case.targets)
        yield from list_translated(case, row, BASELINE, case.targets)
