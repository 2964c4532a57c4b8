"""`steer masks import|export|declare|publish|pull`: masks to and from other people."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.options import ExperimentArgument, JsonOption, Project, check_out
from polysteer.cli.sheets import print_found
from polysteer.cli.stderr import tell

if TYPE_CHECKING:
    from polysteer.masks.mask import ExpertMask
    from polysteer.sharing.origin import Origin
    from polysteer.sharing.pull import Approve

ModelOption = Annotated[
    str | None, typer.Option("--model", help="The model that the file is for: hub id, folder or builtin.")
]

ReplaceOption = Annotated[bool, typer.Option("--force", help="Replace a file with other content.")]


ExportFormat = Literal["lape", "selfcond", "csv", "parquet"]
FORMAT_BY_SUFFIX: dict[str, ExportFormat] = {".pth": "lape", ".csv": "csv", ".parquet": "parquet"}


def import_masks(
    file: Annotated[Path, typer.Argument(help="LAPE's .neuron.pth, or expertise.csv of ml-selfcond.")],
    languages: Annotated[
        str, typer.Option("--languages", help="The languages of the file, in its order: en,zh,fr.")
    ],
    out: Annotated[
        Path, typer.Option("--out", file_okay=False, help="The folder for one mask file per language.")
    ],
    model: ModelOption = None,
    k: Annotated[
        float | None, typer.Option("--k", help="expertise.csv: only the best, a share below 1 or a count.")
    ] = None,
    value: Annotated[
        str, typer.Option("--value", help="expertise.csv: the column to hold neurons at.")
    ] = "on_p50",
    site: Annotated[
        str | None, typer.Option("--site", help=".neuron.pth: mlp.hidden, the default, or mlp.gate.")
    ] = None,
    force: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Turn another tool's neurons into mask files; what their file does not say stays unknown."""
    from polysteer.corpus.languages import given_forms
    from polysteer.sharing.writing import write_beside

    names = list(given_forms([code.strip() for code in languages.split(",")]))
    masks = _read_foreign(file, names, _find_origin(model), k=k, value=value, site=site)
    paths = [out / f"{mask.metadata.language}.safetensors" for mask in masks]
    with write_beside(paths, replace=force) as temporaries:
        for mask, temporary in zip(masks, temporaries, strict=True):
            mask.save(temporary)
    records, lines = [], []
    for mask, path in zip(masks, paths, strict=True):
        records.append({"language": mask.metadata.language, "n_neurons": len(mask), "path": path})
        lines.append(f"{path}: {len(mask)} neurons, to {mask.metadata.intervention}")
    print_found(records, lines, json=json)


def export_masks(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Mask files.")],
    out: Annotated[Path, typer.Option("--out", callback=check_out, help="The file to write.")],
    format: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="By default as --out ends: .pth lape, .csv, .parquet."),
    ] = None,
    model: ModelOption = None,
    force: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Write masks for another tool, or as a plain table."""
    from polysteer.errors import ConfigError
    from polysteer.masks.mask import ExpertMask
    from polysteer.sharing.writing import write_beside

    chosen = format or FORMAT_BY_SUFFIX.get(out.suffix)
    if chosen is None:
        known = ", ".join(get_args(ExportFormat))
        raise ConfigError(f"{out.name!r} does not say a format; give --format {known}")
    masks = [ExpertMask.load(path) for path in files]
    with write_beside([out], replace=force) as (temporary,):
        _write_foreign(masks, temporary, chosen, model)
    languages = [mask.metadata.language for mask in masks]
    told = f"{out}: {chosen}, {sum(map(len, masks))} neurons of, in this order, {', '.join(languages)}"
    print_found({"path": out, "format": chosen, "languages": languages}, [told], json=json)


@take_groups
def declare(*, experiment: ExperimentArgument = None, project: Project, json: JsonOption = False) -> None:
    """Write the chosen masks of experiments under `artifacts:` of dvc.yaml, from where they are published."""
    from polysteer.config.experiments import find_experiment
    from polysteer.sharing.catalogue import list_masks
    from polysteer.sharing.declare import declare_masks

    experiments = project.load()
    if experiment is not None:
        find_experiment(experiments, experiment, project.file)
    made = list_masks(experiments, project.layout)
    chosen = [entry for entry in made if experiment in (None, entry.experiment)]
    pipeline = project.file.parent / "dvc.yaml"
    new = declare_masks(chosen, pipeline)
    records = [{"name": one.name, "path": one.path} for one in new]
    print_found(records, (f"{one.name}: {one.path}" for one in new), json=json)
    tell(
        f"written into {pipeline}; commit it, then `steer masks publish NAME --version 1.0.0`"
        if new
        else f"nothing to add to {pipeline}: it declares every mask that was chosen"
    )


def publish(
    name: Annotated[str, typer.Argument(help="The artifact's name in dvc.yaml.")],
    version: Annotated[
        str, typer.Option("--version", help="A semantic version that is not used yet: 1.0.0.")
    ],
    git_remote: Annotated[
        str, typer.Option("--git-remote", help="Where the version's tag is pushed to.")
    ] = "origin",
    json: JsonOption = False,
) -> None:
    """Push a mask with DVC and register its version as a git tag, for `pull` and `dvc artifacts get`."""
    from polysteer.sharing.publish import publish_mask

    done = publish_mask(name, version=version, git_remote=git_remote)
    told = f"{done.tag}: {done.path} of commit {done.commit[:10]}, DVC remote {done.dvc_remote}"
    print_found(done, [told], json=json)
    if done.git_remote is None:
        tell("this repository has no git remote, so the tag is in it alone: people pull from its path")


def pull(
    repository: Annotated[str, typer.Argument(metavar="REPO", help="A git URL or a path.")],
    artifact: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="Without version the latest.")],
    out: Annotated[
        Path | None, typer.Option("--out", callback=check_out, help="By default NAME.safetensors here.")
    ] = None,
    force: ReplaceOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to fetch from there.")] = False,
    json: JsonOption = False,
) -> None:
    """Fetch a published mask, check that it is the one that was published, and keep it.

    The repository says where the file is; that is shown, and fetched from once you agree.
    """
    from polysteer.masks.files import describe_content
    from polysteer.sharing.pull import pull_mask

    name, _, version = artifact.partition("@")
    approve = _ask_first(repository, yes=yes)
    got = pull_mask(repository, name, approve=approve, version=version or None, out=out, replace=force)
    known = got.mask.metadata
    records = {key: value for key, value in got._asdict().items() if key != "mask"}
    records["metadata"] = known.model_dump(exclude_none=True)
    told = f"{got.path}: {got.name}@{got.version}, {describe_content(got.mask)}"
    print_found(records, [f"{told}, of {known.model_id or 'an unknown model'}"], json=json)


def _ask_first(repository: str, *, yes: bool) -> "Approve":
    """A question on the terminal, unless it is answered already."""
    from polysteer.errors import SharingError

    def approve(address: object) -> bool:
        tell(f"{repository} keeps its files at {address}")
        if not yes and not sys.stdin.isatty():
            raise SharingError(
                f"nothing is fetched from {address} unasked, and there is no terminal to ask on; give --yes "
                "if you trust it"
            )
        return yes or typer.confirm("Fetch from there?", default=False, err=True)

    return approve


def _find_origin(model: str | None) -> "Origin | None":
    """What is known of the model; of one on the hub that cannot be reached, its name."""
    from polysteer.errors import ModelError
    from polysteer.sharing.origin import Origin, read_origin

    if model is None:
        return None
    try:
        return read_origin(model)
    except ModelError as error:
        if model == "builtin" or Path(model).exists() or model.startswith((".", "/", "~")):
            raise
        tell(f"only the name of the model is recorded, not its shape: {error}")
        return Origin(model)


def _read_foreign(
    file: Path,
    languages: list[str],
    origin: "Origin | None",
    *,
    k: float | None,
    value: str,
    site: str | None,
) -> "list[ExpertMask]":
    from polysteer.errors import ConfigError
    from polysteer.sharing.lape import SITES, import_lape
    from polysteer.sharing.selfcond import import_expertise

    if file.suffix == ".pth":
        return import_lape(file, languages, site=site or SITES[0], origin=origin)
    if file.suffix != ".csv":
        raise ConfigError(f"{file} is neither LAPE's .neuron.pth nor an expertise.csv of ml-selfcond")
    if site is not None:
        raise ConfigError(f"{file} names the sites of its units itself; leave --site {site} out")
    if len(languages) != 1:
        raise ConfigError(f"{file} is about one language, {len(languages)} are named: {', '.join(languages)}")
    return [import_expertise(file, languages[0], k=k, value_column=value, origin=origin)]


def _write_foreign(masks: "list[ExpertMask]", out: Path, format: ExportFormat, model: str | None) -> None:
    from polysteer.errors import ConfigError

    if format == "lape":
        from polysteer.sharing.lape import export_lape

        export_lape(masks, out)
    elif format == "selfcond":
        from polysteer.sharing.selfcond import export_expertise

        if len(masks) != 1:
            raise ConfigError(f"an expertise.csv is about one language; {len(masks)} masks are given")
        origin = _find_origin(model)
        export_expertise(masks[0], out, modules=origin.modules if origin else ())
    else:
        from polysteer.sharing.tables import export_table

        export_table(masks, out)
