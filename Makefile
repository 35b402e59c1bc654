# Confer. `make run` does the main job, `make test` shows that it does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help run demo test bench peers suites lint format docs migrate lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(VENV)/.run ## environment, then the four services (Ctrl-C ends them)
	@$(BIN)/confer up

demo: $(VENV)/.run ## play the whole story against the running services
	@$(BIN)/confer demo

test: $(VENV)/.test lint ## lint, then every test (PostgreSQL, Kafka, Chromium where they are to be had)
	@$(BIN)/python -m pytest -n 3 --dist loadfile # two cores; a third fills the time in which tests wait

bench: $(VENV)/.bench ## speed and memory beside other libraries, into var/bench.json (OPTIONS="--quick", "--help")
	@$(BIN)/python -m tests.bench $(OPTIONS)

peers: $(VENV)/.test ## what other libraries make of what Confer issues, format by format, and the other way round
	@$(BIN)/python -m tests.conformance

suites: $(VENV)/.test ## the W3C's test suites from the folder SUITES (docs/suites.md; OPTIONS="--only jose", "--floor")
	@$(BIN)/python -m tests.suites --suites "$(SUITES)" $(OPTIONS)

lint: $(VENV)/.test ## ruff, mypy strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy services shared tests/harness
	@$(BIN)/lint-imports --no-logo 2>&1

format: $(VENV)/.test ## write the code as the linter wants it
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

migrate: $(VENV)/.run ## bring the four databases to the newest revision
	@$(BIN)/confer migrate

docs: $(VENV)/.test ## write what is made from the code: docs/openapi, docs/asyncapi.yaml, docs/errors.md, docs/settings.md
	@$(BIN)/confer openapi docs/openapi
	@$(BIN)/python -m tests.harness.reference
	@$(BIN)/python -m tests.harness.asyncapi

lock: $(VENV)/.test ## compile requirements/*.in to hashed pins
	@for set in run test bench fuzz; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header requirements/$$set.in -o requirements/$$set.txt; done

clean: ## remove what running and testing left behind (databases, logs, caches), not the environment
	@rm -rf var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Confer needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.test
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@
