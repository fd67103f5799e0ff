# Every target sets up what it needs; the environment is .venv and nothing outside the folder is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install demo serve test check bench contracts check-contracts lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.core: requirements/core.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements/core.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.core
	$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	@touch $@

install: $(VENV)/.core ## set up .venv with pinned, hashed dependencies

demo: $(VENV)/.core ## the main job on the embedded defaults, from an order to an audited loan
	@$(BIN)/chainfin demo

serve: $(VENV)/.core ## the durable service on 127.0.0.1:8310
	@$(BIN)/chainfin serve

test: $(VENV)/.dev ## all tests
	@$(BIN)/python -m pytest
	@contracts/test.sh

check: $(VENV)/.dev ## format, lint, types, imports, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python contracts/compile.py --check
	contracts/test.sh --fmt

bench: $(VENV)/.dev ## every benchmark; the last line of each is one JSON object
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

contracts: $(VENV)/.dev ## compile the contracts again into contracts/artifacts (needs Node)
	$(BIN)/python contracts/compile.py

check-contracts: $(VENV)/.dev ## long fuzzing of the contracts (needs Node)
	contracts/test.sh --long

lock: $(VENV)/.dev ## renew the pinned requirements
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -o requirements/dev.txt requirements/dev.in
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -c requirements/dev.txt -o requirements/core.txt requirements/core.in

clean: ## remove the environment and the embedded state
	rm -rf $(VENV) .chainfin
