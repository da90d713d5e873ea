# The one front door. Every recipe sets up what it needs; the set-up is quick when there is nothing to do.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
# Tests start hundreds of commands, each a fifth quicker where its modules are kept compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+[a-z%-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## /\1\t/' | expand -t 22

$(VENV)/ready: pyproject.toml constraints.txt
	.ci/setup python
	@touch $@

.PHONY: setup
setup: $(VENV)/ready  ## Python environment, system packages, Asterisk for the lab
	.ci/setup system
	$(BIN)/ami-dialer lab install

.PHONY: lab
lab: $(VENV)/ready  ## only what the lab and the demo need of it: no PostgreSQL
	$(BIN)/ami-dialer lab install

.PHONY: format
format: $(VENV)/ready  ## rewrite the code in its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: check
check: $(VENV)/ready  ## format, lint, types, import rules: seconds
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: $(VENV)/ready  ## write docs/configuration.md and docs/states.md anew from their sources
	$(BIN)/python docs/generate.py

.PHONY: area-codes
area-codes: $(VENV)/ready  ## write ami_dialer/domain/area_codes.py anew from phonenumbers and zipcodes
	$(BIN)/python docs/area-codes.py

.PHONY: zip-codes
zip-codes: $(VENV)/ready  ## write ami_dialer/domain/zip_codes.py anew from zipcodes
	$(BIN)/python docs/zip-codes.py

.PHONY: test
test: setup  ## the whole suite, real Asterisk and PostgreSQL included
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: test-unit
test-unit: $(VENV)/ready  ## only what needs no server
	$(BIN)/pytest -q -n auto -m "unit or architecture"

.PHONY: test-compliance
test-compliance: setup  ## COMPLIANCE_ORIGINATES=100000 random calls, each against a naive reading of the law
	COMPLIANCE_ORIGINATES=$${COMPLIANCE_ORIGINATES:-100000} COMPLIANCE_EXAMPLES=$${COMPLIANCE_EXAMPLES:-2000} \
		$(BIN)/pytest -n 2 --dist load -rP tests/engine/compliance tests/unit/rules/compliance/test_against_naive_law.py

.PHONY: demo
demo: lab  ## a whole survey campaign against the lab, ends by itself
	$(BIN)/ami-dialer demo

.PHONY: bench
bench: $(patsubst benchmarks/bench_%.py,bench-%,$(wildcard benchmarks/bench_*.py))  ## every benchmark

bench-%: setup  ## one benchmark: bench-originate, -connect, -events, -fastagi, -hopper, -import, -numbers, -scrub, -verdict, -writes
	$(BIN)/python benchmarks/bench_$*.py

.PHONY: clean
clean:  ## what the build left behind; never your data in var/
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
