"""What `steer report` is asked, its names checked: a wrong one is answered with the nearest that is right."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import typer

from polysteer.cli.progress import tell
from polysteer.config import Experiments, load_experiments
from polysteer.config.experiments import find_experiment
from polysteer.config.section import suggest
from polysteer.corpus.languages import resolve_language
from polysteer.errors import ArtifactError, ConfigError, LanguageError
from polysteer.report import (
    Report,
    check_target,
    list_experiments,
    list_layers,
    list_metrics,
    list_targets,
    merge_reports,
    summarize,
)
from polysteer.store.rows import layer_depth

Sides = tuple[str, str]


@dataclass(frozen=True)
class Asked:
    """The options as they were given."""

    lang: str | None
    experiment: str | None
    metric: str | None
    layer: str | None
    sides: Sides | None


@dataclass(frozen=True)
class Question:
    """Which numbers of which experiments; `sides` are what is compared."""

    database: Path
    experiments: tuple[str, ...]
    target: str | None
    metric: str
    layer: str | None
    sides: Sides | None
    compares_targets: bool

    def summarize(self) -> Report:
        """The headline of what is asked about; nothing where an experiment steers nothing."""
        targets = self.sides if self.compares_targets and self.sides else (self.target,)
        return merge_reports(
            summarize(self.database, experiment=name, target=target)
            for name in self.experiments
            for target in targets
        )


def check_options(views: Mapping[str, object], details: Mapping[str, object]) -> None:
    """One view at a time; the sweep and the upper bound are of top1 at its own layers."""
    asked = [name for name, given in views.items() if given]
    if len(asked) > 1:
        raise typer.BadParameter(f"{' and '.join(asked)} are different questions: ask one at a time")
    refused = [name for name, given in details.items() if given is not None]
    if refused and asked and asked[0] in ("--front", "--oracle"):
        raise typer.BadParameter(
            f"{asked[0]} is of top1, by which dev chooses, at the layers it chose: leave out {refused[0]}"
        )


def find_question(asked: Asked, file: Path, refresh: Callable[[], Path]) -> Question:
    """The question, with every name in it checked: against the file first, then against the numbers."""
    experiments = load_experiments(file)
    if asked.lang is not None:
        asked = replace(asked, lang=_find_target(asked.lang, experiments) or asked.lang)
    named = _name_sides(asked, experiments) if asked.sides else _name_experiments(asked, experiments, file)
    database = refresh()
    if asked.sides is None and asked.experiment is None:
        named = _keep_evaluated(database, named, steered=asked.metric is None)
    if asked.lang is not None and len(named) > 1 and not asked.sides:
        tell(f"{asked.lang} is a target of {', '.join(named)}; showing {named[0]}, choose with --experiment")
        named = named[:1]
    if asked.metric is None:
        _check_steered(database, named)
    compares_targets = asked.sides is not None and len(named) == 1
    metric = asked.metric or "top1"
    having = _check_metric(database, named, metric)
    if asked.sides and len(having) < len(named):
        raise ConfigError(f"only {having[0]} has {metric}, so it cannot be compared")
    named = having
    if asked.layer is not None:
        _check_layer(database, named, metric, asked.layer)
    for target in asked.sides if asked.sides and compares_targets else (asked.lang,):
        for name in named:
            if target is not None:
                check_target(database, name, target)
    return Question(database, tuple(named), asked.lang, metric, asked.layer, asked.sides, compares_targets)


def _name_experiments(asked: Asked, experiments: Experiments, file: Path) -> list[str]:
    """The experiments asked for: with a language, those that have it as a target."""
    if asked.experiment is not None:
        find_experiment(experiments, asked.experiment, file)
    names = [asked.experiment] if asked.experiment else list(experiments.experiments)
    if asked.lang is None:
        return names
    having = [name for name in names if asked.lang in experiments.experiments[name].targets]
    if not having:
        targets = sorted({target for name in names for target in experiments.experiments[name].targets})
        raise ConfigError(f"{asked.lang!r} is no target of {', '.join(names)}{suggest(asked.lang, targets)}")
    return having


def _find_target(lang: str, experiments: Experiments) -> str | None:
    """The same language as the file has it: `jpn_Jpan` where that says `ja`."""
    for one in experiments.experiments.values():
        with suppress(LanguageError):
            return lang if lang in one.targets else resolve_language(lang, one.targets)
    return None


def _name_sides(asked: Asked, experiments: Experiments) -> list[str]:
    """Two experiments, or the one experiment that has both names as targets."""
    assert asked.sides is not None
    if asked.sides[0] == asked.sides[1]:
        raise ConfigError(f"--compare was given {asked.sides[0]!r} twice; name two different ones")
    if all(side in experiments.experiments for side in asked.sides):
        if asked.experiment is not None:
            raise ConfigError("--compare names both experiments already; leave out --experiment")
        return list(asked.sides)
    names = [asked.experiment] if asked.experiment else list(experiments.experiments)
    having = [name for name in names if set(asked.sides) <= set(_list_targets(experiments, name))]
    if not having:
        raise ConfigError(_explain_sides(asked, experiments, names))
    if asked.lang is not None:
        raise ConfigError("--compare names the targets already; leave out --lang")
    if len(having) > 1:
        tell(f"both are targets of {', '.join(having)}; showing {having[0]}, choose with --experiment")
    return having[:1]


def _explain_sides(asked: Asked, experiments: Experiments, names: Sequence[str]) -> str:
    """Which of the two names is wrong, or why right ones do not belong together."""
    targets = {target for name in names for target in _list_targets(experiments, name)}
    known = [*experiments.experiments, *sorted(targets)]
    for side in asked.sides or ():
        if side not in known:
            return f"--compare: {side!r} is neither an experiment nor a target of one{suggest(side, known)}"
    return (
        f"--compare: {' and '.join(asked.sides or ())} are not two experiments, nor two targets of one; name "
        f"two experiments ({', '.join(experiments.experiments)}), or two targets of one of them"
    )


def _list_targets(experiments: Experiments, name: str) -> Sequence[str]:
    found = experiments.experiments.get(name)
    return found.targets if found else ()


def _keep_evaluated(database: Path, named: Sequence[str], *, steered: bool) -> list[str]:
    """Of several experiments those with numbers; if none has any, they stay and are refused by name."""
    evaluated = list_experiments(database, steered=steered)
    return [name for name in named if name in evaluated] or list(named)


def _check_metric(database: Path, named: Sequence[str], metric: str) -> list[str]:
    """The experiments that have this metric."""
    by_experiment = {name: list_metrics(database, name) for name in named}
    for name, metrics in by_experiment.items():
        if not metrics:
            raise ArtifactError(f"experiment {name!r} has no numbers yet; run `steer run {name}`")
    known = sorted({one for metrics in by_experiment.values() for one in metrics})
    having = [name for name, metrics in by_experiment.items() if metric in metrics]
    if not having:
        raise ConfigError(f"{', '.join(named)} has no metric {metric!r}{suggest(metric, known)}")
    return having


def _check_steered(database: Path, named: Sequence[str]) -> None:
    for name in named:
        if not list_targets(database, name) and name not in list_experiments(database):
            metrics = ", ".join(list_metrics(database, name))
            raise ArtifactError(
                f"experiment {name!r} steers nothing; ask for one of its metrics with --metric: {metrics}"
            )


def _check_layer(database: Path, named: Sequence[str], metric: str, layer: str) -> None:
    layers = list(dict.fromkeys(one for name in named for one in list_layers(database, name, metric)))
    if not layers:
        raise ConfigError(f"{metric} is not of a layer; leave out --layer")
    if layer in layers:
        return
    if layer.lstrip("-").isdigit():
        numbered = [one for one in layers if one != "final"] or layers
        nearest = min(numbered, key=lambda one: abs(layer_depth(one) - int(layer)))
    else:
        nearest = min(get_close_matches(layer, layers, n=1), default="")
    hint = f"; did you mean {nearest!r}?" if nearest else ";"
    raise ConfigError(f"{metric} has no layer {layer!r}{hint} it was measured at {', '.join(layers)}")
