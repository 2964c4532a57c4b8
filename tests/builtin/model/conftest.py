"""A run small enough to train in a second."""

import pytest

from polysteer.builtin.model.documents import DocumentMix, write_documents
from polysteer.builtin.model.tokenizer import train_tokenizer
from polysteer.builtin.model.training_plan import TrainingPlan


@pytest.fixture(scope="session")
def languages():
    return ("en", "de", "ja")


@pytest.fixture(scope="session")
def tiny_plan(languages):
    return TrainingPlan(
        languages=languages,
        n_meanings=300,
        documents_per_step=15,
        vocabulary=400,
        width=16,
        n_blocks=2,
        n_heads=2,
        mlp_width=32,
        row_tokens=32,
        rows_per_step=4,
        n_steps=20,
        warmup_steps=4,
        state_every=6,
    )


@pytest.fixture(scope="session")
def documents(tiny_plan):
    return write_documents(300, languages=tiny_plan.languages, mix=DocumentMix(), n_meanings=300, seed=0)


@pytest.fixture(scope="session")
def tokenizer(documents):
    return train_tokenizer(documents, vocabulary=600)
