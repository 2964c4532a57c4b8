"""Every path and file name in artifacts/."""

import re
from dataclasses import dataclass
from pathlib import Path

# Arms that have files, and so are named by whoever looks for them.
BASELINE = "baseline"  # the condition without a mask
MASK = "mask"
ERASE = "erase"  # in the model; stands in paths where a target does
METRICS_FOLDER, PLOTS_FOLDER = "metrics", "plots"
# No experiment may have one of these names; the last one is a word of `steer corpus inspect`.
RESERVED = (METRICS_FOLDER, PLOTS_FOLDER, "inspect")


def steered_condition(name: str, label: str) -> str:
    """The condition of one point of what is tried under a name: a target's, or that of erasing."""
    return f"{name}/{label}"


def checkpoint_condition(name: str) -> str:
    """The condition of a checkpoint read without a mask, whatever characters its name has."""
    return f"checkpoints/{re.sub(r'[^A-Za-z0-9._@-]+', '-', name).strip('.-')}"


@dataclass(frozen=True)
class ExperimentLayout:
    """Where one experiment's artifacts stand."""

    folder: Path

    @property
    def settings(self) -> Path:
        """Every setting with its default filled in: what the pipeline's steps depend on."""
        return self.folder / "settings.json"

    def made_with(self, step: str) -> Path:
        """The settings that decided the work of a step, beside that work."""
        folders = {
            "corpus": self.corpus,
            "collect": self.responses,
            "rank": self.masks,
            "embed": self.vectors,
        }
        return folders[step] / "settings.json"

    @property
    def corpus(self) -> Path:
        """Text: one Parquet file per language."""
        return self.folder / "corpus"

    @property
    def responses(self) -> Path:
        """Responses by every pooling, and what masks have to say of the model."""
        return self.folder / "responses"

    def pooled(self, pool: str | None) -> Path:
        """Pooled responses and token statistics, in shards; None is the first pooling of a sweep."""
        return self.responses if pool is None else self.responses / f"pooled-{pool}"

    @property
    def model_facts(self) -> Path:
        """What masks have to say of the model that answered."""
        return self.responses / "model.json"

    @property
    def masks(self) -> Path:
        """Scores, values and every mask of the sweep."""
        return self.folder / "masks"

    def scores(self, pool: str | None = None) -> Path:
        """Scores and values of all neurons for all languages; None is the first pooling of a sweep."""
        return self.masks / ("scores.safetensors" if pool is None else f"scores-{pool}.safetensors")

    def mask(self, target: str, label: str) -> Path:
        """One mask of the sweep."""
        return self.masks / target / f"{label}.safetensors"

    @property
    def vectors(self) -> Path:
        """Sentence vectors, token losses, dev judgements and draws of controls."""
        return self.folder / "vectors"

    def shape(self, condition: str) -> Path:
        """Blocks and widths of the model or checkpoint that reads, so that finished work needs no model."""
        return self.vectors / condition / "shape.json"

    def encoded(self, condition: str, split: str, language: str) -> Path:
        """The vectors and losses of one language's split under one condition."""
        return self.vectors / condition / f"{language}.{split}.safetensors"

    def tokens(self, split: str, language: str) -> Path:
        """Which tokens one language's split consists of."""
        return self.vectors / BASELINE / f"{language}.{split}.tokens.safetensors"

    def words(self, condition: str, split: str, language: str) -> Path:
        """The vectors of words of one language's split under one condition."""
        return self.vectors / condition / f"{language}.{split}.words.safetensors"

    def written(self, condition: str, language: str) -> Path:
        """What was written after the first words of one language's test sentences."""
        return self.vectors / condition / "written" / f"{language}.json"

    def translated(self, condition: str, source: str, reference: str) -> Path:
        """What was written as the translations of one language's test sentences into another."""
        return self.vectors / condition / "translated" / f"{source}.{reference}.json"

    def judgement(self, target: str, label: str) -> Path:
        """What one candidate scored on dev."""
        return self.vectors / target / "judged" / f"{label}.safetensors"

    def subspace(self, method: str) -> Path:
        """The languages' subspace as it was fitted, in a folder with its stamp."""
        return self.vectors / ERASE / "fitted" / method / "subspace.safetensors"

    def control(self, target: str, draw: int) -> Path:
        """What one draw of random neurons, or of a random subspace, scored on test."""
        return self.vectors / target / "controls" / f"{draw:03d}.safetensors"

    def extra_control(self, target: str, kind: str, draw: int) -> Path:
        """What one draw of another kind of control scored on test."""
        return self.vectors / target / "controls" / f"{kind}-{draw:03d}.safetensors"

    def fewer_sentences(self, target: str, n_sentences: int, draw: int) -> Path:
        """What experts that were found on fewer sentences scored on test."""
        return self.vectors / target / "efficiency" / f"{n_sentences}-{draw:03d}.safetensors"

    def agreement(self, target: str, of: str) -> Path:
        """How alike the experts of several draws are: of a number of sentences, or of halves."""
        return self.vectors / target / "efficiency" / f"{of}.json"

    def tuned(self, split: str) -> Path:
        """What the model scored on a split after contrastive fine-tuning."""
        return self.vectors / "contrastive" / f"{split}.safetensors"

    def choice(self, target: str) -> Path:
        """What was picked on dev for one target."""
        return self.vectors / target / "choice.json"

    @property
    def chosen(self) -> Path:
        """The masks picked on dev, one per target, and the subspace: what is shared."""
        return self.folder / "chosen"

    def chosen_mask(self, target: str) -> Path:
        """The mask picked on dev for one target."""
        return self.chosen / f"{target}.safetensors"

    @property
    def metrics(self) -> Path:
        """All numbers of the experiment, in long form."""
        return self.folder.parent / METRICS_FOLDER / f"{self.folder.name}.parquet"


@dataclass(frozen=True)
class Layout:
    """The artifact store of a project."""

    root: Path

    def experiment(self, name: str) -> ExperimentLayout:
        """One experiment's part."""
        return ExperimentLayout(self.root / name)

    def list_evaluated(self) -> list[str]:
        """The experiments that have numbers, those that no file names any more among them."""
        return sorted(path.stem for path in (self.root / METRICS_FOLDER).glob("*.parquet"))

    @property
    def database(self) -> Path:
        """The DuckDB file built from every experiment's metrics."""
        return self.root / "metrics.duckdb"

    @property
    def summary(self) -> Path:
        """The headline numbers, for `dvc metrics`."""
        return self.root / "summary.json"

    @property
    def plots(self) -> Path:
        """Small tables for `dvc plots`, made from the database."""
        return self.root / PLOTS_FOLDER

    def layer_plot(self, experiment: str, target: str) -> Path:
        """Mean top-1 over the layers, one column per method."""
        return self.plots / "layers" / f"{experiment}.{target}.csv"

    def front_plot(self, experiment: str, target: str) -> Path:
        """Gain against cost, one row per mask of the sweep."""
        return self.plots / "front" / f"{experiment}.{target}.csv"
