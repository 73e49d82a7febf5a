# Fancy Monkey Inventory. `make run` and `make test` need only Python 3.11+ and the network; `make` lists the rest.

HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= data
WORKERS ?= 1
DEMO ?= on
PYTHON ?=
TESTS ?= tests
JOBS ?= auto
PYTEST_ARGS ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install -q --require-hashes --no-deps
PACKAGE := pyproject.toml src/fancymonkey/__init__.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup setup-dev venv run test test-fast check format bench browser docs audit lock clean

help: ## List these targets
	@echo "Fancy Monkey Inventory"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: HOST=$(HOST) PORT=$(PORT) DATA=$(DATA) WORKERS=$(WORKERS) DEMO=$(DEMO) PYTHON=path/to/python3"
	@echo "           TESTS=tests/core JOBS=0 PYTEST_ARGS='-k hold' SKIP_BROWSER=1 SKIP_POSTGRES=1"

setup: venv $(VENV)/.run-stamp ## Make .venv with the packages of the service
setup-dev: venv $(VENV)/.dev-stamp ## ... and with those of its tests and checks

run: setup ## Start the shop on http://HOST:PORT with its data in DATA (made on first start)
	DATA_DIR='$(DATA)' $(BIN)/fancymonkey serve --init $(if $(filter on1,$(DEMO)$(WORKERS)),--demo) --host '$(HOST)' --port '$(PORT)' --workers '$(WORKERS)' $(ARGS)

# Bytecode is kept: without it every process of the tests would compile the program again.
test test-fast: export PYTHONDONTWRITEBYTECODE =

test: setup-dev browser ## Run every test, with a real PostgreSQL and a real browser
	$(BIN)/python -m pytest -n '$(JOBS)' --dist worksteal $(PYTEST_ARGS) $(TESTS)

test-fast: setup-dev ## Run the tests that need no database, no browser and little time
	$(BIN)/python -m pytest -n '$(JOBS)' --dist worksteal -m 'not postgres and not browser and not slow and not crash' $(PYTEST_ARGS) $(TESTS)

check: setup-dev audit ## Check lint, format, types, the rules of the architecture, and known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest -q tests/architecture tests/security
	$(BIN)/python scripts/security_requirements.py --print

format: setup-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-dev ## Measure, and print the table (ARGS='...' for its options)
	$(BIN)/python -m bench $(ARGS)

browser: setup-dev ## Provide a Chromium for the browser tests
	@sh scripts/browser.sh

audit: setup-dev $(VENV)/.audit-stamp ## List the parts of the service in dist/sbom.json, and look up known vulnerabilities
	$(BIN)/python scripts/audit.py

docs: setup-dev $(VENV)/.docs-stamp ## Make a site of the documentation in site/, with every link checked
	$(BIN)/python -m sphinx -q -W --keep-going -n -E -b html docs site
	@echo "The documentation is in site/index.html."

lock: venv ## Choose the newest versions again and pin them with their hashes
	@sh scripts/lock.sh

clean: ## Remove the environment, caches and build results (never your data)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist site
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The environment. Stamps make a second `make` quick; make-venv.sh drops an environment that no longer works.

venv:
	@python=$$(sh scripts/find-python.sh '$(PYTHON)') && sh scripts/make-venv.sh '$(VENV)' "$$python"

$(VENV)/.run-stamp: requirements/run.txt requirements/build.txt $(PACKAGE) | venv
	$(INSTALL) -r requirements/run.txt -r requirements/build.txt
	$(PIP) install -q --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev-stamp: requirements/dev.txt $(VENV)/.run-stamp
	$(INSTALL) -r requirements/dev.txt
	$(PIP) check
	@touch $@

$(VENV)/.docs-stamp: requirements/docs.txt $(VENV)/.dev-stamp
	$(INSTALL) -r requirements/docs.txt
	@touch $@

$(VENV)/.audit-stamp: requirements/audit.txt $(VENV)/.dev-stamp
	$(INSTALL) -r requirements/audit.txt
	@touch $@
