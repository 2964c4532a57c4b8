"""What every source is: keys of experiments.yaml that say where its text stands, and how it is read."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema

from polysteer.corpus.draw import Draw, Sizes, Take
from polysteer.corpus.extracts import Extract
from polysteer.corpus.languages import canonical_language
from polysteer.errors import LanguageError

if TYPE_CHECKING:
    from polysteer.corpus.corpus_table import Corpus


def _check_language(code: str) -> str:
    try:
        canonical_language(code)
    except LanguageError as error:
        raise ValueError(str(error)) from error
    return code


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Language = Annotated[str, AfterValidator(_check_language)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Source(BaseModel):
    """One subclass per source, in `sources/`, each with a `source: Literal[...]` that names it.

    If nothing else is said, a split gets as many meanings as `usual_sizes` says, of those of the source's
    own splits that `usual_take` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    usual_sizes: ClassVar[Sizes] = {}
    usual_take: ClassVar[Take] = {}

    @classmethod
    def name(cls) -> str:
        """What `source:` says."""
        [name] = get_args(cls.model_fields["source"].annotation)
        return str(name)

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those that the settings alone show the source to have; none where only the text tells."""
        return ()

    def read(self, draw: Draw) -> "Corpus":
        """The text that is drawn, in its splits."""
        raise NotImplementedError


class FileSource(Source):
    """Real text, of which there is only so much."""

    def extract(self, languages: Sequence[str]) -> Iterable[Extract]:
        """All sentences in these languages, or in all that there are where none is named."""
        raise NotImplementedError

    def read(self, draw: Draw) -> "Corpus":
        """All of it is read before meanings are drawn."""
        from polysteer.corpus.assembly import assemble_corpus

        return assemble_corpus(list(self.extract(draw.languages)), draw)


def choose_by_source(sections: Iterable[type[BaseModel]]) -> GetPydanticSchema:
    """In `Annotated` beside their base: one of these sections, told apart by `source:`."""
    union: Any = Annotated[reduce(or_, sections), Field(discriminator="source")]
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(union))
