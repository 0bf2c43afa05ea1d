# Everything runs in .venv, which is made when it is missing and renewed when pyproject.toml changes.
# All it needs is Python 3.11 or later. Another interpreter: make PYTHON=/path/to/python3.12

PYTHON ?=
LAB    ?=
TESTS  ?= $(wildcard minigrad viz tests notebooks)
BENCH  ?=
STUDENT ?=
NOTEBOOKS ?= notebooks/*.ipynb

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.DEFAULT_GOAL := help
.PHONY: help lab test lint format notebooks student bench clean
.DELETE_ON_ERROR:

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "make %-9s %s\n", $$1, $$2 }'

# The notebooks are trusted first, or JupyterLab would show still pictures in place of the stored steppers.
lab: .venv/.lab  ## open the notebooks in JupyterLab (LAB="--no-browser" passes options on)
	@find notebooks -name '*.ipynb' -not -path '*/.*' -exec $(BIN)/python -m jupyter trust {} + >/dev/null
	$(BIN)/python -m jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

test: .venv/.test  ## unit tests, docstring examples, notebooks, browser (TESTS="tests/viz" for some)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder \
	    --nbval --nbval-current-env --nbval-cell-timeout=120 --nbval-sanitize-with=tests/notebooks/sanitize.cfg $(TESTS)

lint: .venv/.lint  ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/.lint  ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

notebooks: .venv/.lab  ## run the notebooks anew and store what they show (NOTEBOOKS="notebooks/07*.ipynb" for some)
	$(BIN)/python -m jupyter nbconvert --to notebook --inplace --execute --log-level=WARN \
	    --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=120 $(NOTEBOOKS)
	@$(BIN)/python -m jupyter nbconvert --to notebook --inplace --coalesce-streams --log-level=WARN $(NOTEBOOKS)

student: .venv/.lab  ## the course for students, without solutions, in dist/student (STUDENT="../course" for elsewhere)
	$(BIN)/python -m viz.student $(STUDENT)

bench: .venv/.test  ## time the engine, against PyTorch where it is installed (BENCH="chain" for some)
	$(BIN)/python -m tests.benchmarks $(BENCH)

clean:  ## remove .venv and every cache
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist screenshots
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# .venv/.lab, .venv/.test, .venv/.lint: the project installed in place, with that extra.
.venv/.%: pyproject.toml | $(BIN)/python
	@echo "installing minigrad with what '$*' needs ..."
	@$(PIP) --editable '.[$*]'
	@touch $@

# Debian ships Python without ensurepip: there the pip that is installed fills the environment.
$(BIN)/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "minigrad needs Python 3.11 or later. Install it, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "making .venv with $$($$found --version)"; \
	$$found -m venv .venv >/dev/null 2>&1 || \
	    { $$found -m venv --clear --without-pip .venv && $$found -m pip --quiet --python .venv/bin/python install pip; }
