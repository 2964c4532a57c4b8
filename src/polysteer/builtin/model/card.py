"""The built-in model's card, written from the run that made the model."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from polysteer.builtin.model.training_plan import TrainingPlan

_CURVE_POINTS = 8
_WINDOW = 50


class RunFacts(NamedTuple):
    """What a card says that the plan does not."""

    command: str
    n_parameters: int
    n_data_tokens: int
    losses: Sequence[float]
    perplexity_by_language: Mapping[str, float]
    device: str
    threads: int
    arithmetic: str


def write_card(plan: TrainingPlan, facts: RunFacts) -> str:
    """The card as Markdown."""
    sections = (
        ["# The built-in model", "", _describe_model(plan, facts)],
        ["## Made from", "", *(f"- {line}" for line in _describe_run(plan, facts))],
        [
            *("## Loss", "", f"Nats per token of training text, mean over the {_WINDOW} steps before.", ""),
            *("| step | loss |", "|---:|---:|"),
            *(f"| {step} | {loss:.3f} |" for step, loss in _thin_curve(facts.losses)),
        ],
        [
            *(
                "## Perplexity",
                "",
                "Per token, on sentences of meanings that no training document holds.",
                "",
            ),
            *("| language | perplexity |", "|---|---:|"),
            *(f"| {language} | {value:.2f} |" for language, value in facts.perplexity_by_language.items()),
        ],
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _describe_model(plan: TrainingPlan, facts: RunFacts) -> str:
    shape = (
        f"{plan.n_blocks} blocks of width {plan.width} with {plan.n_heads} heads and gated MLPs of "
        f"{plan.mlp_width}, tied embeddings, a byte-level BPE tokenizer of {plan.vocabulary:,} entries"
    )
    return (
        f"A Llama-class causal language model of {facts.n_parameters:,} parameters: {shape}. It is there "
        "to try expert steering on something small: it knows the few hundred words of the built-in corpus, "
        "and is of no other use."
    )


def _describe_run(plan: TrainingPlan, facts: RunFacts) -> list[str]:
    mix = plan.mix
    n_read = plan.n_steps * plan.rows_per_step * plan.row_tokens
    return [
        f"text: {plan.n_documents:,} documents ({facts.n_data_tokens:,} tokens) about {plan.n_meanings:,} "
        f"meanings of the built-in corpus's training pool, in {', '.join(plan.languages)}",
        f"documents: {mix.monolingual:.0%} in one language, {mix.translations:.0%} translations, "
        f"{mix.phrases:.0%} phrase lists, {mix.words:.0%} word lists, {mix.switched:.0%} code-switching",
        f"steps: {plan.n_steps:,} of {plan.rows_per_step} rows of {plan.row_tokens} tokens; "
        f"{n_read:,} tokens read",
        f"optimiser: AdamW, peak learning rate {plan.peak_learning_rate:g}, {plan.warmup_steps} steps of "
        f"warmup, cosine decay to a tenth, weight decay {plan.weight_decay:g}",
        f"seed {plan.seed}, on {facts.device} with {facts.threads} threads in {facts.arithmetic}",
        f"command: `{facts.command}`",
        f"earlier revisions: {', '.join(f'step-{step}' for step in plan.revision_steps) or 'none'}",
    ]


def _thin_curve(losses: Sequence[float]) -> list[tuple[int, float]]:
    """Some steps, evenly spread to the last one, each with the mean loss of the window that it ends."""
    steps = sorted({-(-len(losses) * point // _CURVE_POINTS) for point in range(1, _CURVE_POINTS + 1)})
    windows = [(step, losses[max(0, step - _WINDOW) : step]) for step in steps]
    return [(step, sum(window) / len(window)) for step, window in windows]
