# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: run test bench lint clean clean-results clean-all help

help:  ## say what there is
	@grep -h "  ## " $(MAKEFILE_LIST) | grep -v grep | sed "s/:.*##/:/"

run: $(INSTALLED)  ## set up and run the default study
	$(BIN)/snakemake --cores all

test: $(INSTALLED)  ## set up and run the tests
	$(BIN)/pytest

bench: $(INSTALLED)  ## measure a training step against plain Lightning and against its matrix products
	$(BIN)/python bench/training.py
	$(BIN)/python bench/overhead.py

lint: $(INSTALLED)  ## check the style of the code and of the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint

clean:  ## delete what can be drawn again from results in seconds: figures, pages, comparisons
	find results -type d -name figures -prune -exec rm -rf {} + 2>/dev/null || true
	rm -rf results/comparisons results/*/summary.md results/sweep.*

clean-results:  ## delete all results, with every trained network and checkpoint, logs and benchmarks
	rm -rf results logs benchmarks

clean-all: clean-results  ## and the environment .venv and what Snakemake remembers
	rm -rf $(VENV) .snakemake

$(INSTALLED): pyproject.toml envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || \
	  { echo "This needs Python 3.11 or 3.12; found $$($(PYTHON) --version 2>&1). Try: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint envs/constraints.txt --editable '.[test]'
	touch $@
