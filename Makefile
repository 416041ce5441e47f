# Three commands do everything on a fresh machine: `make quick`, `make run` and `make test`.
PYTHONS := 3.11 3.12 3.13 3.14
RIGHT := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))
# The first of these that is there, is of the range, and can make an environment.
PYTHON ?= $(shell for python in $(PYTHONS:%=python%) python3 python; do \
  "$$python" -c '$(RIGHT)' 2> /dev/null && { echo $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/locked
INSTALLED := $(VENV)/installed
# An environment knows where it lies, and the Python that it was made by: one that was moved with its clone is made
# anew, and one whose Python is gone, or is of another version since.
MOVED := $(shell [ "$$(cat $(LOCKED) 2> /dev/null)" = "$$(pwd -P)" ] && $(BIN)/python -Ec 'import pip' 2> /dev/null || echo moved)
# Libraries go into the environment, whatever else the machine's own settings of pip ask for.
export PIP_USER := 0

.PHONY: run quick test bench lint clean clean-results clean-all help lock doctor

help:  ## say what there is
	@grep -h "  ## " $(MAKEFILE_LIST) | grep -v grep | sed "s/:.*##/:/"

run: $(INSTALLED)  ## set up and run the default studies
	$(BIN)/python -m snakemake --cores all --logger multiview

quick: $(INSTALLED)  ## a first look: set up, run little studies in quick/ and make their report
	mkdir -p quick
	$(BIN)/python -m snakemake --cores all --directory quick --configfile config.yaml workflow/presets/quick.yaml --logger multiview
	$(BIN)/python -m snakemake --cores all --directory quick --configfile config.yaml workflow/presets/quick.yaml --report report.html

test: $(INSTALLED)  ## set up and run the tests
	$(BIN)/python -m pytest

bench: $(INSTALLED)  ## measure a training step, how its cost grows, and what a run here spent its time on
	$(BIN)/python bench/training.py
	$(BIN)/python bench/growth.py
	$(BIN)/python bench/share.py

doctor:  ## say what this machine has, what would run where, and what is missing
	@PYTHONPATH=workflow "$$([ -x $(BIN)/python ] && echo $(BIN)/python || echo $(or $(PYTHON),python3))" tools/doctor.py

lint: $(INSTALLED)  ## check the style of the code and of the workflow
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m snakefmt --check Snakefile workflow
	$(BIN)/python -m snakemake --lint

clean:  ## delete what can be drawn again from results in seconds: figures, pages, comparisons
	find -H results -type d -name figures -prune -exec rm -rf {} + 2>/dev/null || true
	rm -rf results/comparisons results/*/summary.md results/sweep.*

clean-results:  ## delete all results, with every trained network and checkpoint, logs and benchmarks
	find -H results logs benchmarks -mindepth 1 -delete 2>/dev/null || true
	rmdir results logs benchmarks 2>/dev/null || true

clean-all: clean-results  ## and the environment .venv and what Snakemake remembers
	rm -rf $(VENV) .snakemake

.PHONY: moved
moved:

$(LOCKED): envs/lock.txt $(MOVED)
	@"$(PYTHON)" -c '$(RIGHT)' 2> /dev/null || { echo "This needs one of Python $(PYTHONS) with its module venv;" \
	  "found $$(python3 --version 2>&1). Install it (Debian: python3 python3-venv), or: make PYTHON=/path/to/python"; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement envs/lock.txt
	pwd -P > $@

# PyTorch comes in builds for CPUs and several GPUs: pinned by its version, not by the hash of one of them.
$(INSTALLED): pyproject.toml envs/torch.txt $(LOCKED)
	$(BIN)/python -m pip install --quiet --constraint envs/torch.txt --editable '.[test]'
	touch $@

lock:  ## renew envs/lock.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --constraint envs/torch.txt \
	  --generate-hashes --no-annotate --no-header --quiet --output-file envs/lock.txt \
	  $(addprefix --no-emit-package ,torch triton $(shell grep -oE '^(cuda|nvidia)-[a-z0-9-]+' envs/torch.txt))
