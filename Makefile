# `make demo` and `make test` need Python 3.11 or 3.12, make, and a way to the package registries.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint bench web web-test screenshots clean

demo: $(INSTALLED) web
	$(BIN)/flightledger demo $(ARGS)

test: lint web web-test
	$(BIN)/pytest -n 3 $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks $(ARGS)

# The page is built by a Node of its own, from the Python package index, so no other one is needed.
web: web/dist/index.html

web/dist/index.html: $(INSTALLED) web/node_modules/.installed $(shell find web/src web/index.html web/*.ts web/*.json -type f 2>/dev/null)
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build

web/node_modules/.installed: $(INSTALLED) web/package-lock.json
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-fund --no-audit
	touch $@

web-test: web/node_modules/.installed
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check && PATH="$(CURDIR)/$(BIN):$$PATH" npm test --silent

# The pictures of docs/web.md, made by the tests of the page. Needs Debian's chromium.
screenshots: web
	$(BIN)/pytest -n 0 -q tests/web --pictures $(ARGS)

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info build
