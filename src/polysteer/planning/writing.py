"""What the model has to write for the arms: prompts read, and new tokens one after the other."""

from collections.abc import Iterable

from transformers import PreTrainedTokenizerBase

from polysteer.arms import ARMS
from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.languages import resolve_language
from polysteer.corpus.prompts import build_prompts, list_translation_pairs
from polysteer.models.tokens import tokenize_texts
from polysteer.models.writing import cut_prompts
from polysteer.planning.reading import Job


def list_writing(settings: Experiment, corpus: Corpus, tokenizer: PreTrainedTokenizerBase) -> list[Job]:
    """Without a mask, under each target's, and without the subspace; never less than what will happen."""
    targets = [resolve_language(target, corpus.languages) for target in settings.targets]
    concerned = [of_one for arm in ARMS for of_one in arm.list_writing(settings, targets)]
    continued = [_count_continuations(settings, corpus, tokenizer)] * len(concerned)
    translated = [_count_translations(settings, corpus, tokenizer, those) for those in concerned]
    jobs = []
    for name, counts in (("continuations", continued), ("translations", translated)):
        n_forward, n_new = (sum(column) for column in zip(*counts, strict=True))
        if n_new:
            jobs.append(Job(name, n_forward, n_new, is_written=True))
    return jobs


def _count_continuations(
    settings: Experiment, corpus: Corpus, tokenizer: PreTrainedTokenizerBase
) -> tuple[int, int]:
    """Tokens through the model, and of those the ones it is asked what follows."""
    wanted = settings.evaluate.generate
    if wanted is None:
        return 0, 0
    texts = (corpus.texts(language, "test")[: wanted.prompts] for language in corpus.languages)
    return _count(tokenizer, texts, wanted.prompt_tokens, wanted.new_tokens)


def _count_translations(
    settings: Experiment, corpus: Corpus, tokenizer: PreTrainedTokenizerBase, targets: Iterable[str]
) -> tuple[int, int]:
    wanted = settings.evaluate.translate
    if wanted is None:
        return 0, 0
    pairs = dict.fromkeys(
        pair for target in targets for pair in list_translation_pairs(corpus, target, wanted.directions)
    )
    prompts = (
        build_prompts(
            corpus, pair, sentences=wanted.sentences, shots=wanted.shots, seed=settings.evaluate.seed
        )
        for pair in pairs
    )
    return _count(tokenizer, prompts, None, wanted.new_tokens)


def _count(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[list[str]], n_kept: int | None, n_new: int
) -> tuple[int, int]:
    """The first new token comes with the prompt, and the last is not read again."""
    n_prompt, n_texts = 0, 0
    for rows in texts:
        n_prompt += int(cut_prompts(tokenize_texts(tokenizer, rows), n_kept).n_tokens.sum())
        n_texts += len(rows)
    return n_prompt + n_texts * (n_new - 1), n_texts * n_new
