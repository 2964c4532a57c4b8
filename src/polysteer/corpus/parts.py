"""One split of a joined corpus: where its text stands, and how much of it is drawn."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field, create_model

from polysteer.corpus.draw import SPLIT_NAMES, SplitName
from polysteer.corpus.sources import SOURCES
from polysteer.corpus.text_source import FileSource, Names, Source, choose_by_source
from polysteer.fields import Flag, Size


class PartSettings(Source):
    """What every part has."""

    size: Size | None = Field(None, description="meanings; absent: all that are left")


class EndlessPartSettings(PartSettings):
    """What a part has of which nothing can be left."""

    size: Size = Field(500, description="meanings")


class FilePartSettings(PartSettings, FileSource):
    """What every part of real text has."""

    take: Names = Field((), description="which of the source's own splits; absent: as usual with this source")
    partial: Flag = Field(False, description="also use meanings that some of the languages lack")


def _make_part(source: type[Source]) -> type[Source]:
    frame = FilePartSettings if issubclass(source, FileSource) else EndlessPartSettings
    return create_model(f"{source.__name__}Part", __base__=(source, frame), __doc__=source.__doc__)


Part = Annotated[PartSettings, choose_by_source(map(_make_part, SOURCES))]


class Gathered(NamedTuple):
    """One source with all the splits that come from it: they are dealt together, and so are disjoint."""

    part: PartSettings
    sizes: dict[SplitName, int | None]
    take: dict[SplitName, tuple[str, ...]]

    @property
    def partial(self) -> bool:
        """Whether meanings that some language lacks are used too."""
        return isinstance(self.part, FilePartSettings) and self.part.partial


def gather_parts(parts: Mapping[SplitName, PartSettings]) -> list[Gathered]:
    """Splits of the same source together; the source that fills test first, then dev, then find."""
    gathered: list[Gathered] = []
    for split in reversed(SPLIT_NAMES):
        part = parts[split]
        for known in gathered:
            if _place(known.part) == _place(part):
                break
        else:
            known = Gathered(part, {}, {})
            gathered.append(known)
        known.sizes[split] = part.size
        if isinstance(part, FilePartSettings) and (take := part.take or part.usual_take.get(split)):
            known.take[split] = take
    return gathered


def _place(part: PartSettings) -> dict[str, object]:
    """All that is the same for every split of a source."""
    return part.model_dump(exclude={"size", "take"})
