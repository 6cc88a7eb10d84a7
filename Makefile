# The verbs of this repository. Each is a thin door: the work is in scripts/, python_modules/ and tests/.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
RUN := $(BIN)/python -m
COMPILE := --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

.PHONY: help up down test quick molecule image boot bench lint fmt lock docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Start a provisioned demo host in a container, and print how to reach it
	@scripts/bootstrap up
	@PYTHONPATH=python_modules $(RUN) fermoposta_demo up

down: ## Remove the demo host and what it wrote (built images stay)
	@scripts/bootstrap up
	@PYTHONPATH=python_modules $(RUN) fermoposta_demo down

test: ## Run every layer of tests, quick ones first, and write build/junit and build/features.md
	@scripts/bootstrap test
	@PYTHONPATH=python_modules $(RUN) fermoposta_demo test

quick: ## Run the layers that need no host
	@scripts/bootstrap test
	@PYTHONPATH=python_modules $(RUN) fermoposta_demo test --quick

image: ## Build the appliance as a disk: build/image/fermoposta.raw, .qcow2, .ova
	@scripts/bootstrap image
	@PYTHONPATH=python_modules $(RUN) fermoposta_image build

boot: ## Boot the image in QEMU, and log in by IMAP
	@scripts/bootstrap image
	@PYTHONPATH=python_modules $(RUN) fermoposta_image boot
	@PYTHONPATH=python_modules $(RUN) fermoposta_image boot --firmware uefi

bench: ## Measure, and write build/bench.json
	@scripts/bootstrap test
	@PYTHONPATH=python_modules:. $(RUN) tests.bench

lint: ## Run the linters and the type checker
	@scripts/bootstrap venv
	@PYTHONPATH=python_modules $(RUN) fermoposta_demo test --only lint

fmt: ## Format the Python files
	@scripts/bootstrap venv
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: ## Resolve the requirements again, with hashes
	@scripts/bootstrap venv
	@for part in runtime controller fuzz; do \
	  $(BIN)/uv pip compile $(COMPILE) --universal --python-version 3.11 \
	    --output-file "requirements/$$part.txt" "requirements/$$part.in" || exit 1; \
	done
	@# The image has one Python, which is not the one that fetches for it.
	@$(BIN)/uv pip compile $(COMPILE) --python-version 3.13 --python-platform x86_64-manylinux_2_28 \
	  --output-file requirements/appliance.txt requirements/appliance.in

docs: ## Write the generated documents
	@scripts/bootstrap venv
	@PYTHONPATH=python_modules $(RUN) fermoposta_docs write

clean: ## Remove everything that was built: images, caches, the virtual environment
	@if [ -x $(BIN)/python ]; then PYTHONPATH=python_modules $(RUN) fermoposta_demo clean; fi
	@rm -rf .venv .cache .demo build
