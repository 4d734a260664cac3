# Two commands on a bare machine: `make demo` and `make test`. Everything else is for those who stay.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export GX_ANALYTICS_ENABLED := false

.PHONY: demo test tests nights pages crash deep check lint ruff mypy layers bench docs clean help

help:            ## what there is to type
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

demo: $(VENV)/.run ## three nights of a demo company, with a planted fault, and the proof
	@$(BIN)/crosscheck demo

test: $(VENV)/.test ## every check and test but the slow ones below, both engines (about 12 minutes on 2 cores)
	@$(MAKE) --no-print-directory -j 2 lint tests

tests: $(VENV)/.test
	@mkdir -p build
	$(BIN)/python -m pytest -n 2 --dist loadgroup --durations=25 --basetemp=build/tests

nights: $(VENV)/.test ## whole nights on both engines, by the command line, by a real Prefect, over real exports (about 10 minutes)
	@mkdir -p build
	$(BIN)/python -m pytest -m nights -n 3 --dist loadgroup --durations=25 --basetemp=build/tests

pages: $(VENV)/.test ## what people see, in a real browser (Chromium from the system's packages) and by real channels
	@mkdir -p build
	$(BIN)/python -m pytest -m pages -n 2 --dist loadgroup --durations=10 --basetemp=build/tests

crash: $(VENV)/.test ## nights and publications killed everywhere, overlapping, restated; both engines (about 5 minutes)
	@mkdir -p build
	$(BIN)/python -m pytest tests/faults tests/warehouse -m "crash and not deep" $(CASES) -n 2 --dist loadgroup --basetemp=build/tests

deep: $(VENV)/.test ## the same with every kill and every case by itself, and two kills in one night (about 15 minutes)
	@mkdir -p build
	$(BIN)/python -m pytest -m "crash or deep" -n 2 --dist loadgroup --basetemp=build/tests

check: $(VENV)/.test lint ## lint, types, layers, documents
	$(BIN)/python -m pytest tests/test_docs.py tests/test_layers.py

lint: ruff mypy layers ## lint, types, layers

ruff: $(VENV)/.test
	$(BIN)/ruff check .

mypy: $(VENV)/.test
	$(BIN)/mypy

layers: $(VENV)/.test
	$(BIN)/lint-imports

bench: $(VENV)/.test ## rows per second and memory, as ratios to the raw engine
	$(BIN)/python -m bench

docs: $(VENV)/.test ## write the generated table and metric dictionaries and the lineage again
	$(BIN)/python -m warehouse.dictionary
	$(BIN)/python -m report.dictionary
	$(BIN)/python -m warehouse.lineage

clean:           ## remove the environment and everything a run wrote
	rm -rf $(VENV) build var

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Crosscheck needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "making $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "this Python cannot make environments; on Debian: apt-get install python3-venv, then make again"; exit 1; }

$(VENV)/.run: $(VENV)/bin/python requirements/run.txt pyproject.toml
	@echo "installing what a night needs (hashed, about two minutes the first time) …"
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python requirements/test.txt pyproject.toml
	@echo "installing what the tests need (hashed, about two minutes the first time) …"
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements/test.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
