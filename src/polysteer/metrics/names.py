"""The names that rows of numbers go by: what a number is called, what is appended to that, and its ends."""

# As source and reference, beside a language: the mean over all of them, those that the erased subspace was
# fitted on, and those it was not.
ALL = "*"
SEEN, UNSEEN = "seen", "unseen"

CHOSEN_SAME_LAYER = "chosen_same_layer"
CHOSEN_BEST_LAYER = "chosen_best_layer"
# What compares a steered run with the baseline or the controls: under its name for the view 'same layer',
# and with the suffix for the view 'own best layer', where either side stands at another layer.
COMPARISONS = ("top1_difference", "p_value", "p_value_holm", "control_rank", "control_p_value")
BEST_LAYER_SUFFIX = "_best_layer"

# Of experts found on fewer sentences: `n` is how many of each language, and a draw is one choice of them.
TOP1_FROM_SENTENCES = "top1_from_sentences"
EXPERT_JACCARD = "expert_jaccard"
SCORE_CORRELATION = "score_correlation"
HALVES_SUFFIX = "_halves"

ABX_LANGUAGE, ABX_MEANING = "abx_language", "abx_meaning"
PROBE_LANGUAGE, PROBE_TOPIC, PROBE_TAG = "probe_language", "probe_topic", "probe_tag"
CHANCE_SUFFIX = "_chance"
RANK_CORRELATION_SUFFIX = "_rank_correlation"
TAG_RANK_CORRELATION_SUFFIX = "_tag_rank_correlation"
OVER_CHECKPOINTS_SUFFIX = "_over_checkpoints"


def excluding(target: str) -> str:
    """How `source` and `reference` say 'every language but this one'."""
    return f"!{target}"
