"""What an option of `steer report` answers, in the format asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from polysteer.cli.options import Format

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polysteer.cli.origins import Heading
    from polysteer.report import Answer, Report


def print_answer(
    answer: "Answer", summarize: "Callable[[], Report]", heading: "Heading", format: Format
) -> None:
    """Scripts get the summary of what is asked about, too."""
    from polysteer.report import answer_to_markdown, records_to_csv, to_json

    if format == "json":
        print(to_json(summarize(), heading.origins, answer))
    elif format == "csv":
        heading.tell_stale()
        print(records_to_csv(answer.records), end="")
    elif format == "markdown":
        print(answer_to_markdown(answer, heading.lines), end="")
    else:
        from polysteer.cli.grids import draw_answer

        draw(heading.draw(), draw_answer(answer))


def draw(*drawn: "RenderableType") -> None:
    """One below the other, for people."""
    from rich.console import Console, Group

    Console(highlight=False, markup=False, emoji=False).print(Group(*drawn))
