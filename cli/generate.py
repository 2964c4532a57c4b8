"""`steer generate`: what a model writes without and with a mask, side by side."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.model_options import LoadOptions, ModelArgument, SteeringOptions
from polysteer.cli.options import JsonOption
from polysteer.cli.sheets import print_found
from polysteer.cli.stderr import tell
from polysteer.errors import ConfigError

if TYPE_CHECKING:
    from polysteer.corpus.identification import LanguageIdentifier
    from polysteer.grid import Grid
    from polysteer.models.generation import TextPair


@take_groups
def generate(
    model: ModelArgument,
    *,
    mask_file: Annotated[Path, typer.Option("--mask", help="A mask file.")],
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="May be repeated; left out or -: a prompt per line of stdin."),
    ] = None,
    json: JsonOption = False,
    steering: SteeringOptions,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws, the same anew for every prompt.")] = 0,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1)] = 60,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0: the likeliest token.")] = 0.8,
    top_p: Annotated[float, typer.Option("--top-p", min=0.01, max=1)] = 0.95,
    among: Annotated[
        str | None, typer.Option("--among", help="The languages to tell apart, with commas between.")
    ] = None,
    loading: LoadOptions,
) -> None:
    """Write on from prompts, without the mask and with it, and say which language came out."""
    prompts = _gather_prompts(prompt or ["-"])
    from polysteer.masks.files import load_mask, name_target

    mask = load_mask(mask_file)
    overrides = loading.read_overrides()
    settled = steering.settle(mask, dtype=loading.dtype)
    identifier = _open_identifier(among)
    from polysteer.models.generation import Sampling, generate_pairs

    sampling = Sampling(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)
    loaded = loading.load(model, settled)
    pairs = generate_pairs(
        loaded,
        prompts,
        mask,
        sampling,
        strength=settled.strength,
        intervention=steering.intervention,
        where=settled.where,
        overrides=overrides,
    )
    answer = {
        "model": model,
        "mask": str(mask_file),
        "target": name_target(mask),
        "strength": settled.strength,
        "where": settled.where,
        "results": [_describe_pair(pair, seed, identifier) for pair in pairs],
    }
    print_found(answer, _list_texts(answer), json=json, folds=True)


def _gather_prompts(given: list[str]) -> list[str]:
    """Those on the command line, with those of stdin where `-` stands."""
    prompts: list[str] = []
    for text in given:
        prompts += _read_prompts() if text == "-" else [text]
    if any("\ud800" <= character <= "\udfff" for text in prompts for character in text):
        raise ConfigError("a --prompt is not UTF-8; give it on stdin, or set the locale to UTF-8")
    return prompts


def _read_prompts() -> list[str]:
    if sys.stdin.isatty():
        raise typer.BadParameter("give --prompt TEXT, or prompts on stdin, one per line")
    prompts = []
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            prompts.append(line.decode("utf-8-sig" if number == 1 else "utf-8").strip())
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"line {number} of stdin is not UTF-8 ({error.reason}); convert the text first"
            ) from error
    prompts = [prompt for prompt in prompts if prompt]
    if not prompts:
        raise typer.BadParameter("there is no prompt on stdin; give one per line, or --prompt TEXT")
    return prompts


def _open_identifier(among: str | None) -> "LanguageIdentifier | None":
    """None, and said so, where the extra is not installed: the texts can be read without."""
    from polysteer.corpus.identification import LanguageIdentifier, is_installed

    if among is None and not is_installed():
        tell("languages are not identified: pip install 'polysteer[langid]'")
        return None
    return LanguageIdentifier(among.split(",") if among else None)


def _describe_pair(pair: "TextPair", seed: int, identifier: "LanguageIdentifier | None") -> dict[str, Any]:
    texts = {"plain": _describe(pair.plain, identifier), "steered": _describe(pair.steered, identifier)}
    return {"prompt": pair.prompt, "seed": seed, **texts}


def _describe(text: str, identifier: "LanguageIdentifier | None") -> dict[str, Any]:
    found = identifier.identify(text) if identifier else None
    language, probability = found or (None, None)
    return {"text": text, "language": language, "probability": probability}


def _list_texts(answer: dict[str, Any]) -> "Iterator[Grid]":
    from polysteer.grid import Grid

    steered = f"with {answer['target']}" if answer["target"] else "erased"
    rows = [(row["prompt"], _cell(row["plain"]), _cell(row["steered"])) for row in answer["results"]]
    apart = [part for row in rows for part in ((), row)]
    yield Grid("", ("prompt", "without", steered), tuple(apart[1:]))


def _cell(said: dict[str, Any]) -> str:
    language = "" if said["language"] is None else f"\n({said['language']}, {said['probability']:.0%})"
    return f"{said['text'].strip()}{language}"
