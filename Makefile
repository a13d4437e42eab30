# `make run` runs Hearth, `make test` tests it; `make help` tells the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hearth
# Builds of the native core outlive a checkout: a fresh clone compiles only what has changed.
export CARGO_TARGET_DIR ?= $(CACHE)/target
NATIVE := sfu/native
NATIVE_SOURCES := $(shell find $(NATIVE) -name '*.rs' -o -name 'Cargo.*' | sort)
PYTEST_FLAGS ?= -n 2

say = @echo "hearth: $(1)" >&2

.PHONY: help run build tools dev test test-python test-native test-dialect check bench lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: build ## build what has changed and run the server on http://localhost:8080
	@exec $(BIN)/hearth serve

build: tools $(VENV)/.native ## the virtual environment and the native core

# One line, where a recipe that fails would add make's own; $(1) is a shell command, $(2) the advice.
need = $(if $(shell { $(1); } >/dev/null 2>&1 && echo yes),,$(error hearth: $(2)))

tools:
	$(call need,command -v $(PYTHON),Python is missing: sudo apt-get install python3 python3-venv)
	$(call need,$(PYTHON) -c 'import tomllib',Python 3.11 or newer is needed; choose one with: make run PYTHON=python3.12)
	$(call need,$(PYTHON) -c 'import ensurepip; import venv',Python has no venv: sudo apt-get install python3-venv)
	$(call need,command -v cc,a C compiler is missing: sudo apt-get install build-essential)
	$(call need,cargo --version,cargo is missing: get Rust 1.85 or newer from https://rustup.rs)
	$(call need,printf '%s\n' 'rustc 1.85' "$$(rustc --version)" | sort --check=quiet --version-sort,Rust is too old and 1.85 is needed: rustup update)

$(BIN)/python:
	$(call say,making a virtual environment in $(VENV))
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.dependencies: requirements.lock | $(BIN)/python
	$(call say,installing the dependencies (a minute at first))
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev-dependencies: requirements-dev.lock | $(BIN)/python
	$(call say,installing the dependencies for tests and checks (two minutes at first))
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.dependencies

$(VENV)/.native: $(VENV)/.dependencies pyproject.toml $(NATIVE_SOURCES)
	$(call say,building the native core (a minute at first))
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

dev: tools $(VENV)/.dev-dependencies $(VENV)/.native ## everything that tests and checks need
	@tests/setup.sh
	@$(MAKE) --no-print-directory node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json
	@npm ci --silent --no-audit --no-fund
	@touch $@

test: dev ## every test
	@$(MAKE) --no-print-directory test-python test-native test-dialect

test-python:
	$(call say,testing the server)
	@$(BIN)/pytest $(PYTEST_FLAGS)

test-dialect:
	$(call say,testing the database dialect with SQLAlchemy's own suite)
	@$(BIN)/python -m tests.dialect

test-native:
	$(call say,testing the native core)
	@cargo test --quiet --locked --manifest-path $(NATIVE)/Cargo.toml

check: dev ## formatting, types, imports, lints, documents
	$(call say,checking Python)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	$(call say,checking Rust)
	@cargo fmt --all --check --manifest-path $(NATIVE)/Cargo.toml
	@cargo clippy --quiet --locked --all-targets --manifest-path $(NATIVE)/Cargo.toml -- -D warnings
	$(call say,checking the pages' scripts)
	@node_modules/.bin/tsc -p jsconfig.json
	$(call say,comparing the documents with the last release's)
	@$(BIN)/python -m api.compatibility docs/releases CHANGELOG.md

bench: dev ## what is promised to be fast, measured
	@$(BIN)/python -m bench

lock: ## choose the newest versions that fit pyproject.toml
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group build --group dev pyproject.toml -o requirements-dev.lock
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group build -c requirements-dev.lock pyproject.toml -o requirements.lock

clean: ## remove what was built, and no data
	@rm -rf $(VENV) sfu/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
