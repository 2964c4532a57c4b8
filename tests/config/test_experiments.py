"""experiments.yaml: what is read, and that every mistake names its line and its remedy."""

from pathlib import Path

import pytest

from polysteer.config import load_experiments
from polysteer.config.experiments import find_experiment
from polysteer.errors import ConfigError

GOOD = """\
schema: 1
experiments:
  tiny:
    model: builtin
    corpus: {source: builtin, languages: [en, ja], find: 20, dev: 10, test: 10}
    targets: [ja]
    collect: {}
    rank: {experts: [own, union], k: [0.1, 8]}
    steer: {}
    embed: {}
    evaluate: {controls: 3}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "experiments.yaml"
    path.write_text(text)
    return path


def test_a_good_file_is_read_and_its_sweep_expanded(tmp_path: Path) -> None:
    experiment = load_experiments(write(tmp_path, GOOD)).experiments["tiny"]
    assert experiment.model.id == "builtin"
    labels = [candidate.mask_label for candidate in experiment.candidates()]
    assert labels == [
        "ap-own-k0.1-token_median",
        "ap-own-k8-token_median",
        "ap-union-k0.1-token_median",
        "ap-union-k8-token_median",
    ]


def test_a_scalar_is_a_sweep_of_one_and_presets_stand_for_sites(tmp_path: Path) -> None:
    text = GOOD.replace("collect: {}", "collect: {sites: selfcond}").replace("k: [0.1, 8]", "k: 0.05")
    experiment = load_experiments(write(tmp_path, text)).experiments["tiny"]
    assert experiment.collect.sites == ("attn.qkv", "attn.out", "mlp.up", "mlp.out")
    assert experiment.rank.k == (0.05,)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("evaluate: {controls: 3}", "evaluate: {contrls: 3}", 11, "did you mean 'controls'?"),
        ("evaluate: {controls: 3}", "evaluate: {distractors: dev}", 11, "distractors"),
        ("rank: {experts", "rank: {expert", 8, "did you mean 'experts'?"),
        ("languages: [en, ja]", "langauges: [en, ja]", 5, "did you mean 'languages'?"),
        ("    steer: {}\n", "", 3, "lacks the key 'steer'; write 'steer: {}' for its defaults"),
        ("targets: [ja]", "targets: [fr]", 3, "target 'fr' is not among the languages en, ja"),
        (
            "targets: [ja]",
            "targets: [jp]",
            6,
            "'jp' is not a language code: it is a country's; did you mean 'ja'",
        ),
        ("k: [0.1, 8]", "k: [0.1, 8.5]", 8, "8.5 is neither a fraction below 1 nor a whole number"),
        ("experts: [own, union]", "experts: [owm]", 8, "'own' or 'union'"),
        ("controls: 3", "efficiency: {sentences: [8, 8]}", 11, "a number of sentences stands twice"),
        ("controls: 3", "efficiency: {sentences: []}", 11, "at least 1"),
        ("controls: 3", "efficiency: {seeds: 3}", 11, "lacks the key 'sentences'"),
        ("k: [0.1, 8]", "sites: [all, attn.ot]", 8, "no site 'attn.ot'; did you mean 'attn.out'?"),
        ("k: [0.1, 8]", "sites: mlp.out", 3, "'mlp.out' of rank.sites is not collected; valid: mlp.hidden"),
        ("k: [0.1, 8]", "sites: []", 8, "at least 1 item"),
        ("k: [0.1, 8]", "sites: [[]]", 8, "a point of the sweep has no site"),
        ("k: [0.1, 8]", "sites: [[all, mlp]]", 8, "'all' stands alone"),
        ("k: [0.1, 8]", "sites: {a: 1}", 8, "there is no site {'a': 1}"),
        ("k: [0.1, 8]", "sites: [mlp, all]", 3, "rank.sites names mlp.hidden twice"),
        ("collect: {}", "collect: {pool: [max, max]}", 7, "a pooling stands twice in max, max"),
        ("collect: {}", "collect: {pool: []}", 7, "at least 1 item"),
        ("collect: {}", "collect: {pool: [max, median]}", 7, "'max' or 'mean'"),
        ("collect: {}", "collect: {sites: {a: 1}}", 7, "'mlp.hidden'"),
        ("k: [0.1, 8]", "k: [0.1, null]", 8, "k is null and there is no threshold"),
        ("k: [0.1, 8]", "k: 8, ends: both, threshold: 0.9", 8, "a threshold of 0.9 is for the best neurons"),
        ("steer: {}", "steer: {intervention: erease}", 9, "'transport_linear' or 'erase'"),
        ("steer: {}", "steer: {intervention: []}", 9, "at least 1 item"),
        ("steer: {}", "steer: {erase: {from_blocks: 3}}", 9, "did you mean 'from_block'?"),
        ("steer: {}", "steer: {erase: {method: [leace, lace]}}", 9, "'mean_difference' or 'leace'"),
        ("steer: {}", "steer: {erase: {strength: 2}}", 9, "less than or equal to 1"),
        ("steer: {}", "steer: {erase: {fit_languages: [en]}}", 9, "at least 2 items"),
        ("steer: {}", "steer: {erase: {fit_languages: [en, fr]}}", 3, "'fr' of steer.erase.fit_languages"),
        (
            "steer: {}\n    embed: {}",
            "steer: {intervention: erase}\n    embed: {pool: max}",
            3,
            "mean or last",
        ),
        ("schema: 1", "schema: 2", 1, "schema is 2"),
        ("    model: builtin\n", "    model: builtin\n    model: builtin\n", 5, "stands twice"),
        ("  tiny:", "  metrics:", 3, "cannot be called 'metrics'"),
        ("  tiny:", "  plots:", 3, "not 'metrics' or 'plots'"),
        ("  tiny:", "  inspect:", 3, "cannot be called 'inspect'"),
        ("targets: [ja]", "targets: [ja", 7, "not valid YAML"),
    ],
)
def test_a_mistake_names_its_line_and_the_way_out(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_experiments(path)
    assert says in str(caught.value)
    assert f"experiments.yaml:{line}:" in str(caught.value)


def test_sites_and_poolings_are_points_of_the_sweep(tmp_path: Path) -> None:
    text = GOOD.replace("collect: {}", "collect: {sites: [mlp.out, attn.out, mlp.hidden], pool: [mean, max]}")
    text = text.replace("own, union", "own").replace(
        "k: [0.1, 8]", "k: 8, sites: [all, mlp, [attn.out, mlp.out]]"
    )
    experiment = load_experiments(write(tmp_path, text)).experiments["tiny"]
    assert [candidate.mask_label for candidate in experiment.candidates()] == [
        "ap-own-k8-token_median",
        "ap-own-k8-token_median-mlp.hidden",
        "ap-own-k8-token_median-mlp.out+attn.out",  # in the order of collect
        "ap-own-k8-token_median-max",
        "ap-own-k8-token_median-mlp.hidden-max",
        "ap-own-k8-token_median-mlp.out+attn.out-max",
    ]
    named = text.replace("[all, mlp, [attn.out, mlp.out]]", "[[attn.out, mlp.hidden, mlp.out]]")
    points = load_experiments(write(tmp_path, named)).experiments["tiny"].candidates()
    assert {candidate.sites for candidate in points} == {None}  # all of them by name are all


def test_erasing_is_swept_on_its_own(tmp_path: Path) -> None:
    steer = "steer: {intervention: [erase, set], strength: 0.5, erase: {method: [leace, mean_difference], "
    text = GOOD.replace("steer: {}", steer + "from_block: [2, -1]}}")
    experiment = load_experiments(write(tmp_path, text)).experiments["tiny"]
    assert [erasure.label for erasure in experiment.erasures()] == [
        "leace-from2-s0.5",
        "leace-from-1-s0.5",
        "mean_difference-from2-s0.5",
        "mean_difference-from-1-s0.5",
    ]
    assert {candidate.intervention for candidate in experiment.candidates()} == {"set"}
    own = GOOD.replace(
        "steer: {}", "steer: {intervention: erase, strength: 0.5, erase: {strength: [1, 0.8]}}"
    )
    alone = load_experiments(write(tmp_path, own)).experiments["tiny"]
    assert [erasure.strength for erasure in alone.erasures()] == [1, 0.8]
    assert alone.candidates() == []


def test_a_threshold_alone_names_its_masks(tmp_path: Path) -> None:
    text = GOOD.replace("k: [0.1, 8]", "k: [null, 8], threshold: 0.9").replace("own, union", "own")
    experiment = load_experiments(write(tmp_path, text)).experiments["tiny"]
    labels = [candidate.mask_label for candidate in experiment.candidates()]
    assert labels == ["ap-own-threshold-token_median", "ap-own-k8-token_median"]


def test_several_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("controls: 3", "contrls: 3").replace("k: [0.1, 8]", "kk: 1")
    with pytest.raises(ConfigError) as caught:
        load_experiments(write(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 2


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--file"):
        load_experiments(tmp_path / "experiments.yaml")


def test_an_unknown_experiment_is_answered_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    with pytest.raises(ConfigError, match="did you mean 'tiny'"):
        find_experiment(load_experiments(path), "tinny", path)


def test_checkpoints_are_revisions_folders_or_hub_ids_in_their_order(tmp_path: Path) -> None:
    named = "[step-1, runs/step-2, owner/name, {id: owner/name, revision: v2}, {revision: exp/3}]"
    text = GOOD.replace("model: builtin", f"model: {{id: owner/name, revision: main, checkpoints: {named}}}")
    model = load_experiments(write(tmp_path, text)).experiments["tiny"].model
    assert [one.name for one in model.checkpoints] == [
        "step-1",
        "runs/step-2",
        "owner/name",
        "owner/name@v2",
        "exp/3",
    ]
    states = [model.at(one) for one in model.checkpoints]
    assert [(state.id, state.revision) for state in states] == [
        ("owner/name", "step-1"),
        ("runs/step-2", None),
        ("owner/name", None),
        ("owner/name", "v2"),
        ("owner/name", "exp/3"),
    ]
    assert not any(state.checkpoints for state in states)


@pytest.mark.parametrize(
    ("checkpoints", "says"),
    [
        ("[step-1, step-1]", "the checkpoints 'step-1' and 'step-1' are one, or too alike"),
        ("[a/b, a-b]", "the checkpoints 'a/b' and 'a-b' are one, or too alike"),
        ("[{}]", "this names none"),
        ("[{rev: x}]", "unknown key 'rev' in experiments.tiny.model.checkpoints.0; valid: id, revision"),
    ],
)
def test_checkpoints_that_cannot_be_kept_apart_are_refused(
    tmp_path: Path, checkpoints: str, says: str
) -> None:
    text = GOOD.replace("model: builtin", f"model: {{id: builtin, checkpoints: {checkpoints}}}")
    with pytest.raises(ConfigError) as caught:
        load_experiments(write(tmp_path, text))
    assert says in str(caught.value)
    assert "experiments.yaml:4:" in str(caught.value)


def test_an_experiment_may_have_no_targets(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("targets: [ja]", "targets: []"))
    assert load_experiments(path).experiments["tiny"].targets == ()
