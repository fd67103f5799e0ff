# Every target sets up what it needs; the environment is .venv and nothing outside the folder is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# Rounds of kill -9 in a soak.
ROUNDS ?= 200
# Processes that run tests.
WORKERS ?= 2
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: node help install demo serve test check check-long bench contracts check-contracts planted soak lock clean

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

test: $(VENV)/.dev node ## all tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
	@PYTHON=$(BIN)/python contracts/test.sh

# Tools that only tests and `make contracts` want. Without Node (or its registry) the tests that need them say so and skip.
node:
	@if command -v npm >/dev/null; then \
	  for folder in contracts benchmarks/hardhat; do \
	    test -d $$folder/node_modules || (cd $$folder && \
	      npm $$(test -f package-lock.json && echo ci || echo install --no-package-lock) \
	        --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) \
	      || echo "$$folder: npm could not install; the tests that need it are skipped"; \
	  done; \
	else echo "Node is not installed: the tests of the contracts' sources are skipped"; fi

check: $(VENV)/.dev node ## format, lint, types, imports, contracts, gas snapshot
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python contracts/compile.py --check
	PYTHON=$(BIN)/python contracts/test.sh --fmt
	$(BIN)/python benchmarks/gas.py --check

bench: $(VENV)/.dev ## every benchmark; the last line of each is one JSON object
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

contracts: $(VENV)/.dev ## compile the contracts again into contracts/artifacts (needs Node)
	$(BIN)/python contracts/compile.py

# Each analysis tool in an environment of its own: they pin other versions than ours. One that can't be installed is skipped.
.venv-%/.ready: requirements/analysis-%.txt
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python -m pip install -q --require-hashes -r $< && touch $@ \
	  || { rm -rf .venv-$*; echo "$*: can't be installed here, its part of check-contracts is skipped"; }

check-contracts: $(VENV)/.dev node .venv-slither/.ready .venv-halmos/.ready ## long fuzzing, coverage, analysis, proofs and planted bugs (hours; needs Node)
	PYTHON=$(BIN)/python contracts/test.sh --long
	PYTHON=$(BIN)/python contracts/test.sh --coverage
	$(BIN)/python contracts/analysis/findings.py
	$(BIN)/python contracts/analysis/prove.py
	CHAINFIN_DIFFERENTIAL_STEPS=10000 $(BIN)/python -m pytest tests/differential
	$(BIN)/python contracts/mutants.py
	$(BIN)/python contracts/analysis/broken.py
	$(BIN)/python contracts/analysis/prove.py --planted

check-long: $(VENV)/.dev ## 20,000 histories of loans, heard of late, early, doubled and out of order (long)
	CHAINFIN_HISTORIES=20000 $(BIN)/python -m pytest -n 0 tests/properties/test_value_dates.py

planted: $(VENV)/.dev ## plant bugs one by one; the tests named for each have to find it (long)
	$(BIN)/python -m tests.planted

soak: $(VENV)/.dev ## kill -9 at any moment, ROUNDS times (200); repeat one with CHAINFIN_CRASH_SEED (long)
	CHAINFIN_CRASH_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/crash/test_kill.py

lock: $(VENV)/.dev ## renew the pinned requirements
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -o requirements/dev.txt requirements/dev.in
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -c requirements/dev.txt -o requirements/core.txt requirements/core.in
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -c requirements/dev.txt -o requirements/train.txt requirements/train.in
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -o requirements/analysis-slither.txt requirements/analysis-slither.in
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --prerelease=if-necessary-or-explicit -o requirements/analysis-halmos.txt requirements/analysis-halmos.in

clean: ## remove the environment and the embedded state
	rm -rf $(VENV) .venv-slither .venv-halmos .chainfin
