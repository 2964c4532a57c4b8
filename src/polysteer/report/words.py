"""A report in sentences: what a person asked, answered from the numbers and from nothing else."""

from polysteer.metrics.names import UNSEEN
from polysteer.numbers import write_exactly, write_size
from polysteer.report.data import Report, Summary
from polysteer.report.methods import ERASED_INSIDE, METHODS, STEERED, SUBSPACE_CONTROL, name_method

HEADLINE_DRAWS = 39
SIGNIFICANT = 0.05
UNREADABLE = 1e9
ERASING = "Erasing the languages' directions inside the model"


def tell_report(report: Report) -> str:
    """A few sentences per target: help, control, rivals, cost, other layers, unseen languages."""
    return "\n\n".join(tell_target(report, summary) for summary in report.summaries)


def tell_target(report: Report, summary: Summary) -> str:
    """The answer for one target."""
    return " ".join(list_sentences(report, summary))


def list_sentences(report: Report, summary: Summary) -> list[str]:
    """Help, control, rivals, cost, other layers: what is known of them, in this order."""
    sentences = (
        _tell_gain(report, summary),
        _tell_control(summary),
        _tell_values(report, summary),
        _tell_rivals(report, summary),
        _tell_erasing(report, summary),
        _tell_cost(report, summary),
        _tell_best_layer(report, summary),
        _tell_unseen(report, summary),
    )
    return [sentence for sentence in sentences if sentence]


def tell_briefly(report: Report, summary: Summary) -> str:
    """The answer for one target in one line."""
    verdict = _judge(summary, report.value(summary.target, choose_method(summary), "p_value_holm"))
    parts = [f"{summary.name}: {'steering' if summary.target else 'erasing inside the model'} {verdict}"]
    if summary.control_rank is not None and summary.draws:
        as_good = summary.control_rank - 1
        parts.append(f"{as_good or 'none'} of {summary.draws} random draws did as well")
    if summary.centred is not None and summary.centred > summary.steered:
        parts.append("centring per language does better")
    return "; ".join(parts) + "."


def choose_method(summary: Summary) -> str:
    """The method that a summary is of."""
    return STEERED if summary.target else ERASED_INSIDE


def count_candidates(summary: Summary) -> str:
    """How many sentences a translation is looked for among; not one number where pairs share unlike many."""
    return "the sentences of each pair" if summary.candidates is None else f"{summary.candidates} candidates"


def percent(fraction: float | None) -> str:
    """One decimal, or a dash for what was not measured."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def times(ratio: float | None) -> str:
    """A ratio, or a dash for what was not measured."""
    return "-" if ratio is None else f"x{ratio:.2f}"


def probability(p: float | None) -> str:
    """A p-value without false precision, or a dash for what was not measured."""
    if p is None:
        return "-"
    return f"{p:.4f}" if p < 0.1 else f"{p:.2f}"


def number(value: float | None) -> str:
    """Three digits, more for what is larger, or a dash for what was not measured."""
    if value is None:
        return "-"
    if 999.5 <= abs(value) < UNREADABLE:
        return f"{value:,.0f}"
    return f"{value:#.3g}".removesuffix(".")


def size(k: float | None) -> str:
    """How many experts, or a dash where a threshold alone says it."""
    return "-" if k is None else write_size(k)


def _tell_gain(report: Report, summary: Summary) -> str:
    p_holm = report.value(summary.target, choose_method(summary), "p_value_holm")
    what = f"Steering to {summary.target}" if summary.target else ERASING
    size = f", k = {write_size(summary.k)}" if summary.k is not None else ""
    verdict = _judge(summary, p_holm)
    layer = "the last layer" if summary.layer == "final" else f"layer {summary.layer}"
    numbers = (
        f"mean top-1 over all pairs at {layer} goes from {percent(summary.baseline)} to "
        f"{percent(summary.steered)} ({times(summary.ratio)}) among {count_candidates(summary)}{size}"
        f"{_tell_swept(report, summary)}"
    )
    if summary.ci_low is None or summary.ci_high is None:
        return f"{what} {verdict}: {numbers}."
    test = f"p = {probability(summary.p_value)}"
    corrected = f", {probability(p_holm)} after Holm's correction" if p_holm is not None else ""
    return (
        f"{what} {verdict}: {numbers}; the difference is "
        f"{100 * (summary.steered - summary.baseline):+.1f} points, 95 % interval "
        f"{100 * summary.ci_low:+.1f} to {100 * summary.ci_high:+.1f}, {test}{corrected}."
    )


def _tell_swept(report: Report, summary: Summary) -> str:
    """What dev chose of several interventions, strengths, sites and poolings."""
    swept = report.find_swept(summary)
    acting = f", by {swept.intervention}" if swept and swept.intervention else ""
    acting += f", at strength {write_exactly(swept.strength)}" if swept and swept.strength is not None else ""
    sites = f", experts in {swept.sites.replace('+', ' and ')}" if swept and swept.sites else ""
    pooled = f", responses pooled by {swept.response_pooling}" if swept and swept.response_pooling else ""
    return acting + sites + pooled


def _judge(summary: Summary, p_holm: float | None) -> str:
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


def _tell_values(report: Report, summary: Summary) -> str:
    """Whether it is the experts that matter, or what they are held at, or any language's mask."""
    found = {
        "random neurons held at the experts' values": "random_at_expert_values",
        "the experts with their values permuted": "permuted",
        "the masks of other targets": "other_masks",
    }
    known = [
        f"{name} {percent(top1)}{' (as much as the mask)' if top1 >= summary.steered else ''}"
        for name, method in found.items()
        if (top1 := report.value(summary.target, method, "top1")) is not None
    ]
    return f"On average, {'; '.join(known)}." if known else ""


def _tell_rivals(report: Report, summary: Summary) -> str:
    top1 = {method: report.value(summary.target, method.key, "top1") for method in METHODS}
    start, more = (
        ("Without a mask", " (more than the mask)") if summary.target else ("Outside the model", " (more)")
    )
    known = [
        f"{method.needs_no_mask}: {percent(value)}" + (more * (value > summary.steered))
        for method, value in top1.items()
        if method.needs_no_mask and value is not None
    ]
    return f"{start}, {'; '.join(known)}." if known else ""


def _tell_erasing(report: Report, summary: Summary) -> str:
    """What erasing inside the model does beside the mask that the summary is of."""
    top1 = report.value(summary.target, ERASED_INSIDE, "top1") if summary.target else None
    if top1 is None:
        return ""
    p_holm, cost, random = (
        report.value(summary.target, method, metric)
        for method, metric in (
            (ERASED_INSIDE, "p_value_holm"),
            (ERASED_INSIDE, "cost"),
            (SUBSPACE_CONTROL, "top1"),
        )
    )
    more = " (more than the mask)" if top1 > summary.steered else ""
    text = f"Erasing those directions inside the model: {percent(top1)}{more}"
    text += f", p = {probability(p_holm)} after Holm's correction" if p_holm is not None else ""
    text += f", for {number(cost)} times the perplexity" if cost is not None else ""
    text += f"; as many random directions: {percent(random)} on average" if random is not None else ""
    return text + "."


def _tell_cost(report: Report, summary: Summary) -> str:
    method = choose_method(summary)
    if report.value(summary.target, method, "cost") is None:
        return "What it costs in perplexity is not defined here and counts as 1."
    within = report.value(summary.target, method, "within_budget")
    before = report.find(summary.target, "baseline", "perplexity", source=summary.target, reference=None)
    after = report.find(summary.target, method, "perplexity", source=summary.target, reference=None)
    text = f"It costs {number(summary.cost)} times the perplexity"
    if before and after:
        text += f" (on {summary.target} text from {number(before.value)} to {number(after.value)})"
    if within == 0:
        text += "; no candidate kept to the budget on dev, so the cheapest was taken"
    return text + "."


def _tell_best_layer(report: Report, summary: Summary) -> str:
    before = report.find(summary.target, "baseline", "top1", view="best_layer")
    after = report.find(summary.target, choose_method(summary), "top1", view="best_layer")
    if before is None or after is None:
        return ""
    return (
        f"Each at its own best layer, chosen on dev: {name_method('baseline')} {percent(before.value)} "
        f"(layer {before.layer}), {name_method(choose_method(summary))} {percent(after.value)} "
        f"(layer {after.layer})."
    )


def _tell_unseen(report: Report, summary: Summary) -> str:
    """How what was fitted on some languages does between the others."""
    ways = {
        "baseline": "as they are",
        "erased": "erased in finished embeddings",
        ERASED_INSIDE: "erased inside the model",
    }
    found = {
        way: report.find(summary.target, method, "top1", source=UNSEEN, reference=UNSEEN)
        for method, way in ways.items()
    }
    known = [f"{percent(row.value)} {way}" for way, row in found.items() if row is not None]
    if not known:
        return ""
    return f"Between languages that took no part in fitting the subspace: {', '.join(known)}."
