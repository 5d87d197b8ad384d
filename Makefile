# Everything a newcomer needs is `make demo` and `make test`; `make` alone lists the rest.

.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
# The system's own Python first: distributions build it for speed, a quarter faster than one built with
# the defaults, and the rate of the whole system goes by it.
PYTHON ?= $(shell for python in /usr/bin/python3 python3; do \
  $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && echo $$python && break; done)
UV_VERSION := 0.13.9
PACKAGES := shared services/registration services/verification services/ems-gateway loadtests deploy/local
ASSETS := services/registration/assets
ASSETS_BUILT := services/registration/registration/form/static/built.json
SOURCES := shared services loadtests deploy tests
APPLICATIONS ?= 1000
SHAPE ?= steady
TOTAL ?= 6000
COMPRESS ?= 10
UV := $(BIN)/uv
PYTEST := $(BIN)/python -m pytest -q
# Each of the others starts whole systems and wants both cores for itself: tests/acceptance.
PARALLEL := tests/unit tests/contract tests/conventions tests/integration
# Two browsers at a time; who is done takes from the other: a few tests take half of the time of all.
BROWSER := tests/browser -n 2 --dist worksteal
INSTALL := $(UV) pip install --quiet --python $(BIN)/python

.PHONY: help
help: ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(UV):
	@echo "Making $(VENV) ..."
	@$(or $(PYTHON),false) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer with venv is needed; name it with PYTHON=..."; exit 78; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/packages: $(UV) requirements.txt $(addsuffix /pyproject.toml,$(PACKAGES))
	@echo "Installing what the product needs ..."
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation $(addprefix -e ,$(PACKAGES))
	@touch $@

$(ASSETS_BUILT): $(VENV)/packages $(wildcard $(addprefix $(ASSETS)/,*.json *.scss *.js *.svg *.py))
	@echo "Building the form's style sheet and scripts ..."
	@$(BIN)/python $(ASSETS)/build.py

$(VENV)/installed: $(VENV)/packages $(ASSETS_BUILT)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing what working on it needs ..."
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/installed ## the whole system, 1,000 applications, and the sum that must balance
	@$(BIN)/electoral demo --applications $(APPLICATIONS)

.PHONY: up
up: $(VENV)/installed ## start the whole system and leave it running
	@$(BIN)/electoral up --detach

.PHONY: down
down: $(VENV)/installed ## end what `make up` started
	@$(BIN)/electoral down

.PHONY: test
test: $(VENV)/installed-dev ## every test but the long ones, on real Postgres and Kafka
	@$(PYTEST) $(PARALLEL) -m "not long" -n 2 --dist loadfile
	@$(PYTEST) $(BROWSER) -m "not long"
	@$(PYTEST) tests/acceptance -m "not long"

.PHONY: test-unit
test-unit: $(VENV)/installed-dev ## tests that need neither Postgres nor Kafka
	@$(PYTEST) tests/unit tests/contract tests/conventions -n 2 --dist loadfile

.PHONY: test-all
test-all: $(VENV)/installed-dev ## every test, the long ones too
	@$(PYTEST) $(PARALLEL) -n 2 --dist loadfile
	@$(PYTEST) $(BROWSER)
	@$(PYTEST) tests/acceptance

.PHONY: test-browser
test-browser: $(VENV)/installed-dev ## the form's pages in the system's Chromium; skipped where there is none
	@$(PYTEST) $(BROWSER)

.PHONY: screenshots
screenshots: $(VENV)/installed-dev ## pictures of every page of the form, in both languages: var/screenshots
	@PYTHONPATH=tests $(BIN)/python -m browser.screenshots

.PHONY: assets
assets: $(ASSETS_BUILT) ## the style sheet and scripts of the form's pages; every target that needs them does this

.PHONY: lint
lint: $(VENV)/installed-dev ## style, imports between packages, contracts
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m electoral.contracts check

.PHONY: types
types: $(VENV)/installed-dev ## mypy, strict
	@$(BIN)/mypy $(SOURCES)

.PHONY: load
load: $(VENV)/installed ## arrivals in the shape of a day, and one verdict: SHAPE= TOTAL= COMPRESS=
	@$(BIN)/electoral load --shape $(SHAPE) --total $(TOTAL) --compress $(COMPRESS)

# With locust's page: make locust LOCUST="--web-host 127.0.0.1 --autostart --autoquit 60"
LOCUST ?= --headless --only-summary
PROCESSES ?= 2
locust: SHAPE = debate
locust: TOTAL = 1200
locust: COMPRESS = 60
.PHONY: locust
locust: $(VENV)/installed-dev ## people, partners and councils played by locust, and the judge: SHAPE= TOTAL= COMPRESS=
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.locust_run --shape $(SHAPE) --total $(TOTAL) \
	  --compress $(COMPRESS) --processes $(PROCESSES) $(LOCUST)

.PHONY: full-speed
full-speed: $(VENV)/installed ## 20,000 applications as fast as they go, with the rate at the end
	@$(BIN)/electoral demo --applications 20000

.PHONY: match-rate
match-rate: $(VENV)/installed-dev ## decisions per second of matching and rules, on one core
	@$(BIN)/python tests/benchmarks/matching_rate.py

.PHONY: match-report
match-report: $(VENV)/installed-dev ## who is green or red and should not be: var/match-report.html
	@PYTHONPATH=tests $(BIN)/python -m evaluation

.PHONY: verification-rate
verification-rate: $(VENV)/installed-dev ## applications a second of one verification worker, on real Postgres and Kafka
	@$(BIN)/python tests/benchmarks/verification_rate.py

.PHONY: gateway-rate
gateway-rate: $(VENV)/installed-dev ## records a second that well-behaved councils drain from one gateway process
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.gateway_rate

.PHONY: gateway-polls
gateway-polls: $(VENV)/installed-dev ## how long councils wait when all EROs poll at the same moment
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.gateway_polls

.PHONY: gateway-plan
gateway-plan: $(VENV)/installed-dev ## what a page costs beside 5 million delivered records: plan and blocks
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.gateway_plan

.PHONY: gateway-trouble
gateway-trouble: $(VENV)/installed-dev ## what the others notice of an ERO that hangs and one that fails
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.gateway_trouble

.PHONY: gateway-timing
gateway-timing: $(VENV)/installed-dev ## does the time of an answer tell another ERO's id from an unknown one?
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.gateway_timing

.PHONY: form-journeys
form-journeys: $(VENV)/installed-dev ## whole journeys through the form a second, their CPU, and 50,000 half-finished ones
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.form_journeys

.PHONY: growth
growth: $(VENV)/installed-dev ## blocks, time and sizes beside 10 thousand, 1 and 5 million stored ones: 45 GB, 25 minutes
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.growth

.PHONY: overload
overload: $(VENV)/installed-dev ## three times the sustainable rate for 5 minutes, with admission and without: 15 minutes
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.overload $(OVERLOAD)

.PHONY: bounds
bounds: $(VENV)/installed-dev ## what each batching idea is worth, with its bound set to one: 25 minutes
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.bounds $(BOUNDS)

.PHONY: fuzz
fuzz: $(VENV)/installed-dev ## 10,000 made-up requests to the gateway, from its own document
	@GATEWAY_FUZZ_CASES=10000 $(PYTEST) -s tests/integration/test_gateway_fuzz.py

.PHONY: dwp-trouble
dwp-trouble: $(VENV)/installed-dev ## DWP hangs, is away a minute, is away for good, at 300 applications a second
	@DWP_TROUBLE_RATE=300 $(PYTEST) -s tests/acceptance/test_dwp_trouble.py

.PHONY: gateway-kills
gateway-kills: $(VENV)/installed-dev ## the gateway killed again and again while councils drain 50,000
	@GATEWAY_DRAIN_APPLICATIONS=50000 GATEWAY_DRAIN_KILLS=6 $(PYTEST) -s tests/acceptance/test_gateway_drained.py

.PHONY: journal-recovered
journal-recovered: $(VENV)/installed-dev ## an EMS that lost 3 of 10,000 records finds and gets them again
	@JOURNAL_APPLICATIONS=10000 $(PYTEST) -s tests/acceptance/test_journal_recovered.py

.PHONY: mutants
mutants: $(VENV)/installed-dev ## do the tests of matching and rules notice every change? 10 minutes
	@$(BIN)/python tests/mutation/mutants.py

.PHONY: lock
lock: $(UV) ## renew the lock files
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --upgrade requirements.in -o requirements.txt
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --upgrade requirements-dev.in -o requirements-dev.txt

.PHONY: clean
clean: ## remove everything that was made here; caches outside stay
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@rm -rf $(dir $(ASSETS_BUILT)) $(ASSETS)/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
