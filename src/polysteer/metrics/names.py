"""The names that rows of numbers go by: what a number is called, what is appended to that, and its ends."""

# As source and reference, beside a language: the mean over all of them, those that the erased subspace was
# fitted on, and those it was not.
ALL = "*"
SEEN, UNSEEN = "seen", "unseen"

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
