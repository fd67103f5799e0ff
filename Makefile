# Every target sets up what it needs; the environment is .venv and nothing outside the folder is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# Rounds of kill -9 in a soak.
ROUNDS ?= 200
# Processes that run tests.
WORKERS ?= 2
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What the libraries of the embedded chain hash with: left to itself, eth-hash takes its slowest backend.
export ETH_HASH_BACKEND := pysha3

.PHONY: node help docs wheel install demo serve readme test coverage test-py check clients bench contracts check-contracts check-deploy check-long planted mutants soak lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.core: requirements/core.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements/core.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/schemas.txt $(VENV)/.core
	$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --require-hashes --no-deps -r requirements/schemas.txt
	@touch $@

install: $(VENV)/.core ## set up .venv with pinned, hashed dependencies

demo: $(VENV)/.core ## the main job on the embedded defaults, from an order to an audited loan
	@$(BIN)/chainfin demo

serve: $(VENV)/.core ## the durable service on 127.0.0.1:8310
	@$(BIN)/chainfin serve

readme: $(VENV)/.core ## do what README and guides tell a newcomer to do, word for word, and compare what they show
	@$(BIN)/python -m tests.readme

test: $(VENV)/.dev node ## all tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
	@PYTHON=$(BIN)/python contracts/test.sh

build/docs-venv/.ready: requirements/docs.txt
	@test -x build/docs-venv/bin/python || $(PYTHON) -m venv build/docs-venv
	@build/docs-venv/bin/python -m pip install -q --require-hashes -r $< && touch $@

docs: build/docs-venv/.ready ## the docs as a site in build/site, without any outside address and without a dead link
	@$(PYTHON) -m tests.site build/docs-venv/bin/mkdocs

# The newest Python beside the default is tried too, where the machine has one.
wheel: $(VENV)/.dev ## the wheel, installed away from the repository into an empty environment: does what it brings work there?
	@$(BIN)/python -m tests.wheel $(PYTHON) $(WHEEL_PY)

WHEEL_PY ?= $(shell python3.13 -c 'import sys; print(sys.executable)' 2>/dev/null \
  || ls $$(pyenv root 2>/dev/null)/versions/3.13*/bin/python3.13 2>/dev/null | tail -1)

# Not a part of `make test`: that would take about half as long again. TESTS: some of them.
TESTS ?=
coverage: $(VENV)/.dev node ## how much of each package the tests run (TESTS="tests/unit" takes some; slower than `make test`)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov=chainfin --cov=api --cov-report= $(TESTS); failed=$$?; \
	$(BIN)/python -m tests.covered && exit $$failed

# Another Python than the default: units and properties, where the machine has it. In an environment of its own.
PY ?= 3.12
test-py: ## unit and property tests (or TESTS) on another Python (PY=3.12), skipped where the machine has none
	@python=$$(command -v python$(PY)); $${python:-false} -c 'import ensurepip, venv' 2>/dev/null || python=""; \
	if [ -z "$$python" ] && command -v pyenv >/dev/null; then \
	  version=$$(pyenv versions --bare | grep -E '^$(PY)\.[0-9]+$$' | tail -1); \
	  test -z "$$version" || python=$$(pyenv prefix $$version)/bin/python; \
	fi; \
	if [ -z "$$python" ]; then echo "Python $(PY) is not installed: its tests are skipped"; exit 0; fi; \
	begun=$$(date +%s); \
	test -x .venv-$(PY)/bin/python || $$python -m venv .venv-$(PY); \
	cmp -s requirements/dev.txt .venv-$(PY)/.installed || { \
	  .venv-$(PY)/bin/python -m pip install -q --require-hashes -r requirements/dev.txt \
	  && .venv-$(PY)/bin/python -m pip install -q --no-deps --no-build-isolation -e . \
	  && cp requirements/dev.txt .venv-$(PY)/.installed; } && installed=$$(date +%s) && \
	.venv-$(PY)/bin/python -m pytest -n $(WORKERS) --dist loadfile $(or $(TESTS),tests/unit tests/properties) && \
	echo "Python $(PY): $$((installed - begun)) s to set up, $$(($$(date +%s) - installed)) s of tests"

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
	$(BIN)/deptry .
	$(BIN)/python contracts/compile.py --check
	$(BIN)/python contracts/bindings.py --check
	PYTHON=$(BIN)/python contracts/test.sh --fmt
	$(BIN)/python benchmarks/gas.py --check

bench: $(VENV)/.dev ## every benchmark; the last line of each is one JSON object
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

contracts: $(VENV)/.dev ## compile the contracts again into contracts/artifacts (needs Node), and bind them in Python
	$(BIN)/python contracts/compile.py
	$(BIN)/python contracts/bindings.py

# Each analysis tool in an environment of its own: they pin other versions than ours. One that can't be installed is skipped.
.venv-%/.ready: requirements/analysis-%.txt
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python -m pip install -q --require-hashes -r $< && touch $@ \
	  || { rm -rf .venv-$*; echo "$*: can't be installed here, its part of the checks is skipped"; }

check-deploy: .venv-deploy/.ready ## the files of docs/operate/deploy before hadolint, kubernetes-validate and systemd-analyze
	@test ! -d .venv-deploy || $(PYTHON) -m tests.deployment .venv-deploy/bin

clients: $(VENV)/.core .venv-clients/.ready ## three public generators make clients into clients/; each, and ethers alone, plays a trade (needs Node 20)
	@$(BIN)/python -m tests.clients

check-contracts: $(VENV)/.dev node .venv-slither/.ready .venv-halmos/.ready ## long fuzzing, coverage, analysis, proofs and planted bugs (hours; needs Node)
	PYTHON=$(BIN)/python contracts/test.sh --long
	PYTHON=$(BIN)/python contracts/test.sh --coverage
	$(BIN)/python contracts/analysis/findings.py
	$(BIN)/python contracts/analysis/prove.py
	CHAINFIN_DIFFERENTIAL_STEPS=10000 $(BIN)/python -m pytest tests/differential
	$(BIN)/python contracts/mutants.py
	$(BIN)/python contracts/analysis/broken.py
	$(BIN)/python contracts/analysis/prove.py --planted

planted: $(VENV)/.dev ## plant bugs one by one; the tests named for each have to find it (long)
	$(BIN)/python -m tests.planted

mutants: $(VENV)/.dev ## 300 changes by a mutation tool in rules, payments and lending; the tests have to see 90 % (hours; goes on where it stopped)
	$(BIN)/python -m tests.mutation --workers $(WORKERS)

check-long: $(VENV)/.dev node .venv-slither/.ready ## every long check, and one table of their figures (a day; LONG="mutants soak" takes some)
	ROUNDS=$(ROUNDS) $(BIN)/python -m tests.long $(LONG)

soak: $(VENV)/.dev ## kill -9 at any moment, ROUNDS times (200); repeat one with CHAINFIN_CRASH_SEED (long)
	CHAINFIN_CRASH_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/crash/test_kill.py

# Without UPGRADE=--upgrade what is pinned stays, and only what was added or dropped changes.
UPGRADE ?=
COMPILE := $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-header --no-annotate --prerelease=if-necessary-or-explicit

lock: $(VENV)/.dev ## renew the pinned requirements (all of them with UPGRADE=--upgrade)
	$(BIN)/python -m pip install -q uv
	$(COMPILE) $(UPGRADE) -o requirements/dev.txt pyproject.toml --extra contracts --extra train --extra traces requirements/dev.in
	$(COMPILE) -c requirements/dev.txt -o requirements/core.txt pyproject.toml requirements/core.in
	$(COMPILE) -c requirements/dev.txt -o requirements/train.txt pyproject.toml --extra train
	$(COMPILE) -c requirements/dev.txt -o requirements/traces.txt pyproject.toml --extra traces
	$(COMPILE) $(UPGRADE) -o requirements/analysis-slither.txt requirements/analysis-slither.in
	$(COMPILE) $(UPGRADE) -o requirements/analysis-halmos.txt requirements/analysis-halmos.in
	$(COMPILE) $(UPGRADE) -o requirements/analysis-deploy.txt requirements/analysis-deploy.in
	$(COMPILE) $(UPGRADE) -o requirements/analysis-clients.txt requirements/analysis-clients.in
	$(COMPILE) $(UPGRADE) -o requirements/docs.txt requirements/docs.in

clean: ## remove the environment and the embedded state
	rm -rf $(VENV) .venv-* build .chainfin clients
