"""`steer encode`: the vectors of a file of texts, under a mask."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

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
from polysteer.cli.progress import show_progress, tell


def encode(
    model: ModelArgument,
    source: Annotated[Path, typer.Option("--in", help="A text file, one text per line.")],
    target: Annotated[Path, typer.Option("--out", help="A .safetensors, .npy or .parquet file.")],
    mask_file: Annotated[
        Path | None, typer.Option("--mask", help="A mask file; left out: the plain model.")
    ] = None,
    layer: Annotated[str, typer.Option("--layer", help="final, or a number from 0.")] = "final",
    pool: Annotated[Literal["mean", "max", "last"], typer.Option("--pool", help="Over tokens.")] = "mean",
    normalize: Annotated[bool, typer.Option("--normalize", help="Make every vector of length 1.")] = False,
    strength: StrengthOption = 1.0,
    intervention: InterventionOption = None,
    token_budget: Annotated[int, typer.Option("--token-budget", min=1, help="Tokens per batch.")] = 4096,
    revision: RevisionOption = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    device_map: DeviceMapOption = None,
    site: SiteOption = None,
    trust_remote_code: TrustOption = False,
    allow_pickle: PickleOption = False,
) -> None:
    """Write a vector per line; stopped and run again, it goes on where it was."""
    from polysteer.embeddings.textfile import count_texts
    from polysteer.embeddings.vectorfile import check_target
    from polysteer.masks.files import load_mask

    chosen_layer, overrides = _parse_layer(layer), parse_overrides(site)
    check_target(target)
    count_texts(source)
    mask = load_mask(mask_file) if mask_file else None
    from polysteer.embeddings.encoder import SteeredEncoder
    from polysteer.embeddings.files import encode_file
    from polysteer.models.identity import identify_model
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
    encoder = SteeredEncoder(
        loaded,
        mask=mask,
        layer=chosen_layer,
        pool=pool,
        strength=strength,
        intervention=intervention,
        overrides=overrides,
        token_budget=token_budget,
    )
    made_with = {
        "model": identify_model(model, revision=revision),
        "dtype": str(loaded.model.dtype),
        "layer": layer,
        "pool": pool,
        "token_budget": str(token_budget),
        "sites": " ".join(site or ()),
    }
    if mask_file:
        digest = hashlib.sha256(mask_file.read_bytes()).hexdigest()
        made_with |= {"mask": digest, "strength": str(strength), "intervention": intervention or "its own"}
    with show_progress("encode") as progress:
        n_texts = encode_file(
            encoder, source, target, made_with=made_with, normalize=normalize, progress=progress
        )
    tell(f"{target}: {n_texts} vectors")


def _parse_layer(text: str) -> int | Literal["final"]:
    if text == "final":
        return "final"
    if not text.isdecimal():
        raise typer.BadParameter(f"--layer {text}: write final, or a number from 0")
    return int(text)
