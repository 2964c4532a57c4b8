"""What every arm answers: its name in the store and in tables, what it reads of the model, and its rows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from polysteer.config import Experiment
from polysteer.evaluation.case import Case
from polysteer.store.rows import Row
from polysteer.trials.readings import Planned
from polysteer.trials.session import Session


class Arm:
    """One thing compared. Everything about it stands in one file; a line of the registry makes it known."""

    key: ClassVar[str]
    title: ClassVar[str]
    definition: ClassVar[str]
    # What sentences say of it, if anything: as a rival of the mask, as a control of what its values do, and
    # between languages that took no part in fitting.
    as_rival: ClassVar[str] = ""
    as_control: ClassVar[str] = ""
    between_unseen: ClassVar[str] = ""

    def check(self, session: Session) -> None:
        """Refuse what the model or the text does not allow, before anything is read."""

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        """All that `read` reads of an experiment that starts from nothing, never less than it will be.

        `n_find` are the sentences of `find` by language.
        """
        return ()

    def list_writing(self, settings: Experiment, targets: Sequence[str]) -> Iterable[Sequence[str]]:
        """For each time that the model writes: the targets whose translations it writes."""
        return ()

    def read(self, session: Session, targets: Sequence[str]) -> None:
        """Let the model read and write what is not there yet."""

    def list_rows(self, case: Case) -> Iterator[Row]:
        """What it does, in numbers."""
        raise NotImplementedError
