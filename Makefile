# Everything a developer or a visitor types. Needs Python 3.11+, git and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: setup demo test lint types unit bench clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# The built-in experiment, from text to a printed report.
demo: setup
	PATH="$(abspath $(BIN)):$$PATH" dvc repro
	$(BIN)/steer report
	$(BIN)/steer report --lang ja
	$(BIN)/steer report --study

test: lint types unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy cannot see through the editable install's folder mapping, so it reads a plain copy.
types: setup
	rm -rf .types build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .types .
	MYPYPATH=.types $(BIN)/mypy --strict -p polysteer

unit: setup
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 tests

# Some benchmarks read the built-in experiment's vectors, so that is run first; two have to be told what to read.
NEED_ARGUMENTS := benchmarks/compare_runs.py benchmarks/flip_bytes.py

bench: setup
	$(BIN)/steer run
	for file in $(filter-out $(NEED_ARGUMENTS),$(wildcard benchmarks/*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .types build dist *.egg-info
