"""`steer generate`: what a model writes without and with a mask, side by side."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polysteer.cli.model_options import (
    ChosenDtypeOption,
    DeviceMapOption,
    DeviceOption,
    InterventionOption,
    ModelArgument,
    PickleOption,
    RevisionOption,
    SiteOption,
    StrengthOption,
    TrustOption,
    WhereOption,
    parse_overrides,
    settle_on_mask,
)
from polysteer.cli.options import JsonOption
from polysteer.cli.output import print_json, print_table
from polysteer.cli.progress import tell
from polysteer.errors import ConfigError

if TYPE_CHECKING:
    from polysteer.corpus.identification import LanguageIdentifier
    from polysteer.models.generation import TextPair


def generate(
    model: ModelArgument,
    mask_file: Annotated[Path, typer.Option("--mask", help="A mask file.")],
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="May be repeated; left out or -: a prompt per line of stdin."),
    ] = None,
    json: JsonOption = False,
    strength: StrengthOption = None,
    intervention: InterventionOption = None,
    where: WhereOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws, the same anew for every prompt.")] = 0,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1)] = 60,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0: the likeliest token.")] = 0.8,
    top_p: Annotated[float, typer.Option("--top-p", min=0.01, max=1)] = 0.95,
    among: Annotated[
        str | None, typer.Option("--among", help="The languages to tell apart, with commas between.")
    ] = None,
    revision: RevisionOption = None,
    dtype: ChosenDtypeOption = None,
    device: DeviceOption = "auto",
    device_map: DeviceMapOption = None,
    site: SiteOption = None,
    trust_remote_code: TrustOption = False,
    allow_pickle: PickleOption = False,
) -> None:
    """Write on from prompts, without the mask and with it, and say which language came out."""
    prompts = _gather_prompts(prompt or ["-"])
    from polysteer.masks.files import load_mask, name_target

    mask = load_mask(mask_file)
    given = {"strength": strength, "where": where, "dtype": dtype}
    settled = settle_on_mask(mask, given, intervention=intervention)
    identifier = _open_identifier(among)
    from polysteer.models.generation import Sampling, generate_pairs
    from polysteer.models.loading import load_model

    sampling = Sampling(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)

    loaded = load_model(
        model,
        revision=revision,
        dtype=settled.dtype,
        device=device,
        device_map=device_map,
        trust_remote_code=trust_remote_code,
        allow_pickle=allow_pickle,
    )
    pairs = generate_pairs(
        loaded,
        prompts,
        mask,
        sampling,
        strength=settled.strength,
        intervention=intervention,
        where=settled.where,
        overrides=parse_overrides(site),
    )
    known: dict[str, Any] = {"model": model, "mask": str(mask_file), "target": name_target(mask)}
    known |= {"strength": settled.strength, "where": settled.where}
    _print({**known, "results": [_describe_pair(pair, seed, identifier) for pair in pairs]}, json=json)


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


def _print(answer: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(answer)
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_lines=True, pad_edge=False)
    for name in ("prompt", "without", f"with {answer['target']}" if answer["target"] else "erased"):
        table.add_column(name, ratio=1 if name == "prompt" else 2, overflow="fold")
    for row in answer["results"]:
        table.add_row(row["prompt"], *(_cell(row[kind]) for kind in ("plain", "steered")))
    print_table(table, folds=True)


def _cell(said: dict[str, Any]) -> str:
    language = "" if said["language"] is None else f"\n({said['language']}, {said['probability']:.0%})"
    return f"{said['text'].strip()}{language}"
