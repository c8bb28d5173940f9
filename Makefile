# Trade2026. `make help` lists the targets by group.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough and really runs.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

SOURCE ?= prism
FILE ?=
SPEED ?=
PORT_OFFSET ?= 0
DATA_DIR ?=
UP_FLAGS := --source $(SOURCE) --port-offset $(PORT_OFFSET) \
	$(if $(FILE),--file $(FILE)) $(if $(SPEED),--speed $(SPEED)) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

PYTEST := $(BIN)/pytest -p no:cacheprovider
PURE := */trade2026/core/*,*/trade2026/model/*,*/trade2026/domain/*,*/trade2026/library/*

APP := src/trade2026/edge/bundle/index.html
APP_SOURCES := $(shell find frontend -type f -not -path 'frontend/node_modules/*' -not -path 'frontend/.build-*' -not -path '*/__pycache__/*')

##@ Run

.PHONY: up
up: setup ## Set up if needed and start everything: http://localhost:2026 (SOURCE=replay FILE=… SPEED=… PORT_OFFSET=… DATA_DIR=…)
	@exec $(BIN)/trade2026 up $(UP_FLAGS)

.PHONY: status
status: setup ## Show every component's state
	@$(BIN)/trade2026 status --port-offset $(PORT_OFFSET) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

##@ Set up

.PHONY: setup
setup: $(VENV)/.run-ready $(APP) ## Make the environment from the hash-locked requirements, build the application

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "trade2026: Python 3.11 or newer is needed; install it, or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { echo "trade2026: $(PYTHON) is not Python 3.11 or newer; name another: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); echo "trade2026: $(PYTHON) cannot make a virtual environment; install its venv module (Debian: apt-get install python3-venv)" >&2; exit 2; }

$(VENV)/.run-ready: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { echo "trade2026: $(VENV) holds no Python 3.11 or newer; remove it: make clean" >&2; exit 2; }
	@echo "Installing the platform (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(APP): $(APP_SOURCES) | $(VENV)/.run-ready
	@echo "Building the web application (once) ..."
	@$(BIN)/trade2026 ui build
	@touch $@

.PHONY: ui
ui: $(APP) ## Build the web application if its sources changed

.PHONY: ui-types
ui-types: setup-dev ## Make the application's types from the services' OpenAPI again
	$(BIN)/python frontend/openapi.py

.PHONY: setup-dev
setup-dev: $(VENV)/.dev-ready ## The same, with the tools for tests and checks

$(VENV)/.dev-ready: requirements/dev.txt $(VENV)/.run-ready
	@echo "Installing the tools for tests and checks (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: lock
lock: setup-dev ## Resolve the requirements again after pyproject.toml changed
	$(BIN)/uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev --extra ib --extra lab --extra live pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/dev.txt --group build pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group peers -o requirements/peers.txt

##@ Test

.PHONY: test
test: setup-dev ## Unit, property and contract tests, with full coverage of core, model and domain
	NUMBA_BOUNDSCHECK=1 $(PYTEST) tests/unit tests/property tests/contract --cov=trade2026 --cov-report=
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100

SEED ?=
MESSAGES ?= 10000000

# Kernels with bounds checks. A seed that failed is run again by SEED=n MESSAGES=50000.
.PHONY: fuzz
fuzz: setup-dev ## Both order books on random messages until they differ (SEED=… MESSAGES=…)
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m tests.fuzz --messages $(MESSAGES) $(if $(SEED),--seed $(SEED))

SEEDS ?= 1000

.PHONY: sim
sim: setup-dev ## The trading core among seeded crashes, losses and delays (SEED=… SEEDS=…)
	PYTHONHASHSEED=0 $(BIN)/python -m tests.simulation --seeds $(SEEDS) $(if $(SEED),--seed $(SEED))

KILLS ?= 20

.PHONY: chaos
chaos: setup-dev $(APP) ## A whole platform under load, one process after another killed (SEED=… KILLS=…)
	$(BIN)/python -m tests.chaos --kills $(KILLS) $(if $(SEED),--seed $(SEED))

.PHONY: soak
soak: MINUTES ?= 60
soak: setup-dev $(APP) ## An hour of 200 orders a second, after which all books must agree (MINUTES=…)
	$(BIN)/python -m tests.chaos --kills 0 --minutes $(MINUTES)

.PHONY: integration
integration: setup-dev ## Tests against real servers
	TRADE2026_REQUIRE_SERVERS=1 $(PYTEST) tests/integration

.PHONY: e2e
e2e: setup-dev $(APP) ## Tests of the whole running platform
	TRADE2026_REQUIRE_SERVERS=1 $(PYTEST) tests/e2e --ignore=tests/e2e/browser

# A process of its own: the browser's driver keeps an event loop running all the time.
.PHONY: browser
browser: setup-dev $(APP) ## Tests of the web application in Chromium
	TRADE2026_REQUIRE_SERVERS=1 $(PYTEST) tests/e2e/browser

.PHONY: ui-test
ui-test: setup-dev $(APP) ## The web application: types, style, units, budgets, API types up to date
	$(BIN)/python frontend/build.py --run check
	$(BIN)/python frontend/build.py --run lint
	$(BIN)/python frontend/build.py --run test
	$(BIN)/python frontend/build.py --run budget
	$(BIN)/python frontend/openapi.py --check

##@ Check

.PHONY: fmt
fmt: setup-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

.PHONY: lint
lint: setup-dev ## Style: ruff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: setup-dev ## Types: basedpyright, strict
	$(BIN)/basedpyright

.PHONY: imports
imports: setup-dev ## Layers: import-linter
	$(BIN)/lint-imports --no-cache

.PHONY: check
check: lint types imports ui-test test integration e2e browser ## All of the above: what CI runs

##@ Measure

.PHONY: bench
bench: setup-dev ## Bus, edge, normaliser, book, lake; writes benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

# The peers need other versions of what the platform uses.
.venv-peers/.ready: requirements/peers.txt | $(VENV)/bin/python
	@echo "Installing the peers (once) ..."
	@$(BIN)/python -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

.PHONY: bench-prism
bench-prism: setup-dev .venv-peers/.ready ## PRISM against C++ and its peers, with floors; writes benchmarks/prism/RESULTS.md
	$(BIN)/python -m benchmarks.prism --results benchmarks/prism/RESULTS.md

.PHONY: soak-prism
soak-prism: setup-dev ## Two simulated days of PRISM with its log cut all along: fails where anything that must stay level rises
	$(BIN)/python -m benchmarks.prism.soak

.PHONY: bench-restart
bench-restart: setup-dev ## How soon a million orders are folded again after a kill; writes benchmarks/RESTART.md
	$(BIN)/python benchmarks/restart.py --orders $(or $(ORDERS),1000000) --results benchmarks/RESTART.md

.PHONY: bench-orders
bench-orders: MINUTES ?= 5
bench-orders: setup-dev .venv-peers/.ready ## An order's way beside NautilusTrader and over HTTP, with floors (MINUTES=… HOLD=…); writes benchmarks/orders/RESULTS.md
	$(BIN)/python -m benchmarks.orders --minutes $(MINUTES) $(if $(HOLD),--hold $(HOLD)) --results benchmarks/orders/RESULTS.md

.PHONY: bench-algos
bench-algos: setup-dev ## Execution algorithms in PRISM against their benchmarks; writes benchmarks/algos/RESULTS.md
	$(BIN)/python -m benchmarks.algos --results benchmarks/algos/RESULTS.md

##@ Help

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## Remove the environment and caches (never the data)
	rm -rf $(VENV) .venv-peers .hypothesis .pytest_cache .ruff_cache .coverage
