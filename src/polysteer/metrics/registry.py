"""Every measure, registered once: labels, bounds, docs and what a layer is measured for come from here."""

from collections.abc import Collection

from polysteer.errors import NumericError
from polysteer.metrics import units
from polysteer.metrics.metric import Kind, Metric
from polysteer.metrics.names import CHANCE_SUFFIX, HALVES_SUFFIX, OVER_CHECKPOINTS_SUFFIX

FOUND = Kind("retrieval", units.SHARE, "up", "directions", among_candidates=True)
MINED = FOUND._replace(module="mining")
ALIGNED = Kind("alignment", units.COSINE, "up", "alignment", among_candidates=True)
PROBED = Kind("probes", units.SHARE, "up", "probes")
COMPARED = Kind("comparison", units.PROBABILITY, "down")

PROBES = (
    *PROBED._replace(better="neither").define(
        probe_language="accuracy of a linear probe of the language a sentence is in",
    ),
    *PROBED.define(probe_topic="accuracy of a linear probe of a sentence's topic"),
    *PROBED._replace(module=None).define(
        probe_tag="accuracy of a linear probe of a word's part of speech, of all words together",
    ),
)
CORRELATIONS = Kind("probes", units.CORRELATION, "neither").define(
    abx_language_rank_correlation="Spearman's correlation of language ABX and `probe_language` over layers",
    abx_meaning_rank_correlation="Spearman's correlation of meaning ABX and `probe_topic` over layers",
    abx_language_tag_rank_correlation="Spearman's correlation of language ABX and `probe_tag` over layers",
    abx_meaning_tag_rank_correlation="Spearman's correlation of meaning ABX and `probe_tag` over layers",
)
ALIKE = (
    *Kind("efficiency", units.SHARE, "up").define(
        expert_jaccard="common experts as a share of all, of one choice of `find` sentences and each other",
    ),
    *Kind("efficiency", units.CORRELATION, "up").define(
        score_correlation="Spearman's correlation of all neurons' scores, of one such choice and each other",
    ),
)
COMPARISONS = (
    *Kind("comparison", units.POINTS, "up").define(
        top1_difference="`top1` steered less that of the baseline"
    ),
    *COMPARED.define(
        p_value="two-sided sign-flip test of `top1_difference`",
        p_value_holm="the same after Holm's correction over the targets and erasing in the model",
    ),
    *COMPARED._replace(unit=units.COUNT).define(
        control_rank="1 + how many random draws are at least as good"
    ),
    *COMPARED.define(control_p_value="that over 1 + the number of draws"),
)
REGISTERED = (
    *FOUND.define(
        top1="how often the candidate nearest by cosine is the translation",
        top5="how often the translation is among the five nearest",
    ),
    *FOUND._replace(unit=units.INDEX).define(mrr="mean reciprocal rank of the translation"),
    *MINED.define(
        csls_top1="top-1 by CSLS, 2 cos - r(x) - r(y), where r is the mean cosine with the 4 nearest on the "
        "other side",
        margin_top1="top-1 by the ratio margin, cos / ((r(x) + r(y)) / 2)",
    ),
    *MINED._replace(better="down").define(
        xsim_error="LASER's xSIM: how often the candidate of the highest ratio margin, among the 4 nearest "
        "by cosine, is not the translation",
    ),
    *MINED.define(
        bitext_accuracy="what MTEB calls accuracy of bitext mining, which is `top1` again",
        bitext_f1="MTEB's weighted f1 of queries sorted into one class per candidate: a translation that is "
        "found, and taken by m queries in all, gives 2 / (1 + m)",
    ),
    *FOUND._replace(module=None).define(
        top1_pool="`top1` where the sentences of `find` in the reference language are candidates too",
    ),
    *ALIGNED.define(pair_cosine="cosine of translations"),
    *ALIGNED._replace(better="down").define(random_cosine="cosine of sentences that are no translations"),
    *ALIGNED._replace(unit=units.COSINE_DIFFERENCE).define(cosine_gap="`pair_cosine` less `random_cosine`"),
    *Kind("geometry", units.DISTANCE, "neither", "geometry").define(
        centroid_distance="between the means of two languages' sentences",
        centroid_distance_relative="that, over the root mean square distance of the sentences from their "
        "language's mean",
    ),
    *Kind("geometry", units.INDEX, "up", "geometry").define(
        cka="linear centred kernel alignment: 1 where two languages' sentences lie in one pattern",
    ),
    *Kind("geometry", units.SHARE, "up", "geometry", among_candidates=True).define(
        mexa="how often the translation is the strict best among all, in both directions",
    ),
    *Kind("geometry", units.SHARE, "neither", "separability").define(
        nearest_centroid="how often a sentence lies nearest to its own language's mean, means from `find`",
    ),
    *Kind("geometry", units.SILHOUETTE, "neither", "separability").define(
        silhouette="how much nearer a sentence's own language is than the nearest other, from -1 to 1",
    ),
    *Kind("geometry", units.INDEX, "up", "evenness").define(
        isoscore="evenness of the space: 1 where all directions are used alike, 0 where one is",
    ),
    *Kind("geometry", units.SHARE, "neither", "evenness").define(
        explained_variance="share of the sentences' variance that lies between languages",
    ),
    *Kind("geometry", units.NUMBER, "down", "hubness").define(
        hubness="skewness of how many other sentences, of all languages together, have a sentence among "
        "their 10 nearest by cosine: 0 where all are found alike, large where a few are found by very many",
    ),
    *Kind("abx", units.SHARE, "neither", "abx").define(
        abx_language="how often a sentence is nearer to another of its language than to that other's "
        "translation; chance is one half",
    ),
    *Kind("abx", units.SHARE, "up", "abx").define(
        abx_meaning="how often a sentence is nearer to its translation than to another of that language; "
        "chance is one half",
    ),
    *PROBES,
    *(one.vary(CHANCE_SUFFIX, "of always guessing the commonest label", "neither") for one in PROBES),
    *CORRELATIONS,
    *(one.vary(OVER_CHECKPOINTS_SUFFIX, "over the layers of all checkpoints") for one in CORRELATIONS),
    *Kind("perplexity", units.RATIO, "down").define(
        perplexity="exponential of the mean loss per token of a language's text",
        cost="the larger of two ratios of perplexity, steered over plain: on the target's text, and the "
        "geometric mean over the others; over all languages where there is no target",
    ),
    *Kind("perplexity", units.BITS, "down").define(bits_per_byte="loss per byte of a language's text"),
    *Kind("tokens", units.COUNT, "neither").define(own_tokens="how many tokens are the target's own"),
    *Kind("tokens", units.SHARE, "neither").define(
        own_token_share="share of a language's test text that is the target's own tokens",
        target_mass="summed next-token probability of the target's own tokens, mean over the positions of a "
        "language's test text",
    ),
    *Kind("writing", units.SHARE, "up").define(
        written_in_target="share of continuations that are in the target's language",
        written_in_own="share of continuations that are in their prompt's language",
        identification_accuracy="how often the classifier that tells those languages is right on dev",
    ),
    *Kind("translation", units.OF_100, "up").define(
        chrf="chrF of translations, by sacrebleu",
        bleu="BLEU of translations, by sacrebleu",
        sentence_chrf="mean chrF of single sentences",
    ),
    *Kind("translation", units.DIFFERENCE_OF_100, "up").define(
        sentence_chrf_difference="`sentence_chrf` steered less plain, over the same sentences",
    ),
    *COMPARISONS,
    *Kind("efficiency", units.SHARE, "up", among_candidates=True).define(
        top1_from_sentences="`top1` at the primary layer under the chosen mask as `n` of each language's "
        "`find` sentences make it",
    ),
    *ALIKE,
    *(one.vary(HALVES_SUFFIX, "between two halves of all `find` sentences") for one in ALIKE),
)
METRICS = {one.name: one for one in REGISTERED}


def find_metric(name: str) -> Metric:
    """The metric of this name; refuses one that nobody registered."""
    if name not in METRICS:
        raise NumericError(f"no metric is called {name!r}; define it in polysteer/metrics/registry.py")
    return METRICS[name]


def list_modules(families: Collection[str]) -> list[str]:
    """The modules that measure a layer's space for these families, in the order of the registry."""
    found = (one.module for one in REGISTERED if one.family in families)
    return list(dict.fromkeys(module for module in found if module))
