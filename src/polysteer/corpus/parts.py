"""One split of a joined corpus: where its text stands, and how much of it is drawn."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field

from polysteer.corpus import origins
from polysteer.corpus.draw import SPLIT_NAMES, SplitName
from polysteer.corpus.origins import Names, Origin
from polysteer.fields import Flag, Size


class PartSettings(Origin):
    """What every part has."""

    size: Size | None = Field(None, description="meanings; absent: all that are left")


class BuiltinPart(origins.Builtin, PartSettings):
    """Sentences from polysteer's own grammar; no file needed."""

    size: Size = Field(500, description="meanings")


class FilePartSettings(PartSettings):
    """What every part of real text has."""

    take: Names = Field((), description="which of the source's own splits; absent: as usual with this source")
    partial: Flag = Field(False, description="also use meanings that some of the languages lack")


class Flores200Part(origins.Flores200, FilePartSettings):
    """FLORES-200 as distributed, or FLORES+ with one table per language."""


class Sib200Part(origins.Sib200, FilePartSettings):
    """SIB-200: FLORES sentences with a topic."""


class TatoebaPart(origins.Tatoeba, FilePartSettings):
    """LASER's Tatoeba test pairs, each language with English; sizes count per pair."""


class ConlluPart(origins.Conllu, FilePartSettings):
    """Universal Dependencies treebanks, files named as UD names them."""


class LinesPart(origins.Lines, FilePartSettings):
    """One file per language, one sentence a line, line n of each file the same meaning."""


class TablePart(origins.Table, FilePartSettings):
    """CSV, TSV, JSONL or Parquet with columns named here."""


class BitextPart(origins.Bitext, FilePartSettings):
    """A TMX file, or a text file with one column per language, split by tabs."""


class HubPart(origins.Hub, FilePartSettings):
    """Tables of a data set on the Hugging Face hub, pinned to a revision."""


AnyPart = (
    BuiltinPart
    | Flores200Part
    | Sib200Part
    | TatoebaPart
    | ConlluPart
    | LinesPart
    | TablePart
    | BitextPart
    | HubPart
)
Part = Annotated[AnyPart, Field(discriminator="source")]


class Gathered(NamedTuple):
    """One source with all the splits that come from it: they are dealt together, and so are disjoint."""

    part: AnyPart
    sizes: dict[SplitName, int | None]
    take: dict[SplitName, tuple[str, ...]]

    @property
    def partial(self) -> bool:
        """Whether meanings that some language lacks are used too."""
        return isinstance(self.part, FilePartSettings) and self.part.partial


def gather_parts(parts: Mapping[SplitName, AnyPart]) -> list[Gathered]:
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
        take = (isinstance(part, FilePartSettings) and part.take) or part.usual_take.get(split)
        if take:
            known.take[split] = take
    return gathered


def _place(part: AnyPart) -> dict[str, object]:
    """All that is the same for every split of a source."""
    return part.model_dump(exclude={"size", "take"})
