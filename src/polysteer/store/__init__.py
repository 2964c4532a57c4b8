"""All numbers in one long table: Parquet per experiment, and one DuckDB file to ask."""

from polysteer.metrics.names import excluding
from polysteer.store.database import (
    QueryResult,
    build_database,
    export_answer,
    query_database,
    refresh_database,
)
from polysteer.store.files import write_metrics
from polysteer.store.making import Making
from polysteer.store.rows import ChoiceRow, MetricRow

__all__ = [
    "ChoiceRow",
    "Making",
    "MetricRow",
    "QueryResult",
    "build_database",
    "excluding",
    "export_answer",
    "query_database",
    "refresh_database",
    "write_metrics",
]
