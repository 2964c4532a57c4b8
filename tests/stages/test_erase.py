"""`erase` from the experiments file to the numbers, worked out again with plain numpy and transformers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from polysteer.config import load_experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.layout import Layout
from polysteer.masks.erasure import draw_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.report import summarize
from polysteer.report.sentences import list_sentences
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages.run import Run
from polysteer.stages.store import build_store
from polysteer.store import query_database
from polysteer.trials.encoded import StoredVectors

SEEN, UNSEEN = ("de", "en", "ja"), ("fr", "tr")
LANGUAGES = (*SEEN, *UNSEEN)
EXPERIMENTS = """\
schema: 1
experiments:
  both:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 30, dev: 8, test: 12}}
    targets: [ja]
    collect: {{sites: [attn.out]}}
    rank: {{k: 0.1, value: token_mean}}
    steer: {{intervention: [set, erase], erase: {{from_block: [1, -1]}}}}
    embed: {{}}
    evaluate: {{controls: 2, resamples: 200, choose: {{cost_at_most: 5, cost_texts: 6}}}}
  alone:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja, fr, tr], find: 30, dev: 8, test: 12}}
    targets: [ja]
    collect: {{}}
    rank: {{}}
    steer:
      intervention: erase
      erase: {{method: [mean_difference, leace], from_block: 1, shrinkage: 0.1, fit_languages: [ja, en, de]}}
    embed: {{}}
    evaluate:
      controls: 3
      distractors: true
      generate: {{prompts: 2, new_tokens: 2}}
      resamples: 200
      choose: {{cost_at_most: 5, cost_texts: 6}}
"""
CHOSEN = "view = 'same_layer' AND arm = 'erase'"


def run_all(folder: Path) -> list[str]:
    """Every stage of every experiment, as `steer run` does; what `embed` says of each."""
    experiments = load_experiments(folder / "experiments.yaml")
    layout, said = Layout(folder / "artifacts"), []
    for name, settings in experiments.experiments.items():
        run = Run(name, settings, layout.experiment(name))
        answers = {stage: stage.perform(run) for stage in (corpus, collect, rank, embed, evaluate)}
        said.append(answers[embed])
    build_store(experiments, layout)
    return said


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """Both experiments after a run; nothing but a run that changes nothing is done to it."""
    folder = tmp_path_factory.mktemp("erased")
    (folder / "experiments.yaml").write_text(EXPERIMENTS.format(model=model_folder))
    run_all(folder)
    return folder


@pytest.fixture(scope="module")
def loaded(model_folder: Path):
    from polysteer.models.loading import load_model

    dtype = load_model(str(model_folder)).model.dtype
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=dtype).eval()
    return model, AutoTokenizer.from_pretrained(model_folder)


@pytest.fixture
def by_hand(loaded):
    """Erases in the decoder layers' outputs by hooks written here, at all tokens but BOS."""
    model, _ = loaded
    handles = []

    def put_on(subspace: LanguageSubspace, strength: float = 1.0) -> None:
        for layer, mean, left, right in zip(
            subspace.metadata.layers, subspace.mean, subspace.left, subspace.right, strict=True
        ):

            def hook(_module, _args, output, mean=mean, projection=left @ right):
                hidden = output[0] if isinstance(output, tuple) else output
                x = hidden.float()
                part = (x - torch.from_numpy(mean)) @ torch.from_numpy(projection)
                part[:, 0] = 0
                changed = (x - strength * part).to(hidden.dtype)
                return (changed, *output[1:]) if isinstance(output, tuple) else changed

            handles.append(model.model.layers[int(layer) - 1].register_forward_hook(hook))

    yield put_on
    for handle in handles:
        handle.remove()


def ask(folder: Path, experiment: str, sql: str) -> list:
    database = folder / "artifacts" / "metrics.duckdb"
    rows = query_database(database, f"{sql} AND experiment = '{experiment}' ORDER BY ALL").rows
    return [row[0] if len(row) == 1 else tuple(row) for row in rows]


def embed_by_hand(loaded, texts: list[str]) -> np.ndarray:
    model, tokenizer = loaded
    rows = []
    for text in texts:
        with torch.no_grad():
            hidden = model.model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        rows.append(hidden[1:].float().mean(0).numpy())
    return np.stack(rows)


def top1_by_hand(vectors: dict[str, np.ndarray], sources=None, references=None) -> float:
    hits = []
    for source in sources or vectors:
        for reference in references or vectors:
            if source == reference:
                continue
            both = (vectors[source], vectors[reference])
            queries, others = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in both)
            cosines = queries @ others.T
            own = np.diag(cosines)
            hits.append(((cosines >= own[:, None]).sum(axis=1) == 1).mean())
    return float(np.mean(hits))


def read_test_by_hand(erased: Path, loaded, experiment: str, languages) -> dict[str, np.ndarray]:
    text = Corpus.read(erased / "artifacts" / experiment / "corpus")
    return {language: embed_by_hand(loaded, text.texts(language, "test")) for language in languages}


def test_the_file_holds_the_span_of_the_means_of_find(erased: Path) -> None:
    subspace = LanguageSubspace.load(erased / "artifacts/both/chosen/erase.safetensors")
    folder = erased / "artifacts/both/vectors/baseline"
    for row, layer in enumerate(subspace.metadata.layers):
        means = np.stack(
            [StoredVectors(folder / f"{name}.find.safetensors").at_layer(layer).mean(0) for name in SEEN]
        ).astype(np.float64)
        centre = means.mean(0)
        basis = np.linalg.svd(means - centre, full_matrices=False)[2][:2]
        np.testing.assert_allclose(subspace.left[row] @ subspace.right[row], basis.T @ basis, atol=1e-4)
        np.testing.assert_allclose(subspace.mean[row], centre, atol=1e-4)
    known = subspace.metadata
    assert (known.method, known.model_family, known.n_blocks) == ("mean_difference", "llama", 3)


@pytest.mark.parametrize(("experiment", "languages"), [("both", SEEN), ("alone", LANGUAGES)])
def test_its_top1_equals_hooks_on_the_decoder_layers(
    erased: Path, loaded, by_hand, experiment: str, languages
) -> None:
    subspace = LanguageSubspace.load(erased / f"artifacts/{experiment}/chosen/erase.safetensors")
    by_hand(subspace)
    vectors = read_test_by_hand(erased, loaded, experiment, languages)
    [(stored, sites, score)] = ask(
        erased,
        experiment,
        f"SELECT value, sites, score FROM headline WHERE {CHOSEN}",
    )
    n_queries = len(languages) * (len(languages) - 1) * 12
    # Batches of another shape may round 16-bit products differently, and turn a query or two.
    assert stored == pytest.approx(top1_by_hand(vectors), abs=3.5 / n_queries)
    first = int(subspace.metadata.layers[0]) - 1
    assert sites in (f"block.out[{first}:]", f"block.out[{first - 3}:]")
    assert score == subspace.metadata.method


def test_its_cost_is_the_geometric_mean_over_all_languages(erased: Path, loaded, by_hand) -> None:
    model, tokenizer = loaded
    text = Corpus.read(erased / "artifacts/both/corpus")

    def mean_losses() -> list[float]:
        found = []
        for language in SEEN:
            nll, n_tokens = 0.0, 0
            for sentence in text.texts(language, "test"):
                ids = tokenizer(sentence, return_tensors="pt")["input_ids"]
                with torch.no_grad():
                    logits = model(input_ids=ids).logits.float()
                nll += torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="sum").item()
                n_tokens += ids.shape[1] - 1
            found.append(nll / n_tokens)
        return found

    plain = mean_losses()
    by_hand(LanguageSubspace.load(erased / "artifacts/both/chosen/erase.safetensors"))
    expected = np.exp(np.mean(np.subtract(mean_losses(), plain)))
    stored = ask(
        erased,
        "both",
        f"SELECT value FROM results WHERE metric = 'cost' AND {CHOSEN}",
    )
    assert stored == [pytest.approx(expected, rel=0.01)]


def test_a_draw_is_a_random_subspace_around_the_same_means(erased: Path, loaded, by_hand) -> None:
    """With one thing to draw for nothing is chosen, so that the draw can be made again from the file."""
    stored = ask(erased, "alone", "SELECT draw, value FROM headline WHERE arm = 'random_subspace'")
    assert [draw for draw, _ in stored] == [0, 1, 2]
    fitted = erased / "artifacts/alone/vectors/erase/fitted/mean_difference/subspace.safetensors"
    by_hand(draw_subspace(LanguageSubspace.load(fitted), seed=0, draw=1))
    vectors = read_test_by_hand(erased, loaded, "alone", LANGUAGES)
    assert stored[1][1] == pytest.approx(top1_by_hand(vectors), abs=3.5 / 240)
    [rank] = ask(
        erased, "alone", "SELECT value FROM results WHERE metric = 'control_rank' AND view = 'same_layer'"
    )
    [own] = ask(erased, "alone", f"SELECT value FROM headline WHERE {CHOSEN}")
    assert rank == 1 + sum(value >= own for _, value in stored)


def test_languages_that_took_no_part_in_the_fit_have_numbers_of_their_own(erased: Path) -> None:
    subspace = LanguageSubspace.load(erased / "artifacts/alone/chosen/erase.safetensors")
    assert subspace.metadata.languages == sorted(SEEN)
    [method] = ask(erased, "alone", f"SELECT score FROM headline WHERE {CHOSEN}")
    kinds = {"seen": SEEN, "unseen": UNSEEN}
    for arm, condition in (("baseline", "baseline"), ("erase", f"erase/{method}-from1-s1")):
        folder = erased / "artifacts/alone/vectors" / condition
        vectors = {
            name: StoredVectors(folder / f"{name}.test.safetensors").at_layer("final") for name in LANGUAGES
        }
        for source, sources in kinds.items():
            for reference, references in kinds.items():
                stored = ask(
                    erased,
                    "alone",
                    "SELECT value FROM results WHERE metric = 'top1' AND view = 'same_layer' AND "
                    f"arm = '{arm}' AND source = '{source}' AND reference = '{reference}'",
                )
                assert stored == [pytest.approx(top1_by_hand(vectors, sources, references))]


def test_finished_embeddings_are_erased_with_the_same_languages(erased: Path) -> None:
    folder = erased / "artifacts/alone/vectors/baseline"
    find, test = (
        {name: StoredVectors(folder / f"{name}.{split}.safetensors").at_layer("final") for name in LANGUAGES}
        for split in ("find", "test")
    )
    means = np.stack([find[name].astype(np.float64).mean(0) for name in SEEN])
    centre = means.mean(0)
    basis = np.linalg.svd(means - centre, full_matrices=False)[2][:2]
    moved = {name: rows - (rows - centre) @ basis.T @ basis for name, rows in test.items()}
    stored = ask(
        erased,
        "alone",
        "SELECT value FROM results WHERE metric = 'top1' AND view = 'same_layer' AND arm = 'erased' "
        "AND source = 'unseen' AND reference = 'unseen'",
    )
    assert stored == [pytest.approx(top1_by_hand(moved, UNSEEN, UNSEEN))]


def test_sentences_of_find_are_distractors_for_it_too(erased: Path) -> None:
    pools = ask(
        erased,
        "alone",
        f"SELECT DISTINCT candidates FROM results WHERE {CHOSEN} AND source = '*' AND reference = '*' "
        "AND candidates > 12",
    )
    assert pools == [12 + 30]


def test_it_is_tested_together_with_the_targets(erased: Path) -> None:
    of_view = "SELECT arm, value FROM metrics WHERE view = 'same_layer' AND metric = "
    raw, held = (ask(erased, "both", f"{of_view} '{metric}'") for metric in ("p_value", "p_value_holm"))
    assert [name for name, _ in raw] == ["erase", "mask"]
    low, high = sorted(value for _, value in raw)
    expected = {low: min(1, 2 * low), high: min(1, max(2 * low, high))}
    assert dict(held) == {name: pytest.approx(expected[value]) for name, value in raw}


def test_a_second_run_reads_nothing(erased: Path) -> None:
    folder = erased / "artifacts"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/vectors/**/*.safetensors")}
    said = run_all(erased)
    assert said == [
        "1 candidates for each of 1 targets, 2 ways to erase, nothing to read",
        "2 ways to erase, nothing to read",
    ]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_second_run_needs_no_model_to_know_its_blocks(erased: Path, list_imported) -> None:
    for name in ("both", "alone"):
        assert "torch" not in list_imported(erased, "embed", name)


def test_without_neurons_there_are_no_responses_and_no_masks(erased: Path) -> None:
    folder = erased / "artifacts/alone"
    assert [list((folder / name).iterdir()) for name in ("responses", "masks")] == [[], []]
    assert [path.name for path in (folder / "chosen").iterdir()] == ["erase.safetensors"]


def test_a_layer_that_is_not_erased_is_no_layer_of_its_own(erased: Path) -> None:
    layers = ask(erased, "both", "SELECT sites, layer FROM choices WHERE arm = 'erase'")
    assert layers
    for sites, layer in layers:
        first = {"block.out[1:]": 2, "block.out[-1:]": 3}[sites]
        assert layer == "final" or int(layer) >= first


def test_a_report_on_a_target_sets_it_beside_the_mask(erased: Path) -> None:
    [headline] = summarize(erased / "artifacts/metrics.duckdb", experiment="both")
    own = headline.find("erase", "top1")
    random = headline.find("random_subspace", "top1")
    assert own is not None
    assert random is not None
    [stored] = ask(erased, "both", f"SELECT value FROM headline WHERE {CHOSEN}")
    assert own.value == stored
    text = " ".join(list_sentences(headline))
    assert f"Erasing those directions inside the model: {100 * stored:.1f} %" in text
    assert f"as many random directions: {100 * random.value:.1f} % on average" in text


def test_without_masks_the_report_is_about_erasing(erased: Path) -> None:
    [headline] = summarize(erased / "artifacts/metrics.duckdb", experiment="alone")
    summary = headline.summary
    assert (summary.target, summary.name, summary.draws) == (None, "all", 3)
    [stored] = ask(erased, "alone", f"SELECT value FROM headline WHERE {CHOSEN}")
    draws = ask(erased, "alone", "SELECT value FROM headline WHERE arm = 'random_subspace'")
    assert summary.steered == stored
    assert summary.control == pytest.approx(np.mean(draws))
    text = " ".join(list_sentences(headline))
    assert text.startswith("Erasing the languages' directions inside the model ")
    assert "Random directions, chosen the same way" in text
    assert "Between languages that took no part in fitting the subspace: " in text
    assert "k = " not in text
