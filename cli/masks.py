"""`steer masks list|show|diff|overlap|verify`: looking at expert masks; the rest is in masks_sharing.py."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polysteer.cli import masks_sharing
from polysteer.cli.groups import take_groups
from polysteer.cli.options import ExperimentOption, JsonOption, Project
from polysteer.cli.sheets import print_found
from polysteer.cli.stderr import tell

if TYPE_CHECKING:
    from polysteer.masks.metadata import MaskMetadata
    from polysteer.masks.sets import Overlap
    from polysteer.masks.subspace_metadata import SubspaceMetadata
    from polysteer.sharing.catalogue import CatalogueEntry

MaskArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A mask file.")]

app = typer.Typer(help="Look at expert masks, check, convert and share them.", no_args_is_help=True)


@app.command("list")
@take_groups
def list_masks(*, json: JsonOption = False, project: Project) -> None:
    """List the masks and language subspaces that the experiments have made."""
    from polysteer.cli.mask_tables import list_catalogue
    from polysteer.sharing.catalogue import list_masks as find_masks

    entries = find_masks(project.load(), project.layout)
    records = [{**entry._asdict(), "metadata": _dump(entry.metadata)} for entry in entries]
    print_found(records, list_catalogue(entries), json=json)
    if not entries:
        tell(f"no masks in {project.artifacts}; `steer rank` makes them")


@app.command("show")
def show(
    mask_file: MaskArgument,
    json: JsonOption = False,
    best: Annotated[int, typer.Option("--best", min=0, help="How many of the best neurons to show.")] = 10,
) -> None:
    """Show what a mask says of itself, where its neurons are, and the best of them."""
    from polysteer.cli.mask_tables import list_mask
    from polysteer.masks.files import describe_content, load_mask
    from polysteer.masks.mask import ExpertMask
    from polysteer.masks.summary import best_neurons, count_by_block

    mask = load_mask(mask_file)
    content = describe_content(mask)
    records: dict[str, Any] = {"path": mask_file, "content": content, "metadata": _dump(mask.metadata)}
    counts, neurons = [], []
    if isinstance(mask, ExpertMask):
        counts, neurons = count_by_block(mask), best_neurons(mask, best)
        records |= {"n_neurons": len(mask), "blocks": counts, "best": neurons}
    print_found(records, list_mask(content, mask.metadata, counts, neurons), json=json)


@app.command("diff")
def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A mask file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another mask file.")],
    json: JsonOption = False,
) -> None:
    """Compare two masks: which neurons they share, in all and by site and block."""
    from polysteer.cli.mask_tables import list_comparison
    from polysteer.masks.mask import ExpertMask
    from polysteer.masks.sets import compare_masks

    found = compare_masks(ExpertMask.load(first), ExpertMask.load(second))
    blocks = [{"site": part.site, "block": part.block, **_count(part.overlap)} for part in found.by_block]
    records = {**_count(found.total), "blocks": blocks}
    print_found(records, list_comparison(found, str(first), str(second)), json=json)


@app.command("overlap")
@take_groups
def overlap(
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILES]...", help="Mask files; left out: all targets of an experiment."),
    ] = None,
    experiment: ExperimentOption = None,
    label: Annotated[
        str | None, typer.Option("--label", help="Which masks of the experiment, see `steer masks list`.")
    ] = None,
    json: JsonOption = False,
    project: Project,
) -> None:
    """Show how many experts each two languages share: Jaccard indices."""
    from polysteer.cli.mask_tables import list_matrix
    from polysteer.masks.mask import ExpertMask
    from polysteer.masks.sets import measure_overlaps
    from polysteer.sharing.catalogue import list_masks as find_masks

    paths = files or _find_label(find_masks(project.load(), project.layout), experiment, label)
    loaded = [ExpertMask.load(path) for path in paths]
    languages = [mask.metadata.language for mask in loaded]
    names = languages if len(set(languages)) == len(languages) else [str(path) for path in paths]
    jaccard = measure_overlaps(loaded).tolist()
    records = {"names": names, "files": paths, "jaccard": jaccard}
    print_found(records, list_matrix(names, jaccard), json=json)


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
        print_found({"path": mask_file, "valid": False, "problem": str(error)}, (), json=True)
        raise typer.Exit(1) from error
    records = {"path": mask_file, "valid": True, "content": content}
    print_found(records, [f"{mask_file}: whole, {content}"], json=json)


app.command("import")(masks_sharing.import_masks)
app.command("export")(masks_sharing.export_masks)
app.command("declare")(masks_sharing.declare)
app.command("publish")(masks_sharing.publish)
app.command("pull")(masks_sharing.pull)


def _dump(known: "MaskMetadata | SubspaceMetadata | None") -> dict[str, Any] | None:
    return known.model_dump(exclude_none=True) if known else None


def _count(overlap: "Overlap") -> dict[str, Any]:
    return {**overlap._asdict(), "jaccard": overlap.jaccard}


def _find_label(entries: "list[CatalogueEntry]", experiment: str | None, label: str | None) -> list[Path]:
    """One mask per language: of the first experiment and label that there are, unless they are named."""
    from polysteer.errors import ConfigError

    masks = [one for one in entries if one.language is not None]
    wanted = [one for one in masks if experiment in (None, one.experiment) and label in (None, one.label)]
    if not wanted:
        labels = ", ".join(dict.fromkeys(one.label for one in masks)) or "none"
        raise ConfigError(
            f"there are no masks of {experiment or 'any experiment'} like that; labels are {labels}"
        )
    first = wanted[0]
    if label is None:
        tell(f"masks of {first.experiment}, {first.label}; choose others with --experiment and --label")
    return [one.path for one in wanted if (one.experiment, one.label) == (first.experiment, first.label)]
