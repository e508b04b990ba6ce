# `make help` lists the targets. Settings go behind the target: make run PORT=8001
.DEFAULT_GOAL := help
.PHONY: help run test check contract postman docs bench layers package rehearse plan deploy destroy clean setup-run setup-dev
.NOTPARALLEL:

# Dozens of processes start in a run and in a test: without .pyc files each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
BIN := .venv/bin
LEDGER := $(CURDIR)/.pytest_cache/iam-ledger
NEWMAN := 6.2.1

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

run: setup-run ## Serve everything on this machine, AWS included (PORT=8000 AWS_PORT=4566 DATA_DIR=.data)
	@exec $(PYTHON) -m infra.local

test: setup-dev ## Run all tests (COVERAGE=1 holds the coverage too, .venv/bin/coverage report shows it; ARGS= goes to pytest)
	@$(PYTHON) -m infra.local.media_tools ensure
	@rm -rf $(LEDGER)
	@MEDIA_TOOLS_DIR=$$($(PYTHON) -m infra.local.media_tools ensure | tail -n 1) EMBEDDED_AWS_IAM_LEDGER=$(LEDGER) \
		$(PYTHON) -m pytest -n 4 --dist loadgroup $(if $(COVERAGE),--cov --cov-report=) --durations=10 $(ARGS)
	@test -n "$(ARGS)" || EMBEDDED_AWS_IAM_LEDGER=$(LEDGER) $(PYTHON) -m pytest tests/privileges.py

check: setup-dev ## Lint, check formatting, types, imports and the CloudFormation template
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint infra/template.yaml

contract: setup-dev ## Hold the description of the API against it with new requests (CONTRACT_SECONDS=120)
	@CONTRACT_SECONDS=$${CONTRACT_SECONDS:-120} CONTRACT_OPTIONS="$${CONTRACT_OPTIONS:---generation-database none}" \
		$(PYTHON) -m pytest --show-capture=no -o timeout=0 tests/contract/test_contract.py $(ARGS)

postman: ## Run the Postman collection under newman, which npx fetches, against what `make run` serves (PORT= EMAIL= PASSWORD=)
	@npx --yes newman@$(NEWMAN) run http://127.0.0.1:$${PORT:-8000}/postman.json \
		--env-var "email=$${EMAIL:-postman-$$(date +%s)@example.org}" --env-var "password=$${PASSWORD:-correct horse battery}"

docs: setup-dev ## Write docs/openapi.json and docs/api.md anew
	@$(PYTHON) -m infra.describe

bench: setup-dev ## Measure calls, capacity units, bytes and side-by-side times
	@for script in bench/[a-z]*.py; do $(PYTHON) -m bench.$$(basename $$script .py) || exit 1; done

layers: setup-run ## Build the layer with ffprobe and ffmpeg for this machine's processor
	@$(PYTHON) -m infra.local.media_tools build

package: setup-dev ## Build the CloudFormation package in dist/
	@$(PYTHON) -m infra.package

rehearse: package ## Deploy the package to a fresh embedded AWS and use it there
	@$(PYTHON) -m pytest tests/rehearsal/judged.py tests/rehearsal/rehearse.py $(ARGS)

plan: package ## Show what a deployment would change (STAGE=name ARGS="--parameter Name=value")
	@$(PYTHON) -m infra.package.deploy plan --stage "$(STAGE)" $(ARGS)

deploy: package ## Deploy to AWS (STAGE=name ARGS="--admin you@example.org --parameter Name=value")
	@$(PYTHON) -m infra.package.deploy up --stage "$(STAGE)" $(ARGS)

destroy: setup-dev ## Remove a stage from AWS; refuses while it holds data (STAGE=name ARGS=--with-data)
	@$(PYTHON) -m infra.package.deploy down --stage "$(STAGE)" $(ARGS)

clean: ## Remove what can be made again (.data, with everything stored, stays)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@sh infra/local/setup.sh run

setup-dev:
	@sh infra/local/setup.sh dev
