"""`steer masks list|show|diff|overlap|verify`: looking at expert masks; the rest is in masks_sharing.py."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polysteer.cli import masks_sharing
from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    FileOption,
    JsonOption,
)
from polysteer.cli.output import print_json, print_table, print_text
from polysteer.cli.progress import tell

if TYPE_CHECKING:
    from polysteer.sharing.catalogue import CatalogueEntry

MaskArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A mask file.")]

app = typer.Typer(help="Look at expert masks, check, convert and share them.", no_args_is_help=True)


@app.callback()
def masks() -> None:
    """Look at expert masks, check, convert and share them."""


@app.command("list")
def list_masks(
    json: JsonOption = False,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """List the masks and language subspaces that the experiments have made."""
    from polysteer.cli.mask_tables import draw_catalogue

    entries = _read_catalogue(file, artifacts)
    if json:
        print_json([_entry_as_json(entry) for entry in entries])
    else:
        print_table(draw_catalogue(entries))
    if not entries:
        tell(f"no masks in {artifacts}; `steer rank` makes them")


@app.command("show")
def show(
    mask_file: MaskArgument,
    json: JsonOption = False,
    best: Annotated[int, typer.Option("--best", min=0, help="How many of the best neurons to show.")] = 10,
) -> None:
    """Show what a mask says of itself, where its neurons are, and the best of them."""
    from polysteer.cli.mask_tables import draw_mask
    from polysteer.masks.files import describe_content, load_mask
    from polysteer.masks.mask import ExpertMask
    from polysteer.masks.summary import best_neurons, count_by_block

    mask = load_mask(mask_file)
    content, known = describe_content(mask), mask.metadata
    counts = count_by_block(mask) if isinstance(mask, ExpertMask) else []
    neurons = best_neurons(mask, best) if isinstance(mask, ExpertMask) else []
    if json:
        facts: dict[str, object] = {"path": str(mask_file), "content": content}
        facts["metadata"] = known.model_dump(exclude_none=True)
        if isinstance(mask, ExpertMask):
            facts["n_neurons"] = len(mask)
            facts["blocks"] = [count._asdict() for count in counts]
            facts["best"] = [neuron._asdict() for neuron in neurons]
        print_json(facts)
    else:
        print_table(draw_mask(content, known, counts, neurons))


@app.command("diff")
def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A mask file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another mask file.")],
    json: JsonOption = False,
) -> None:
    """Compare two masks: which neurons they share, in all and by site and block."""
    from polysteer.cli.mask_tables import draw_comparison
    from polysteer.masks.mask import ExpertMask
    from polysteer.masks.sets import compare_masks

    found = compare_masks(ExpertMask.load(first), ExpertMask.load(second))
    if json:
        blocks = [
            {
                "site": part.site,
                "block": part.block,
                **part.overlap._asdict(),
                "jaccard": part.overlap.jaccard,
            }
            for part in found.by_block
        ]
        print_json({**found.total._asdict(), "jaccard": found.total.jaccard, "blocks": blocks})
    else:
        print_table(draw_comparison(found, str(first), str(second)))


@app.command("overlap")
def overlap(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILES]...", help="Mask files.")] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", "-e", help="All targets of an experiment instead.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="Which masks of the experiment, see `steer masks list`.")
    ] = None,
    json: JsonOption = False,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """Show how many experts each two languages share: Jaccard indices."""
    from polysteer.cli.mask_tables import draw_matrix
    from polysteer.masks.mask import ExpertMask
    from polysteer.masks.sets import measure_overlaps

    paths = files or _find_label(_read_catalogue(file, artifacts), experiment, label)
    loaded = [ExpertMask.load(path) for path in paths]
    languages = [mask.metadata.language for mask in loaded]
    names = languages if len(set(languages)) == len(languages) else [str(path) for path in paths]
    jaccard = measure_overlaps(loaded).tolist()
    if json:
        print_json({"names": names, "files": [str(path) for path in paths], "jaccard": jaccard})
    else:
        print_table(draw_matrix(names, jaccard))


@app.command("verify")
def verify(
    mask_file: MaskArgument,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Also whether it is for this model."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check a mask file; the exit code is 0 if it can be used and 1 if not."""
    from polysteer.errors import MaskError
    from polysteer.masks.files import describe_content, load_mask
    from polysteer.sharing.origin import check_origin, read_origin

    try:
        mask = load_mask(mask_file)
        if model is not None:
            check_origin(mask, read_origin(model))
        content = describe_content(mask)
    except MaskError as error:
        if not json:
            raise
        print_json({"path": str(mask_file), "valid": False, "problem": str(error)})
        raise typer.Exit(1) from error
    if json:
        print_json({"path": str(mask_file), "valid": True, "content": content})
    else:
        print_text(f"{mask_file}: whole, {content}")


app.command("import")(masks_sharing.import_masks)
app.command("export")(masks_sharing.export_masks)
app.command("declare")(masks_sharing.declare)
app.command("publish")(masks_sharing.publish)
app.command("pull")(masks_sharing.pull)


def _read_catalogue(file: Path, artifacts: Path) -> "list[CatalogueEntry]":
    from polysteer.config import load_experiments
    from polysteer.layout import Layout
    from polysteer.sharing.catalogue import list_masks as find_masks

    return find_masks(load_experiments(file), Layout(artifacts))


def _entry_as_json(entry: "CatalogueEntry") -> dict[str, object]:
    known = entry.metadata.model_dump(exclude_none=True) if entry.metadata else None
    return {**entry._asdict(), "path": str(entry.path), "metadata": known}


def _find_label(entries: "list[CatalogueEntry]", experiment: str | None, label: str | None) -> list[Path]:
    """One mask per language: of the first experiment and label that there are, unless they are named."""
    from polysteer.errors import ConfigError

    entries = [entry for entry in entries if entry.language is not None]
    wanted = [entry for entry in entries if experiment in (None, entry.experiment)]
    wanted = [entry for entry in wanted if label in (None, entry.label)]
    if not wanted:
        labels = ", ".join(dict.fromkeys(entry.label for entry in entries)) or "none"
        raise ConfigError(
            f"there are no masks of {experiment or 'any experiment'} like that; labels are {labels}"
        )
    first = wanted[0]
    if label is None:
        tell(f"masks of {first.experiment}, {first.label}; choose others with --experiment and --label")
    return [
        entry.path for entry in wanted if (entry.experiment, entry.label) == (first.experiment, first.label)
    ]
