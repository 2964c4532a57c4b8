"""`steer generate`: what a model writes without and with a mask, side by side."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polysteer.cli.model_options import (
    DeviceMapOption,
    DeviceOption,
    DtypeOption,
    InterventionOption,
    ModelArgument,
    PickleOption,
    RevisionOption,
    SiteOption,
    StrengthOption,
    TrustOption,
    parse_overrides,
)
from polysteer.cli.options import JsonOption
from polysteer.cli.output import print_json, print_table
from polysteer.cli.progress import tell

if TYPE_CHECKING:
    from polysteer.corpus.identification import LanguageIdentifier
    from polysteer.models.generation import TextPair


def generate(
    model: ModelArgument,
    mask_file: Annotated[Path, typer.Option("--mask", help="A mask file.")],
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="May be repeated; left out: a prompt per line of stdin."),
    ] = None,
    json: JsonOption = False,
    strength: StrengthOption = 1.0,
    intervention: InterventionOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws, the same anew for every prompt.")] = 0,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1)] = 60,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0: the likeliest token.")] = 0.8,
    top_p: Annotated[float, typer.Option("--top-p", min=0.01, max=1)] = 0.95,
    among: Annotated[
        str | None, typer.Option("--among", help="The languages to tell apart, with commas between.")
    ] = None,
    revision: RevisionOption = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    device_map: DeviceMapOption = None,
    site: SiteOption = None,
    trust_remote_code: TrustOption = False,
    allow_pickle: PickleOption = False,
) -> None:
    """Write on from prompts, without the mask and with it, and say which language came out."""
    prompts = prompt or _read_prompts()
    from polysteer.masks.files import load_mask, name_target

    mask = load_mask(mask_file)
    identifier = _open_identifier(among)
    from polysteer.models.generation import Sampling, generate_pairs
    from polysteer.models.loading import load_model

    loaded = load_model(
        model,
        revision=revision,
        dtype=dtype,
        device=device,
        device_map=device_map,
        trust_remote_code=trust_remote_code,
        allow_pickle=allow_pickle,
    )
    pairs = generate_pairs(
        loaded,
        prompts,
        mask,
        Sampling(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed),
        strength=strength,
        intervention=intervention,
        overrides=parse_overrides(site),
    )
    known = {"model": model, "mask": str(mask_file), "target": name_target(mask), "strength": strength}
    _print({**known, "results": [_describe_pair(pair, seed, identifier) for pair in pairs]}, json=json)


def _read_prompts() -> list[str]:
    if sys.stdin.isatty():
        raise typer.BadParameter("give --prompt TEXT, or prompts on stdin, one per line")
    prompts = [line.strip() for line in sys.stdin if line.strip()]
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
    print_table(table)


def _cell(said: dict[str, Any]) -> str:
    language = "" if said["language"] is None else f"\n({said['language']}, {said['probability']:.0%})"
    return f"{said['text'].strip()}{language}"
