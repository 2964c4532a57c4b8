"""Numbers from vectors and losses: numpy in, numbers out. Nothing here reads a file or knows a model."""

from polysteer.metrics.abx import Abx, TripleScores, measure_abx
from polysteer.metrics.alignment import Alignment, measure_alignment
from polysteer.metrics.choice import Choice, Judged, choose_at_layer, choose_with_layer
from polysteer.metrics.geometry import (
    CentroidDistances,
    PairValues,
    explain_by_language,
    measure_centroids,
    measure_cka,
    measure_isoscore,
    measure_mexa,
)
from polysteer.metrics.intervals import (
    ControlRank,
    Difference,
    Interval,
    adjust_holm,
    average_pairs,
    bootstrap_mean,
    bootstrap_means,
    compare_paired,
    rank_among,
)
from polysteer.metrics.mass import measure_mass, measure_share, select_own_tokens
from polysteer.metrics.mining import LASER_NEIGHBOURS, Mining, mine_bitext
from polysteer.metrics.pairing import PairNumbers, measure_shared, retrieve_shared
from polysteer.metrics.perplexity import LanguageLoss, measure_cost
from polysteer.metrics.pool import retrieve_among_distractors, retrieve_in_pool
from polysteer.metrics.probes import (
    Probe,
    ProbeByLanguage,
    correlate_ranks,
    probe_labels,
    probe_language,
    probe_rows,
)
from polysteer.metrics.retrieval import Retrieval, retrieve_translations
from polysteer.metrics.separability import find_nearest_centroid, measure_silhouette
from polysteer.metrics.sparse import retrieve_sparse_translations
from polysteer.metrics.vectors import LanguagePair, ordered_pairs

__all__ = [
    "LASER_NEIGHBOURS",
    "Abx",
    "Alignment",
    "CentroidDistances",
    "Choice",
    "ControlRank",
    "Difference",
    "Interval",
    "Judged",
    "LanguageLoss",
    "LanguagePair",
    "Mining",
    "PairNumbers",
    "PairValues",
    "Probe",
    "ProbeByLanguage",
    "Retrieval",
    "TripleScores",
    "adjust_holm",
    "average_pairs",
    "bootstrap_mean",
    "bootstrap_means",
    "choose_at_layer",
    "choose_with_layer",
    "compare_paired",
    "correlate_ranks",
    "explain_by_language",
    "find_nearest_centroid",
    "measure_abx",
    "measure_alignment",
    "measure_centroids",
    "measure_cka",
    "measure_cost",
    "measure_isoscore",
    "measure_mass",
    "measure_mexa",
    "measure_share",
    "measure_shared",
    "measure_silhouette",
    "mine_bitext",
    "ordered_pairs",
    "probe_labels",
    "probe_language",
    "probe_rows",
    "rank_among",
    "retrieve_among_distractors",
    "retrieve_in_pool",
    "retrieve_shared",
    "retrieve_sparse_translations",
    "retrieve_translations",
    "select_own_tokens",
]
