"""What an option of `steer report` answers, in the format asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from polysteer.cli.options import Format
from polysteer.cli.output import print_json_text, print_table, print_text

if TYPE_CHECKING:
    from polysteer.cli.origins import Heading
    from polysteer.report import Answer, Report


def print_answer(
    answer: "Answer", summarize: "Callable[[], Report]", heading: "Heading", format: Format
) -> None:
    """Scripts get the summary of what is asked about, too."""
    from polysteer.report import answer_to_markdown, records_to_csv, to_json

    if format == "json":
        print_json_text(to_json(summarize(), heading.origins, answer))
    elif format == "csv":
        heading.tell_stale()
        print_text(records_to_csv(answer.records))
    elif format == "markdown":
        print_text(answer_to_markdown(answer, heading.lines))
    else:
        from polysteer.cli.grids import draw_answer

        print_table(heading.draw())
        print_table(draw_answer(answer))
