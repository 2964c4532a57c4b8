"""The `evaluate:` section: which numbers, which controls and rivals, and the rule of choice."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, field_validator

from polysteer.config.section import Section, Sweep
from polysteer.fields import Flag, Number, Whole

Family = Literal["retrieval", "alignment", "geometry", "abx", "probes", "perplexity"]


class ChooseSettings(Section):
    """What is picked on dev, and within which budget."""

    maximize: Literal["top1"] = "top1"
    cost_at_most: Number = Field(1.25, ge=1.0)
    cost_texts: Whole = Field(
        100, ge=1, description="dev sentences per language whose perplexity is the cost"
    )


class EfficiencySettings(Section):
    """Experts from fewer sentences than `find` has: how many per language, and draws of each number."""

    sentences: Sweep[Annotated[Whole, Field(ge=1)]]
    seeds: Whole = Field(3, ge=1, description="draws of sentences; one where all of them are asked for")

    @field_validator("sentences")
    @classmethod
    def _each_once(cls, sentences: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(sentences)) < len(sentences):
            raise ValueError(f"a number of sentences stands twice in {list(sentences)}")
        return sentences

    def count_draws(self, n_sentences: int, n_by_language: Iterable[int]) -> int:
        """All of every language's sentences can be drawn in one way alone."""
        return 1 if set(n_by_language) == {n_sentences} else self.seeds


class FinetuneSettings(Section):
    """A short contrastive fine-tuning of all weights on the translations in `find`: for small models."""

    steps: Whole = Field(200, ge=1)
    batch: Whole = Field(64, ge=2, description="meanings in a step, each in two languages")
    learning_rate: Number = Field(1e-4, gt=0, description="of AdamW, the same at every step")
    temperature: Number = Field(0.05, gt=0, description="cosines are divided by it")


class GenerateSettings(Section):
    """Writing on from the first words of test sentences, without a mask and under the chosen ones."""

    prompts: Whole = Field(20, ge=2, description="test sentences per language, at most")
    prompt_tokens: Whole = Field(4, ge=1, description="tokens of each that are given")
    new_tokens: Whole = Field(24, ge=1, description="tokens that are written, at most")


class TranslateSettings(Section):
    """Translating test sentences after examples, without a mask and under the chosen ones."""

    sentences: Whole = Field(20, ge=2, description="test sentences per pair of languages, at most")
    shots: Whole = Field(4, ge=0, description="find sentences with their translations that stand before")
    new_tokens: Whole = Field(32, ge=1, description="tokens that are written, at most")
    directions: Sweep[Literal["into", "out_of"]] = ("into", "out_of")


class EvaluateSettings(Section):
    """Which numbers, how many random controls, and the rule of choice."""

    families: tuple[Family, ...] = Field(
        ("retrieval", "alignment", "geometry", "abx", "probes", "perplexity"), min_length=1
    )
    controls: Whole = Field(39, ge=0, description="draws of random neurons; 39 or more for a headline")
    distractors: Flag = Field(
        False, description="also look translations up among the sentences of find: the metric top1_pool"
    )
    extra_draws: Whole = Field(
        3,
        ge=0,
        description="draws of the other controls: random neurons at the experts' values, the experts' values "
        "permuted, random directions; 0 leaves them out",
    )
    resamples: Whole = Field(10_000, ge=100, description="bootstrap resamples over sentences")
    seed: Whole = Field(0, ge=0)
    choose: ChooseSettings = ChooseSettings()
    efficiency: EfficiencySettings | None = Field(
        None, description="how the gain grows with the sentences that experts are found on; reads test"
    )
    finetune: FinetuneSettings | None = Field(
        None,
        description="a rival that trains: a second copy of the model, in 32 bits and with gradients, stands "
        "in memory; meant for small models",
    )
    generate: GenerateSettings | None = Field(
        None, description="{} for its defaults; needs a model that writes"
    )
    translate: TranslateSettings | None = Field(
        None,
        description="{} for its defaults; needs a model that writes, and the extra 'translation'",
    )
