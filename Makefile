# Everything below works on a machine with Python 3.11 to 3.13, make and git, and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A process that must compile everything anew takes seconds to start, and tests start many.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV)/run.stamp ## Collect the figures of the shipped services and show what was collected
	$(BIN)/python run_collector.py run --all

.PHONY: test
test: lint types architecture tests ## Check everything: lint, types, architecture, tests

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check format and style with ruff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/dev.stamp ## Check types with mypy --strict
	$(BIN)/mypy

.PHONY: architecture
architecture: $(VENV)/dev.stamp ## Check who imports whom
	$(BIN)/lint-imports

.PHONY: tests
tests: $(VENV)/dev.stamp ## Run the tests; ARGS="-k name" chooses
	$(BIN)/pytest -n auto $(ARGS)

.PHONY: reliability
reliability: $(VENV)/dev.stamp ## Simulate a year and its outages, kill daemons, storm them with edits (takes minutes)
	$(BIN)/python -m tests.reliability.year
	$(BIN)/python -m tests.reliability.many
	COLLECTOR_TEST_KILLS=30 COLLECTOR_TEST_EDITS=200 $(BIN)/pytest \
		tests/reliability/test_kill_daemon.py tests/reliability/test_reload_storm.py

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure speed and memory beside what one would write by hand (takes minutes)
	$(BIN)/python -m benchmarks.backfill
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.google
	$(BIN)/python -m benchmarks.small
	$(BIN)/python -m benchmarks.resting

.PHONY: format
format: $(VENV)/dev.stamp ## Put the code into its format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: $(VENV)/dev.stamp ## Pin the newest dependencies that requirements*.in allow, with hashes
	$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	$(BIN)/uv pip compile $(LOCK) requirements-postgresql.in -o requirements-postgresql.txt
	$(BIN)/uv pip compile $(LOCK) requirements-dev.in -o requirements-dev.txt

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

.PHONY: clean
clean: ## Remove what make has made; collected figures in var/ stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; name it: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
