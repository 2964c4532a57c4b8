"""experiments.yaml: what is read, and that every mistake names its line and its remedy."""

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from polysteer.config import load_experiments
from polysteer.config.experiments import find_experiment
from polysteer.config.section import Section
from polysteer.corpus.text_source import Source
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
        ("    targets: [ja]\n", "", 3, "experiments.tiny lacks the key 'targets'"),
        ("targets: [ja]", "targets: [fr]", 6, "targets: there is no text in 'fr'; there is en, ja"),
        (
            "targets: [ja]",
            "targets: [jp]",
            6,
            "'jp' is not a language code: it is a country's; did you mean 'ja'",
        ),
        ("k: [0.1, 8]", "k: [0.1, 8.5]", 8, "8.5 is neither a fraction below 1 nor a whole number"),
        ("experts: [own, union]", "experts: [owm]", 8, "'owm' is not possible here; did you mean 'own'?"),
        (
            "steer: {}\n    embed: {}\n    evaluate: {controls: 3}",
            "steer: {intervention: erase}\n    evaluate: {efficiency: {sentences: 8}}",
            10,
            "without targets or interventions on neurons there are none",
        ),
        ("controls: 3", "efficiency: {sentences: [8, 8]}", 11, "a number of sentences stands twice"),
        ("controls: 3", "efficiency: {sentences: []}", 11, "sentences is empty; name at least 1"),
        ("controls: 3", "efficiency: {seeds: 3}", 11, "lacks the key 'sentences'"),
        ("k: [0.1, 8]", "sites: [all, attn.ot]", 8, "no site 'attn.ot'; did you mean 'attn.out'?"),
        ("k: [0.1, 8]", "sites: mlp.out", 8, "'mlp.out' is not among collect.sites; valid: mlp.hidden"),
        ("k: [0.1, 8]", "sites: []", 8, "sites is empty; name at least 1"),
        ("k: [0.1, 8]", "sites: [[]]", 8, "a point of the sweep has no site"),
        ("k: [0.1, 8]", "sites: [[all, mlp]]", 8, "'all' stands alone"),
        ("k: [0.1, 8]", "sites: {a: 1}", 8, "there is no site {'a': 1}"),
        ("k: [0.1, 8]", "sites: [mlp, all]", 8, "names mlp.hidden twice"),
        ("collect: {}", "collect: {pool: [max, max]}", 7, "a pooling stands twice in max, max"),
        ("collect: {}", "collect: {pool: []}", 7, "pool is empty; name at least 1"),
        (
            "collect: {}",
            "collect: {pool: [max, median]}",
            7,
            "'median' is not possible here; did you mean 'mean'?",
        ),
        ("collect: {}", "collect: {sites: {a: 1}}", 7, "'mlp.hidden'"),
        ("k: [0.1, 8]", "k: [0.1, null]", 8, "k is null and there is no threshold"),
        ("k: [0.1, 8]", "k: 8, ends: both, threshold: 0.9", 8, "a threshold of 0.9 is for the best neurons"),
        ("steer: {}", "steer: {intervention: erease}", 9, "did you mean 'erase'?"),
        ("steer: {}", "steer: {intervention: []}", 9, "intervention is empty; name at least 1"),
        ("steer: {}", "steer: {erase: {from_blocks: 3}}", 9, "did you mean 'from_block'?"),
        ("steer: {}", "steer: {erase: {method: [leace, lace]}}", 9, "did you mean 'leace'?"),
        ("steer: {}", "steer: {erase: {strength: 2}}", 9, "must be at most 1 (given: 2)"),
        ("steer: {}", "steer: {erase: {shrinkage: 2}}", 9, "must be at most 1 or 'auto' (given: 2)"),
        ("steer: {}", "steer: {erase: {shrinkage: automatic}}", 9, "'auto'"),
        ("steer: {}", "steer: {erase: {fit_languages: [en]}}", 9, "fit_languages names 1; name at least 2"),
        (
            "steer: {}",
            "steer: {erase: {fit_languages: [en, fr]}}",
            9,
            "fit_languages: there is no text in 'fr'",
        ),
        (
            "steer: {}\n    embed: {}",
            "steer: {intervention: erase}\n    embed: {pool: max}",
            10,
            "mean or last",
        ),
        ("[en, ja]", "[en, no]", 5, "YAML reads no as false, so quote no, as in 'no'"),
        ("[en, ja]", "[en, 1e5]", 5, "YAML reads 1e5 as a number, so quote 1e5"),
        ("[en, ja]", "[en, ~]", 5, "YAML reads ~ as nothing, so quote ~"),
        ("[en, ja]", "ja", 5, "must be a list (given: 'ja'); for a single one write [ja]"),
        ("[en, ja]", "[en, zh]", 5, "languages: there is no text in 'zh'; there is de, en, es"),
        ("targets: [ja]", "targets: [off]", 6, "YAML reads off as false, so quote off"),
        ("model: builtin", "model: 5", 4, "must be a section of keys (given: 5)"),
        ("model: builtin", "model: {id: x, dtype: float23}", 4, "did you mean 'float32'?"),
        ("source: builtin", "source: bultin", 5, "there is no source 'bultin'; did you mean 'builtin'?"),
        ("source: builtin, ", "", 5, "experiments.tiny.corpus lacks the key 'source'"),
        ("k: [0.1, 8]", "k: []", 8, "k is empty; name at least 1"),
        ("k: [0.1, 8]", "k: [0.1, .inf]", 8, "rank.k.1: must be a finite number (given: inf)"),
        ("k: [0.1, 8]", "k: true", 8, "rank.k: must be a number (given: true)"),
        ("k: [0.1, 8]", "score: []", 8, "score is empty; name at least 1"),
        ("k: [0.1, 8]", "score: auorc", 8, "'auorc' is not possible here; did you mean 'auroc'?"),
        ("k: [0.1, 8]", "score: LAPE", 8, "did you mean 'lape'?"),
        ("k: [0.1, 8]", "value: []", 8, "value is empty; name at least 1"),
        ("k: [0.1, 8]", "blocks: []", 8, "must be a list of at least 1 or 'all' (given: [])"),
        ("k: [0.1, 8]", "source: fr", 8, "rank.source: there is no text in 'fr'; there is en, ja"),
        ("experts: [own, union]", "experts: []", 8, "experts is empty; name at least 1"),
        ("collect: {}", "collect: {sites: []}", 7, "sites is empty; name at least 1"),
        ("collect: {}", "collect: {sites: [mlp.hiden]}", 7, "did you mean 'mlp.hidden'?"),
        ("collect: {}", "collect:", 7, "must be a section of keys (given: null)"),
        ("steer: {}", "steer: {strength: []}", 9, "strength is empty; name at least 1"),
        ("steer: {}", "steer: {erase: {strength: []}}", 9, "strength is empty; name at least 1"),
        (
            "embed: {}",
            "embed: {layers: al}",
            10,
            "must be a list or 'all' (given: 'al'); did you mean 'all'?",
        ),
        ("embed: {}", "embed: {layers: [0, lst]}", 10, "layers.1: must be a whole number or 'final'"),
        ("embed: {}", "embed: {layers: [1], layer: 2}", 10, "embed.layer: 2 is not among the layers [1]"),
        ("controls: 3", "families: []", 11, "families is empty; name at least 1"),
        ("controls: 3", "families: [retreival]", 11, "did you mean 'retrieval'?"),
        ("controls: 3", "controls: '3'", 11, "must be a whole number (given: '3')"),
        ("controls: 3", "controls: 3.0", 11, "must be a whole number (given: 3.0)"),
        ("controls: 3", f"seed: {2**63}", 11, "must be at most 9223372036854775807"),
        ("controls: 3", "choose: {cost_at_most: .nan}", 11, "must be a finite number (given: nan)"),
        ("controls: 3", "generate: {promts: 3}", 11, "did you mean 'prompts'?"),
        ("schema: 1", "schema: 2", 1, "schema is 2"),
        ("schema: 1", "schema: true", 1, "schema is True"),
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


def test_sections_have_defaults_and_may_be_left_out(tmp_path: Path) -> None:
    sections = ("collect: {}", "rank: {experts: [own, union], k: [0.1, 8]}", "steer: {}", "embed: {}")
    short = GOOD
    for section in (*sections, "evaluate: {controls: 3}"):
        short = short.replace(f"    {section}\n", "")
    assert short.count("\n") == 6
    empty = short + "".join(
        f"    {name}: {{}}\n" for name in ("collect", "rank", "steer", "embed", "evaluate")
    )
    named = load_experiments(write(tmp_path, empty))
    assert load_experiments(write(tmp_path, short)) == named


def test_the_language_that_maps_start_from_may_be_written_in_any_form(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("k: [0.1, 8]", "source: eng_Latn"))
    rank = load_experiments(path).experiments["tiny"].rank
    assert rank.find_source(["ja", "en"]) == "en"


def list_models(base: type[BaseModel]) -> list[type[BaseModel]]:
    """All sections of the file that are made of others."""
    return [model for child in base.__subclasses__() for model in (child, *list_models(child))]


def list_kinds(schema: dict[str, Any]) -> set[str]:
    """What a JSON schema says a value, or each value of a list, may be."""
    inner = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return {schema.get("type", ""), *(kind for one in inner for kind in list_kinds(one))}


def test_nothing_is_taken_for_a_number_or_a_flag() -> None:
    wrong_by_kind = {"integer": [True, "5", 5.0], "number": [True, "5", math.nan], "boolean": [1, "true"]}
    checked = set()
    for model in (*list_models(Section), *list_models(Source)):
        for name, schema in model.model_json_schema()["properties"].items():
            kinds = list_kinds(schema)
            for kind in kinds & set(wrong_by_kind):
                checked.add((kind, name))
                for wrong in wrong_by_kind[kind]:
                    with pytest.raises(ValidationError) as caught:
                        model.model_validate({name: [wrong] if "array" in kinds else wrong})
                    assert name in {problem["loc"][0] for problem in caught.value.errors()}, (model, wrong)
    assert {("number", "k"), ("integer", "seed"), ("integer", "find"), ("boolean", "partial")} < checked


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


def test_points_that_differ_have_labels_that_differ(tmp_path: Path) -> None:
    """Else two masks would be one file."""
    sizes = "[0.1, 0.99994, 0.99995, 0.9999999, 1, 1000, 1234567, 1234568, 0.12345671, 0.12345672]"
    text = GOOD.replace("k: [0.1, 8]", f"k: {sizes}").replace("experts: [own, union], ", "")
    text = text.replace("steer: {}", "steer: {intervention: [set, erase], strength: [0.5, 0.50000001]}")
    experiment = load_experiments(write(tmp_path, text)).experiments["tiny"]
    points = [*experiment.candidates(), *experiment.erasures()]
    assert len({point.label for point in points}) == len(points) == 22
    usual = experiment.candidates()[0]
    assert usual.label == "ap-own-k0.1-token_median-set-s0.5"
    assert usual._replace(k=1000000.0).mask_label == "ap-own-k1e+06-token_median"
