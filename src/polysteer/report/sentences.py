"""A headline in sentences: what a person asked, answered from the numbers and from nothing else."""

from polysteer.arms import ARMS
from polysteer.arms.random_subspace import RANDOM_SUBSPACE
from polysteer.layout import BASELINE, ERASE
from polysteer.metrics.names import UNSEEN
from polysteer.numbers import write_exactly, write_size
from polysteer.report.answer import Summary
from polysteer.report.digits import number, percent, probability, times
from polysteer.report.shown_arms import name_arm
from polysteer.report.summarizing import Headline

HEADLINE_DRAWS = 39
SIGNIFICANT = 0.05
ERASING = "Erasing the languages' directions inside the model"


def list_sentences(headline: Headline) -> list[str]:
    """Help, control, rivals, cost, other layers: what is known of them, in this order."""
    sentences = (
        _tell_gain(headline),
        _tell_control(headline.summary),
        _tell_values(headline),
        _tell_rivals(headline),
        _tell_erasing(headline),
        _tell_cost(headline),
        _tell_best_layer(headline),
        _tell_unseen(headline),
    )
    return [sentence for sentence in sentences if sentence]


def tell_briefly(headline: Headline) -> str:
    """The answer for one target in one line."""
    summary, verdict = headline.summary, _judge(headline)
    parts = [f"{summary.name}: {'steering' if summary.target else 'erasing inside the model'} {verdict}"]
    if summary.control_rank is not None and summary.draws:
        as_good = summary.control_rank - 1
        parts.append(f"{as_good or 'none'} of {summary.draws} random draws did as well")
    if summary.centred is not None and summary.centred > summary.steered:
        parts.append("centring per language does better")
    return "; ".join(parts) + "."


def count_candidates(summary: Summary) -> str:
    """How many sentences a translation is looked for among; not one number where pairs share unlike many."""
    return "the sentences of each pair" if summary.candidates is None else f"{summary.candidates} candidates"


def _tell_gain(headline: Headline) -> str:
    summary = headline.summary
    what = f"Steering to {summary.target}" if summary.target else ERASING
    layer = "the last layer" if summary.layer == "final" else f"layer {summary.layer}"
    size = f", k = {write_size(summary.k)}" if summary.k is not None else ""
    numbers = (
        f"mean top-1 over all pairs at {layer} goes from {percent(summary.baseline)} to "
        f"{percent(summary.steered)} ({times(summary.ratio)}) among {count_candidates(summary)}{size}"
        f"{_tell_swept(headline)}"
    )
    return f"{what} {_judge(headline)}: {numbers}{_tell_test(headline)}."


def _tell_test(headline: Headline) -> str:
    summary, p_holm = headline.summary, headline.value(headline.acting, "p_value_holm")
    if summary.ci_low is None or summary.ci_high is None:
        return ""
    corrected = f", {probability(p_holm)} after Holm's correction" if p_holm is not None else ""
    return (
        f"; the difference is {100 * (summary.steered - summary.baseline):+.1f} points, 95 % interval "
        f"{100 * summary.ci_low:+.1f} to {100 * summary.ci_high:+.1f}, p = {probability(summary.p_value)}"
        f"{corrected}"
    )


def _tell_swept(headline: Headline) -> str:
    """What dev chose of several interventions, strengths, sites and poolings."""
    swept = headline.swept
    told = f", by {swept.intervention}" if swept.intervention else ""
    told += f", at strength {write_exactly(swept.strength)}" if swept.strength is not None else ""
    told += f", experts in {swept.sites.replace('+', ' and ')}" if swept.sites else ""
    return told + (f", responses pooled by {swept.response_pooling}" if swept.response_pooling else "")


def _judge(headline: Headline) -> str:
    summary, p_holm = headline.summary, headline.value(headline.acting, "p_value_holm")
    p = summary.p_value if p_holm is None else p_holm
    if p is None or summary.ci_low is None or summary.ci_high is None:
        return "was not tested against the baseline"
    if p < SIGNIFICANT and summary.ci_low > 0:
        return "helps"
    if p < SIGNIFICANT and summary.ci_high < 0:
        return "hurts"
    return "makes no difference this test can see"


def _tell_control(summary: Summary) -> str:
    drawn, own = ("neurons", "experts") if summary.target else ("directions", "languages' directions")
    if summary.control is None or summary.control_rank is None or not summary.draws:
        return f"No random control was drawn, so nothing says that the {own} matter."
    as_good = summary.control_rank - 1
    p = probability(summary.control_rank / (1 + summary.draws))
    known = f"Random {drawn}, chosen the same way, give {percent(summary.control)} on average"
    few = f"; a headline needs {HEADLINE_DRAWS} draws or more" if summary.draws < HEADLINE_DRAWS else ""
    if as_good == 0:
        return f"{known} and no draw of {summary.draws} does as well (rank 1, p = {p}{few})."
    caveat = f": this is not the {own}' own" if as_good >= SIGNIFICANT * (1 + summary.draws) else ""
    return f"{known} and {as_good} of {summary.draws} draws do at least as well (p = {p}{few}){caveat}."


def _tell_values(headline: Headline) -> str:
    """Whether it is the experts that matter, or what they are held at, or any language's mask."""
    known = [
        f"{arm.as_control} {percent(top1)}{' (as much as the mask)' * (top1 >= headline.summary.steered)}"
        for arm in ARMS
        if arm.as_control and (top1 := headline.value(arm.key, "top1")) is not None
    ]
    return f"On average, {'; '.join(known)}." if known else ""


def _tell_rivals(headline: Headline) -> str:
    of_mask = headline.summary.target is not None
    start, more = ("Without a mask", " (more than the mask)") if of_mask else ("Outside the model", " (more)")
    known = [
        f"{arm.as_rival}: {percent(top1)}" + more * (top1 > headline.summary.steered)
        for arm in ARMS
        if arm.as_rival and (top1 := headline.value(arm.key, "top1")) is not None
    ]
    return f"{start}, {'; '.join(known)}." if known else ""


def _tell_erasing(headline: Headline) -> str:
    """What erasing inside the model does beside the mask that the summary is of."""
    top1 = headline.value(ERASE, "top1") if headline.summary.target else None
    if top1 is None:
        return ""
    p_holm, cost = (headline.value(ERASE, metric) for metric in ("p_value_holm", "cost"))
    random = headline.value(RANDOM_SUBSPACE.key, "top1")
    more = " (more than the mask)" if top1 > headline.summary.steered else ""
    text = f"Erasing those directions inside the model: {percent(top1)}{more}"
    text += f", p = {probability(p_holm)} after Holm's correction" if p_holm is not None else ""
    text += f", for {number(cost)} times the perplexity" if cost is not None else ""
    text += f"; as many random directions: {percent(random)} on average" if random is not None else ""
    return text + "."


def _tell_cost(headline: Headline) -> str:
    target, arm = headline.summary.target, headline.acting
    if headline.value(arm, "cost") is None:
        return "What it costs in perplexity is not defined here and counts as 1."
    before, after = (
        headline.find(name, "perplexity", source=target, reference=None) for name in (BASELINE, arm)
    )
    text = f"It costs {number(headline.summary.cost)} times the perplexity"
    if before and after:
        text += f" (on {target} text from {number(before.value)} to {number(after.value)})"
    if headline.value(arm, "within_budget") == 0:
        text += "; no candidate kept to the budget on dev, so the cheapest was taken"
    return text + "."


def _tell_best_layer(headline: Headline) -> str:
    found = [headline.find(arm, "top1", view="best_layer") for arm in (BASELINE, headline.acting)]
    told = [f"{name_arm(row.arm)} {percent(row.value)} (layer {row.layer})" for row in found if row]
    return f"Each at its own best layer, chosen on dev: {', '.join(told)}." if len(told) == 2 else ""


def _tell_unseen(headline: Headline) -> str:
    """How what was fitted on some languages does between the others."""
    known = [
        f"{percent(row.value)} {arm.between_unseen}"
        for arm in ARMS
        if arm.between_unseen and (row := headline.find(arm.key, "top1", source=UNSEEN, reference=UNSEEN))
    ]
    return (
        f"Between languages that took no part in fitting the subspace: {', '.join(known)}." if known else ""
    )
