"""The database's views: ready answers to the questions people ask of its tables."""

from polysteer.layout import ERASE, MASK
from polysteer.metrics.names import (
    EXPERT_JACCARD,
    HALVES_SUFFIX,
    SCORE_CORRELATION,
    SEEN,
    TOP1_FROM_SENTENCES,
    UNSEEN,
)
from polysteer.store.columns import CONFIGURATION


def same_columns(columns: tuple[str, ...], left: str, right: str) -> str:
    """SQL: two tables agree in these columns, nulls included."""
    return " AND ".join(f"{left}.{name} IS NOT DISTINCT FROM {right}.{name}" for name in columns)


MEAN_OF_PAIRS = "m.source = '*' AND coalesce(m.reference, '*') = '*'"
ONE_LANGUAGE_EACH = " AND ".join(
    f"m.{end} NOT IN ('*', '{SEEN}', '{UNSEEN}') AND m.{end} NOT LIKE '!%'" for end in ("source", "reference")
)
IS_STEERED = f"m.arm = '{MASK}'"
ACTS_IN_MODEL = f"m.arm IN ('{MASK}', '{ERASE}')"
SAME_CONFIGURATION = same_columns(CONFIGURATION, "m", "c")
DEPTH = "CASE WHEN m.layer = 'final' THEN 'infinity'::DOUBLE ELSE TRY_CAST(m.layer AS DOUBLE) END"

VIEWS = {
    "results": f"""
        SELECT c.view, c.within_budget, m.* EXCLUDE (split, view)
        FROM choices c JOIN metrics m ON {SAME_CONFIGURATION}
          AND (m.layer IS NULL OR m.layer = c.layer) AND (m.view IS NULL OR m.view = c.view)
        WHERE m.split = 'test'""",
    "headline": """
        SELECT * FROM results WHERE metric = 'top1' AND source = '*' AND reference = '*'""",
    "by_layer": f"""
        SELECT m.experiment, m.revision, m.target, m.arm, m.metric, m.embedding_pooling, m.layer,
               {DEPTH} AS depth, avg(m.value) AS value, min(m.value) AS least, max(m.value) AS most,
               count(*) AS draws
        FROM choices c JOIN metrics m ON {SAME_CONFIGURATION}
        WHERE c.view = 'same_layer' AND m.split = 'test' AND m.layer IS NOT NULL AND {MEAN_OF_PAIRS}
        GROUP BY ALL ORDER BY ALL""",
    "by_pair": f"""
        SELECT experiment, revision, target, arm, metric, embedding_pooling, source, reference,
               layer, avg(value) AS value, count(*) AS draws
        FROM results m
        WHERE view = 'same_layer' AND {ONE_LANGUAGE_EACH}
        GROUP BY ALL ORDER BY ALL""",
    "efficiency": f"""
        SELECT experiment, revision, target, n AS sentences, metric LIKE '%{HALVES_SUFFIX}' AS halves,
               avg(value) FILTER (metric = '{TOP1_FROM_SENTENCES}') AS top1,
               min(value) FILTER (metric = '{TOP1_FROM_SENTENCES}') AS least,
               max(value) FILTER (metric = '{TOP1_FROM_SENTENCES}') AS most,
               avg(value) FILTER (metric LIKE '{EXPERT_JACCARD}%') AS jaccard,
               avg(value) FILTER (metric LIKE '{SCORE_CORRELATION}%') AS correlation,
               count(DISTINCT draw) AS draws
        FROM metrics
        WHERE metric = '{TOP1_FROM_SENTENCES}' OR metric LIKE '{EXPERT_JACCARD}%'
           OR metric LIKE '{SCORE_CORRELATION}%'
        GROUP BY ALL ORDER BY ALL""",
    "front": f"""
        WITH judged AS (
            SELECT {", ".join(f"m.{name}" for name in CONFIGURATION)}, m.layer,
                   m.value AS top1, coalesce(cost.value, 1) AS cost
            FROM metrics m
            JOIN (SELECT DISTINCT experiment, target, layer FROM choices m
                  WHERE view = 'same_layer' AND {ACTS_IN_MODEL}) c
              ON m.experiment = c.experiment AND m.target IS NOT DISTINCT FROM c.target
                AND m.layer = c.layer
            LEFT JOIN metrics cost ON {same_columns(CONFIGURATION, "m", "cost")}
              AND cost.metric = 'cost' AND cost.split = 'dev'
            WHERE m.metric = 'top1' AND m.split = 'dev' AND {ACTS_IN_MODEL}
              AND {MEAN_OF_PAIRS})
        SELECT *, NOT EXISTS (
            SELECT 1 FROM judged better
            WHERE better.experiment = judged.experiment
              AND better.target IS NOT DISTINCT FROM judged.target
              AND better.top1 >= judged.top1 AND better.cost <= judged.cost
              AND (better.top1 > judged.top1 OR better.cost < judged.cost)) AS on_front
        FROM judged ORDER BY experiment, target, cost, top1""",
}
