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
from polysteer.metrics.pairing import align_shared, retrieve_shared
from polysteer.metrics.perplexity import LanguageLoss, measure_cost
from polysteer.metrics.probes import Probe, correlate_ranks, probe_labels, probe_language
from polysteer.metrics.retrieval import Retrieval, retrieve_translations
from polysteer.metrics.separability import find_nearest_centroid, measure_silhouette
from polysteer.metrics.sparse import retrieve_sparse_translations
from polysteer.metrics.vectors import LanguagePair, ordered_pairs

__all__ = [
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
    "PairValues",
    "Probe",
    "Retrieval",
    "TripleScores",
    "adjust_holm",
    "align_shared",
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
    "measure_mexa",
    "measure_silhouette",
    "ordered_pairs",
    "probe_labels",
    "probe_language",
    "rank_among",
    "retrieve_shared",
    "retrieve_sparse_translations",
    "retrieve_translations",
]
