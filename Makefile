# `make help` lists the targets. Settings go behind the target: make run PORT=8001
.DEFAULT_GOAL := help
.PHONY: help run test check bench layers clean setup-run setup-dev
.NOTPARALLEL:

PYTHON := .venv/bin/python
BIN := .venv/bin

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

run: setup-run ## Serve everything on this machine, AWS included (PORT=8000 AWS_PORT=4566 DATA_DIR=.data)
	@exec $(PYTHON) -m infra.local

test: setup-dev ## Run all tests, with coverage (ARGS= goes to pytest)
	@$(PYTHON) -m infra.local.media_tools ensure
	@MEDIA_TOOLS_DIR=$$($(PYTHON) -m infra.local.media_tools ensure | tail -n 1) \
		$(PYTHON) -m pytest -n 2 --cov --cov-report=term-missing:skip-covered $(ARGS)

check: setup-dev ## Lint, check formatting, types, imports and the CloudFormation template
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint infra/template.yaml

bench: setup-dev ## Measure calls, capacity units, bytes and side-by-side times
	@for script in bench/[a-z]*.py; do $(PYTHON) -m bench.$$(basename $$script .py) || exit 1; done

layers: setup-run ## Build the layer with ffprobe and ffmpeg for this machine's processor
	@$(PYTHON) -m infra.local.media_tools build

clean: ## Remove what can be made again (.data, with everything stored, stays)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@sh infra/local/setup.sh run

setup-dev:
	@sh infra/local/setup.sh dev
