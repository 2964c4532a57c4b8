"""What the store says about one question, as data, in words and in the formats of scripts."""

from polysteer.report.answer import Answer, Record, Summary
from polysteer.report.origins import Origins, tell_origins, tell_stale, trace_origins
from polysteer.report.question import Question, Subject
from polysteer.report.rendering import list_facts, write_csv, write_markdown
from polysteer.report.summarizing import Headline, summarize, summarize_question

__all__ = [
    "Answer",
    "Headline",
    "Origins",
    "Question",
    "Record",
    "Subject",
    "Summary",
    "list_facts",
    "summarize",
    "summarize_question",
    "tell_origins",
    "tell_stale",
    "trace_origins",
    "write_csv",
    "write_markdown",
]
