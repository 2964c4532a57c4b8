"""What is planned is what then happens: stages are run, and what passes the model and stays is counted."""

import json
import shutil

import pyarrow as pa
import pytest

from polysteer.config import Experiment
from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.joining import read_corpus
from polysteer.errors import ConfigError, CorpusError, ModelError, SiteError
from polysteer.layout import Layout
from polysteer.models.backbone import find_backbone
from polysteer.models.loading import load_model
from polysteer.planning import Speed, measure_speed, plan_experiment
from polysteer.planning.jobs import Job
from polysteer.planning.plan import estimate_minutes
from polysteer.stages import collect, corpus, embed, rank
from polysteer.stages.run import Run
from polysteer.trials.choices import load_choices

HEADERS = 4096  # of one file, at most
OF_CHECK = 4 + 4  # tokens read to see that a head is understood
TWO_OWN = {"k": [0.1, 0.3]}


class CountedRun(Run):
    """Counts the tokens that go through the model, and those that go through its head."""

    def _load(self, model):
        loaded = super()._load(model)
        find_backbone(loaded.model).register_forward_pre_hook(self.see_tokens, with_kwargs=True)
        if loaded.model.can_generate():
            loaded.model.get_output_embeddings().register_forward_pre_hook(self.see_states)
        return loaded

    def see_tokens(self, _module, args, given):
        ids, mask = args[0] if args else given["input_ids"], given.get("attention_mask")
        if (ids[:, 0] == 0).all():  # every text begins with <s>, what is read to trace a model does not
            self.counts["forward"] += ids.numel() if mask is None else int(mask.sum())

    def see_states(self, _module, args):
        self.counts["loss"] += args[0].shape[:-1].numel()


def perform_all(settings, folder):
    run = CountedRun("try", settings, Layout(folder).experiment("try"))
    object.__setattr__(run, "counts", {"forward": 0, "loss": 0})
    for stage in (corpus, collect, rank, embed):
        stage.perform(run)
    return run


def measure_files(folder):
    files = [path for path in folder.rglob("*") if path.suffix == ".safetensors"]
    return sum(path.stat().st_size for path in files), len(files)


def test_one_candidate_reads_exactly_what_was_planned(causal_folder, make_experiment, tmp_path):
    fewer = {"sentences": [20, 232], "seeds": 3}  # 232 are all of find
    evaluate = {"controls": 2, "extra_draws": 2, "choose": {"cost_texts": 5}, "efficiency": fewer}
    settings = make_experiment(causal_folder, evaluate=evaluate)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    assert run.counts["forward"] == plan.forward_tokens
    assert run.counts["loss"] - OF_CHECK == plan.loss_tokens
    assert plan.loss_tokens > 0


def test_several_candidates_read_one_choice_less_at_most(causal_folder, make_experiment, tmp_path):
    settings = make_experiment(causal_folder, rank=TWO_OWN)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    chosen = next(job for job in plan.jobs if job.name == "chosen on find, test")
    spared = plan.forward_tokens - run.counts["forward"]
    one_reading = chosen.forward_tokens // 4  # two targets, two views
    assert spared in (0, one_reading, 2 * one_reading)


def test_an_encoder_has_no_losses(encoder_folder, make_experiment, tmp_path):
    settings = make_experiment(encoder_folder)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    assert run.counts == {"forward": plan.forward_tokens, "loss": 0}
    assert plan.loss_tokens == 0


def test_files_are_as_large_as_planned(causal_folder, make_experiment, tmp_path):
    settings = make_experiment(causal_folder)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    places = perform_all(settings, tmp_path / "artifacts").layout
    planned = {item.name: item.n_bytes for item in plan.stored}
    folders = {"responses": [places.responses], "masks": [places.masks, places.chosen]}
    for name, parts in folders.items():
        real, n_files = map(sum, zip(*map(measure_files, parts), strict=True))
        assert 0 <= real - planned[name] <= HEADERS * n_files, name
    real, n_files = measure_files(places.vectors)
    # Both views' layers of the find sentences are planned; where they are one, it is read once.
    n_find = plan.n_sentences["find"]
    choices = [load_choices(places.choice(target)) for target in settings.targets]
    real += sum(2 * 16 * n_find for both in choices if both.same_layer.layer == both.best_layer.layer)
    assert 0 <= real - planned["vectors"] - planned["judgements"] <= HEADERS * n_files


def test_tokens_that_nothing_needs_are_neither_planned_nor_kept(causal_folder, make_experiment, tmp_path):
    """Responses of sentences and three numbers per neuron; with medians over tokens 1,024 more columns."""
    settings = make_experiment(causal_folder, rank={"k": 0.1, "value": "token_mean"})
    corpus = read_corpus(settings.corpus)
    places = perform_all(settings, tmp_path / "artifacts").layout
    real, n_files = measure_files(places.responses)
    planned = {item.name: item.n_bytes for item in plan_experiment(settings, corpus).stored}["responses"]
    assert 0 <= real - planned <= HEADERS * n_files
    with_medians = plan_experiment(make_experiment(causal_folder), corpus)
    n_neurons = with_medians.n_neurons
    more = {item.name: item.n_bytes for item in with_medians.stored}["responses"] - planned
    assert more == 3 * n_neurons * 2 * 1024


def test_losses_leave_a_number_per_token_of_the_vocabulary(causal_folder, make_experiment):
    vectors = []
    for families in (["retrieval"], ["retrieval", "perplexity"]):
        settings = make_experiment(causal_folder, evaluate={"families": families}, rank=TWO_OWN)
        plan = plan_experiment(settings, read_corpus(settings.corpus))
        vectors += [item.n_bytes for item in plan.stored if item.name == "vectors"]
    n_conditions = 1 + 2 * 2  # two targets, two views
    assert vectors[1] - vectors[0] == 4 * 43 * 3 * n_conditions  # 43 tokens, three languages


def test_text_that_is_paired_with_one_language_is_planned_as_it_is_read(
    causal_folder, make_experiment, tmp_path
):
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for code, first in (("fin", 10), ("jpn", 15)):
        for side, start in ((code, first), ("eng", 0)):
            lines = "".join(f"w{start + n % 25} w{n % 40} w{n // 3}\n" for n in range(60))
            (pairs / f"tatoeba.{code}-eng.{side}").write_text(lines)
    text = {"source": "tatoeba", "path": str(pairs), "languages": ["en", "fi", "ja"], "dev": 8, "test": 10}
    settings = make_experiment(causal_folder, corpus=text)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    assert run.counts["forward"] == plan.forward_tokens
    planned = {item.name: item.n_bytes for item in plan.stored}
    real, n_files = measure_files(run.layout.vectors)
    assert 0 <= real - planned["vectors"] - planned["judgements"] <= HEADERS * n_files


@pytest.mark.parametrize(("words", "n_most"), [(20, 20), (0, 0), (100_000, None)])
def test_words_with_tags_are_planned_as_they_are_read(
    causal_folder, make_experiment, tmp_path, words, n_most
):
    trees = tmp_path / "trees"
    trees.mkdir()
    for lang in ("en", "fi"):
        blocks = []
        for n in range(40):
            row = [f"w{n % 40}", f"w{n // 3}", f"w{n}"]
            lines = [f"{i}\t{word}\t_\tX\t_\t_\t0\tdep\t_\t_\n" for i, word in enumerate(row, 1)]
            blocks.append(f"# sent_id = {n}\n# text = {' '.join(row)}\n{''.join(lines)}")
        (trees / f"{lang}_pud-ud-test.conllu").write_text("\n".join(blocks) + "\n")
    text = {"source": "conllu", "path": str(trees), "parallel": ["pud"], "dev": 8, "test": 10}
    embedding = {"token_budget": 60, "words": words}
    settings = make_experiment(causal_folder, corpus=text, targets=["fi"], embed=embedding)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    assert run.counts["forward"] == plan.forward_tokens
    jobs = {job.name: job.forward_tokens for job in plan.jobs}
    n_sentences = 2 * (22 + 10) if n_most is None else 4 * (n_most // 3)  # of three words, after <s>
    assert jobs.get("words with tags", 0) == 4 * n_sentences
    planned = {item.name: item.n_bytes for item in plan.stored}
    files = list(run.layout.vectors.rglob("*.words.safetensors"))
    real = sum(path.stat().st_size for path in files)
    assert bool(files) == (words > 0)
    assert 0 <= real - planned.get("word vectors", 0) <= HEADERS * len(files)


def test_a_union_is_planned_at_its_largest(causal_folder, make_experiment, tmp_path):
    settings = make_experiment(causal_folder, rank={"k": [0.1, 0.3], "experts": ["own", "union"]})
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    planned = {item.name: item.n_bytes for item in plan.stored}
    places = perform_all(settings, tmp_path / "artifacts").layout
    real, n_files = measure_files(places.masks)
    assert real - HEADERS * n_files <= planned["masks"]


def test_weights_take_what_the_loaded_model_takes(causal_folder, make_experiment):
    settings = make_experiment(causal_folder)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    model = load_model(str(causal_folder), device="cpu", dtype="float32").model
    tensors = {tensor.data_ptr(): tensor for tensor in (*model.parameters(), *model.buffers())}
    assert plan.memory.weights == sum(t.numel() * t.element_size() for t in tensors.values())
    assert plan.n_parameters == sum(p.numel() for p in model.parameters())
    assert plan.memory.total > plan.memory.weights


def test_minutes_follow_from_the_speed(causal_folder, make_experiment):
    assert estimate_minutes(Job("any", 7000, 1000), Speed(plain=100.0, with_losses=50.0)) == (60 + 20) / 60
    settings = make_experiment(causal_folder)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    assert plan.minutes(None) is None
    assert plan.minutes(Speed(10.0, 10.0)) == pytest.approx(plan.forward_tokens / 600)


def test_speed_is_measured_on_the_experiment_s_text(causal_folder, make_experiment):
    settings = make_experiment(causal_folder)
    loaded = load_model(str(causal_folder), device="cpu", dtype="float32")
    speed = measure_speed(loaded, read_corpus(settings.corpus), settings)
    assert 100 < speed.with_losses < 1e7
    assert 100 < speed.plain < 1e7


def test_a_site_that_the_model_lacks_is_refused(causal_folder, make_experiment):
    settings = make_experiment(causal_folder, collect={"sites": "mlp.gate"})
    with pytest.raises(SiteError, match=r"has no mlp\.gate"):
        plan_experiment(settings, read_corpus(settings.corpus))


def test_a_folder_that_is_no_whole_model_is_refused(causal_folder, make_experiment, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(causal_folder, folder)
    (folder / "tokenizer.json").write_text("[]")
    settings = make_experiment(folder)
    text = read_corpus(settings.corpus)
    with pytest.raises(ModelError, match="cannot be loaded: TypeError"):
        plan_experiment(settings, text)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 10**6}))
    with pytest.raises(ModelError, match=r"config\.json: num_hidden_layers is 1000000, not"):
        plan_experiment(settings, text)


def test_text_that_cannot_be_compared_is_refused_before_it_is_counted(causal_folder, make_experiment):
    settings = make_experiment(causal_folder)
    text = read_corpus(settings.corpus)
    held = set(text.ids("test", "fi")[:1])
    kept = [
        row
        for row in text.table.to_pylist()
        if (row["lang"], row["split"]) != ("fi", "test") or row["id"] in held
    ]
    with pytest.raises(CorpusError, match="test: 'fi' shares fewer than 2 sentences with every other"):
        plan_experiment(settings, Corpus(pa.Table.from_pylist(kept, schema=SCHEMA)))


def test_checkpoints_without_targets_read_and_keep_what_was_planned(causal_folder, make_experiment, tmp_path):
    for name in ("early", "late"):
        load_model(str(causal_folder)).model.save_pretrained(tmp_path / name)
        load_model(str(causal_folder)).tokenizer.save_pretrained(tmp_path / name)
    checkpoints = [str(tmp_path / "early"), str(tmp_path / "late")]
    described = make_experiment(causal_folder, targets=[]).model_dump()
    described["model"]["checkpoints"] = checkpoints
    settings = Experiment.model_validate(described)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    assert run.counts["forward"] == plan.forward_tokens
    assert run.counts["loss"] - OF_CHECK == plan.loss_tokens
    real, n_files = measure_files(run.layout.folder)
    assert 0 <= real - plan.disk_bytes <= HEADERS * n_files


WRITING = {
    "generate": {"prompts": 3, "new_tokens": 5},
    "translate": {"sentences": 2, "shots": 1, "new_tokens": 6},
}


def test_what_is_written_was_planned(causal_folder, make_experiment, tmp_path):
    without = make_experiment(causal_folder, evaluate={"controls": 0})
    reading = plan_experiment(without, read_corpus(without.corpus))
    settings = make_experiment(causal_folder, evaluate={"controls": 0} | WRITING)
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    assert run.counts["loss"] - OF_CHECK == plan.loss_tokens
    n_texts = 3 * 3 * 3 + 2 * (6 + 4 + 4)  # by language, condition and prompt; by pair and sentence
    assert plan.loss_tokens - reading.loss_tokens == 5 * 27 + 6 * (n_texts - 27)
    continued, translated = plan.jobs[-2:]
    text = read_corpus(settings.corpus)
    n_given = sum(
        1 + min(4, len(row.split())) for lang in text.languages for row in text.texts(lang, "test")[:3]
    )
    assert continued.forward_tokens == 3 * n_given + 27 * (5 - 1)
    assert translated.loss_tokens == 6 * (n_texts - 27)
    assert plan.minutes(Speed(10.0, 10.0)) == reading.minutes(Speed(10.0, 10.0))


def test_an_encoder_that_should_write_is_refused(encoder_folder, make_experiment):
    settings = make_experiment(encoder_folder, evaluate={"translate": {}})
    with pytest.raises(ModelError, match=r"predicts no next token, .* 'translate: null'"):
        plan_experiment(settings, read_corpus(settings.corpus))


@pytest.mark.parametrize("intervention", ["erase", ["set", "erase"]])
def test_erasing_reads_and_keeps_what_was_planned(causal_folder, make_experiment, tmp_path, intervention):
    erase = {"method": ["mean_difference", "leace"], "from_block": 0, "shrinkage": 0.5}
    settings = make_experiment(causal_folder, steer={"intervention": intervention, "erase": erase})
    plan = plan_experiment(settings, read_corpus(settings.corpus))
    run = perform_all(settings, tmp_path / "artifacts")
    choices = load_choices(run.layout.choice("erase"))
    chosen = next(job for job in plan.jobs if job.name == "erased on find, test")
    one_reading = 0 if len(choices.labels) == 2 else chosen.forward_tokens // 2
    assert run.counts["forward"] == plan.forward_tokens - one_reading
    planned = {item.name: item.n_bytes for item in plan.stored}
    real, n_files = measure_files(run.layout.vectors / "erase" / "fitted")
    real += run.layout.chosen_mask("erase").stat().st_size
    assert 0 <= real - planned["subspaces"] <= HEADERS * (n_files + 1)
    assert set(planned) == {"vectors", "judgements", "subspaces"} | (
        set() if intervention == "erase" else {"responses", "masks"}
    )


def test_erasing_what_the_model_or_the_layers_lack_is_refused(causal_folder, make_experiment):
    beyond = make_experiment(causal_folder, steer={"intervention": "erase", "erase": {"from_block": 2}})
    text = read_corpus(beyond.corpus)
    with pytest.raises(ConfigError, match="from_block is 2; the model has blocks 0 to 1"):
        plan_experiment(beyond, text)
    erase = {"intervention": "erase", "erase": {"from_block": 0}}
    lacking = make_experiment(causal_folder, steer=erase, embed={"layers": [1, "final"]})
    with pytest.raises(ConfigError, match=r"embed\.layers lacks 2"):
        plan_experiment(lacking, text)


def test_a_threshold_alone_is_planned_at_its_largest(causal_folder, make_experiment, tmp_path):
    settings = make_experiment(causal_folder, rank={"k": None, "threshold": 0.4})
    planned = {
        item.name: item.n_bytes for item in plan_experiment(settings, read_corpus(settings.corpus)).stored
    }
    places = perform_all(settings, tmp_path / "artifacts").layout
    real, n_files = measure_files(places.masks)
    assert real - HEADERS * n_files <= planned["masks"]
    assert len(list(places.masks.glob("fi/ap-own-threshold-*.safetensors"))) == 1
