"""`steer encode`: the vectors of a file of texts, under a mask."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.model_options import LoadOptions, ModelArgument, SteeringOptions
from polysteer.cli.stderr import show_progress, tell

if TYPE_CHECKING:
    from polysteer.masks.chosen import ChosenSettings
    from polysteer.masks.files import AnyMask


@take_groups
def encode(
    model: ModelArgument,
    *,
    source: Annotated[Path, typer.Option("--in", help="A text file, one text per line; - for stdin.")],
    target: Annotated[Path, typer.Option("--out", help="A .safetensors, .npy or .parquet file.")],
    mask_file: Annotated[
        Path | None, typer.Option("--mask", help="A mask file; left out: the plain model.")
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer", help="final, or a number from 0; left out: as the mask was chosen, else final."
        ),
    ] = None,
    pool: Annotated[
        Literal["mean", "max", "last"] | None,
        typer.Option("--pool", help="Over tokens; left out: as the mask was chosen, else mean."),
    ] = None,
    specials: Annotated[
        bool | None,
        typer.Option(
            "--specials/--no-specials",
            help="Pool special tokens (BOS, CLS) too; left out: as the mask was chosen, else not.",
        ),
    ] = None,
    normalize: Annotated[bool, typer.Option("--normalize", help="Make every vector of length 1.")] = False,
    allow_blank: Annotated[
        bool,
        typer.Option("--allow-blank", help="A line without text has zeros, or the vector of its specials."),
    ] = False,
    steering: SteeringOptions,
    token_budget: Annotated[
        int, typer.Option("--token-budget", min=1, max=2**31, help="Tokens per batch.")
    ] = 4096,
    loading: LoadOptions,
) -> None:
    """Write a vector per line; stopped and run again, it goes on where it was."""
    from polysteer.embeddings.textfile import open_texts
    from polysteer.embeddings.vectorfile import check_target
    from polysteer.masks.files import load_mask

    overrides = loading.read_overrides()
    given = {"layer": _check_layer(layer), "pool": pool, "specials": specials, "dtype": loading.dtype}
    with open_texts(source, allow_blank=allow_blank) as texts:
        check_target(target, inputs=_list_inputs(texts.path, mask_file, model))
        texts.count()
        mask = load_mask(mask_file) if mask_file else None
        settled = steering.settle(mask, **given)
        from polysteer.embeddings.encoder import SteeredEncoder
        from polysteer.embeddings.files import encode_file
        from polysteer.models.identity import identify_model
        from polysteer.models.layers import read_layer

        loaded = loading.load(model, settled)
        encoder = SteeredEncoder(
            loaded,
            mask=mask,
            layer=read_layer(settled.layer),
            pool=settled.pool,
            strength=settled.strength,
            intervention=steering.intervention,
            where=settled.where,
            include_specials=settled.specials,
            overrides=overrides,
            token_budget=token_budget,
        )
        made_with = {
            "model": identify_model(model, revision=loading.revision),
            "dtype": str(loaded.model.dtype),
            "layer": settled.layer,
            "pool": settled.pool,
            "specials": str(settled.specials).lower(),
            "token_budget": str(token_budget),
            "sites": " ".join(loading.site or ()),
        }
        if mask_file and mask:
            made_with |= _describe_mask(mask_file, mask, settled, steering.intervention)
        with show_progress("encode") as progress:
            n_texts = encode_file(
                encoder, texts, target, made_with=made_with, normalize=normalize, progress=progress
            )
    tell(f"{target}: {n_texts} vectors")


def _list_inputs(texts: Path, mask_file: Path | None, model: str) -> list[Path]:
    """What vectors must not be written over."""
    folder = Path(model)
    return [texts, *([mask_file] if mask_file else []), *(folder.iterdir() if folder.is_dir() else [])]


def _describe_mask(
    path: Path, mask: "AnyMask", settled: "ChosenSettings", intervention: str | None
) -> dict[str, str]:
    from polysteer.masks.mask import ExpertMask

    own = mask.metadata.intervention if isinstance(mask, ExpertMask) else "erase"
    return {
        "mask": hashlib.sha256(path.read_bytes()).hexdigest(),
        "strength": str(settled.strength),
        "where": settled.where,
        "intervention": intervention or own,
    }


def _check_layer(text: str | None) -> str | None:
    if text is None or text == "final" or (text.isdecimal() and len(text) <= 6):
        return text and (text if text == "final" else str(int(text)))
    raise typer.BadParameter(f"--layer {text[:20]}: write final, or a number from 0")
