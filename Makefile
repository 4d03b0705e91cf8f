# Every command sets up all it needs: Python 3.11 or newer and make are enough.

.DEFAULT_GOAL := help
.PHONY: help run test check format

# What is passed on to pytest: make test ARGS="tests/points -q".
ARGS ?= --numprocesses=auto
# Another Python for the virtual environment: make PYTHON=/opt/python3.13/bin/python test.
PYTHON ?=
export PYTHON
# The demo and the refusals are Chinese: read and write UTF-8 whatever the machine's locale.
export PYTHONUTF8 = 1

bin := .venv/bin
pip := $(bin)/python -m pip --disable-pip-version-check --no-input

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1 \t\2/p' Makefile

run: .venv/.runtime ## serve on this machine (HOST, PORT and DATABASE_URL are honoured)
	@$(bin)/python -m app.config
	@exec $(bin)/flask --app wsgi serve

test: .venv/.development ## run the tests on SQLite and on a real PostgreSQL (ARGS="..." goes to pytest)
	@$(bin)/python -m tests.support.postgresql
	@$(bin)/pytest $(ARGS)

check: .venv/.development ## formatter, linter, types, import contracts, unused dependencies
	$(bin)/ruff format --check
	$(bin)/ruff check
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/deptry .

format: .venv/.development ## write the code the way `make check` wants it
	$(bin)/ruff check --fix --exit-zero
	$(bin)/ruff format

# A stamp is written when its step has ended well, so an interrupted step is done again.

.venv/.created:
	@sh tools/create-venv

ifneq ($(shell test -x $(bin)/python && cat .venv/.created 2>/dev/null),$(shell pwd -P))
.PHONY: .venv/.created
endif

.venv/.runtime: requirements.txt .venv/.created
	@echo "Installing what Linli runs on ..."
	@$(pip) install --requirement requirements.txt
	@touch $@

.venv/.development: requirements-dev.txt .venv/.runtime
	@echo "Installing what testing and checking need ..."
	@$(pip) install --requirement requirements-dev.txt
	@touch $@
