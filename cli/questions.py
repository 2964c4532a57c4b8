"""What `steer report` is asked, its names checked: a wrong one is answered with the nearest that is right."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import typer

from polysteer.cli.options import Project
from polysteer.cli.query import refresh
from polysteer.cli.report import Asked
from polysteer.cli.stderr import tell
from polysteer.config import Experiment, Experiments
from polysteer.config.experiments import find_experiment
from polysteer.config.section import suggest
from polysteer.corpus.languages import resolve_language
from polysteer.errors import ArtifactError, ConfigError, LanguageError
from polysteer.report import Question
from polysteer.report.contents import check_target, list_experiments, list_layers, list_metrics
from polysteer.report.question import View
from polysteer.report.views import VIEWS
from polysteer.store.rows import layer_depth

DETAILS = ("--lang", "--metric", "--layer")


def choose_view(asked: Asked) -> View:
    """One at a time, and with the details that it takes; a metric or a layer alone is a view too."""
    names = [name for name, value in vars(asked).items() if value not in (None, False)]
    given = [f"--{name.replace('_', '-')}" for name in names]
    details = [option for option in DETAILS if option in given]
    named = [view.option for view in VIEWS if view.option in given and view.option not in details]
    if len(named) > 1:
        raise typer.BadParameter(f"{' and '.join(named)} are different questions: ask one at a time")
    alone = "--metric" if {"--metric", "--layer"} & {*details} else ""
    view = next(one for one in VIEWS if one.option == (named[0] if named else alone))
    refused = [option for option in details if option not in view.takes]
    if refused:
        raise typer.BadParameter(f"{view.option} {view.of}: leave out {refused[0]}")
    return view


def steers_nothing(asked: Asked, experiments: Experiments, file: Path) -> bool:
    """Whether nothing that is asked about changes what the model computes."""
    named = _name_asked(asked, experiments, file).values()
    return not any(one.candidates() or one.erasures() for one in named)


def find_question(view: View, asked: Asked, experiments: Experiments, project: Project) -> Question:
    """The question, with every name in it checked: against the file first, then against the numbers."""
    if asked.lang is not None:
        asked = replace(asked, lang=_find_target(asked.lang, experiments) or asked.lang)
    possible = _name_asked(asked, experiments, project.file)
    if asked.compare:
        named = _name_sides(asked, asked.compare, list(experiments.experiments), possible)
    else:
        named = _name_experiments(asked.lang, possible)
    question = Question(
        database=refresh(project),
        experiments=tuple(named),
        target=asked.lang,
        metric=asked.metric or "top1",
        layer=asked.layer,
        sides=asked.compare or ("", ""),
        is_of_one=asked.experiment is not None,
        is_of_all=not (asked.lang or asked.experiment or asked.compare),
        checkpoints={
            name: [checkpoint.name for checkpoint in experiments.experiments[name].model.checkpoints]
            for name in named
        },
    )
    if view.has is not None:
        having = tuple(name for name in named if view.has(question.database, name))
        return replace(question, experiments=having or question.experiments)
    return _check_numbers(question, asked)


def _check_numbers(question: Question, asked: Asked) -> Question:
    """The same of the experiments that have numbers of what is asked."""
    database, named = question.database, list(question.experiments)
    if not (question.is_of_one or asked.compare):
        evaluated = list_experiments(database, steered=asked.metric is None)
        named = [name for name in named if name in evaluated] or named
    if asked.lang is not None and len(named) > 1 and not asked.compare:
        tell(f"{asked.lang} is a target of {', '.join(named)}; showing {named[0]}, choose with --experiment")
        named = named[:1]
    if asked.metric is None:
        _check_steered(database, named)
    having = _check_metric(database, named, question.metric)
    if asked.compare and len(having) < len(named):
        raise ConfigError(f"only {having[0]} has {question.metric}, so it cannot be compared")
    if asked.layer is not None:
        _check_layer(database, having, question.metric, asked.layer)
    for target in question.sides if question.compares_targets else (asked.lang,):
        for name in having:
            if target is not None:
                check_target(database, name, target)
    return replace(question, experiments=tuple(having))


def _name_asked(asked: Asked, experiments: Experiments, file: Path) -> Mapping[str, Experiment]:
    """The experiment that was named, else each of the file."""
    if asked.experiment is None:
        return experiments.experiments
    return {asked.experiment: find_experiment(experiments, asked.experiment, file)}


def _name_experiments(lang: str | None, possible: Mapping[str, Experiment]) -> list[str]:
    """With a language, those that have it as a target."""
    if lang is None:
        return list(possible)
    having = [name for name, one in possible.items() if lang in one.targets]
    if not having:
        hint = suggest(lang, _list_targets(possible))
        raise ConfigError(f"{lang!r} is no target of {', '.join(possible)}{hint}")
    return having


def _list_targets(possible: Mapping[str, Experiment]) -> list[str]:
    return sorted({target for one in possible.values() for target in one.targets})


def _find_target(lang: str, experiments: Experiments) -> str | None:
    """The same language as the file has it: `jpn_Jpan` where that says `ja`."""
    for one in experiments.experiments.values():
        with suppress(LanguageError):
            return lang if lang in one.targets else resolve_language(lang, one.targets)
    return None


def _name_sides(
    asked: Asked, sides: tuple[str, str], names: Sequence[str], possible: Mapping[str, Experiment]
) -> list[str]:
    """Two experiments, or the one experiment that has both names as targets."""
    a, b = sides
    if a == b:
        raise ConfigError(f"--compare was given {a!r} twice; name two different ones")
    if a in names and b in names:
        if asked.experiment is not None:
            raise ConfigError("--compare names both experiments already; leave out --experiment")
        return [a, b]
    having = [name for name, one in possible.items() if {a, b} <= {*one.targets}]
    if not having:
        raise ConfigError(_explain_sides(sides, names, _list_targets(possible)))
    if asked.lang is not None:
        raise ConfigError("--compare names the targets already; leave out --lang")
    if len(having) > 1:
        tell(f"both are targets of {', '.join(having)}; showing {having[0]}, choose with --experiment")
    return having[:1]


def _explain_sides(sides: tuple[str, str], names: Sequence[str], targets: Sequence[str]) -> str:
    """Which of the two names is wrong, or why right ones do not belong together."""
    known = [*names, *targets]
    for side in sides:
        if side not in known:
            return f"--compare: {side!r} is neither an experiment nor a target of one{suggest(side, known)}"
    return (
        f"--compare: {' and '.join(sides)} are not two experiments, nor two targets of one; name "
        f"two experiments ({', '.join(names)}), or two targets of one of them"
    )


def _check_metric(database: Path, named: Sequence[str], metric: str) -> list[str]:
    """The experiments that have this metric."""
    by_experiment = {name: list_metrics(database, name) for name in named}
    known = sorted({one for metrics in by_experiment.values() for one in metrics})
    having = [name for name, metrics in by_experiment.items() if metric in metrics]
    if not having:
        raise ConfigError(f"{', '.join(named)} has no metric {metric!r}{suggest(metric, known)}")
    return having


def _check_steered(database: Path, named: Sequence[str]) -> None:
    steered = list_experiments(database)
    for name in named:
        metrics = list_metrics(database, name)
        if name not in steered:
            raise ArtifactError(
                f"experiment {name!r} steers nothing; ask for one of its metrics with --metric: "
                f"{', '.join(metrics)}"
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
