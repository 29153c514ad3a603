# Bloom Health. `make help` lists what there is. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# On Linux the default index's torch is a CUDA build of several GB: name an index that holds CPU builds here.
TORCH_INDEX ?=
TORCH := torch==2.13.0
PEERS := benchmarks/peers/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help dev demo demo-retrain test test-long test-cockroach lint format bench bench-delivery bench-coldstart bench-auth bench-revocation bench-relay bench-booking bench-search bench-admin bench-infra bench-inference bench-telemetry lock openapi dashboards \
	dev-reset

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

dev: $(VENV)/dev ## run everything on http://localhost:3000 (Ctrl-C stops it)
	@$(BIN)/python -m dev

demo: $(VENV)/dev ## send three messages through a running `make dev` and show the whole way of each
	@$(BIN)/python -m dev.demo

demo-retrain: $(VENV)/torch ## from therapists' feedback to a better model for everybody, and a bad one that is stopped (4 minutes)
	@$(BIN)/python -m dev.demo_retrain

dev-reset: ## forget all local data
	@rm -rf .bloom && echo "local data is gone"

test: $(VENV)/torch ## run all tests on parts of their own
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-long: $(VENV)/torch ## the same, with chaos and property tests at full size
	@BLOOM_TEST_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-cockroach: $(VENV)/tests ## run the tests against the CockroachDB of compose.yaml
	@BLOOM_TEST_COCKROACH=$${BLOOM_TEST_COCKROACH:-cockroachdb+pg8000://root@localhost:26257/defaultdb?sslmode=disable} \
		$(BIN)/python -m pytest tests/shared tests/functions tests/concurrency

lint: $(VENV)/tests ## ruff, mypy --strict, import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/mypy .

format: $(VENV)/tests ## put the code in shape
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: bench-coldstart bench-delivery bench-auth bench-revocation bench-relay bench-booking bench-search bench-admin bench-infra bench-inference bench-telemetry ## all measurements

bench-delivery: $(VENV)/dev ## from POST to the other's socket: at 40 messages a second, then up to the knee
	@$(BIN)/python -m benchmarks.delivery

bench-coldstart: $(VENV)/dev ## what importing each function costs
	@$(BIN)/python -m benchmarks.coldstart

bench-auth: $(VENV)/dev $(PEERS) ## session check and sign-in beside Better Auth (needs Node 20 or newer)
	@$(BIN)/python -m benchmarks.auth

bench-revocation: $(VENV)/dev ## how soon a revoked session is refused elsewhere, and its socket closed
	@$(BIN)/python -m benchmarks.revocation

bench-relay: $(VENV)/dev $(PEERS) ## the relay beside Node's Socket.IO with its Redis adapter (BENCH_SOCKETS, BENCH_PROCESSES)
	@$(BIN)/python -m benchmarks.relay

bench-search: $(VENV)/dev ## a word among 20,000 messages, beside a keyed blind index
	@$(BIN)/python -m benchmarks.search

bench-admin: $(VENV)/dev ## what administrators ask of 100,000 users and 5,000,000 audit entries, and of a tenth (BENCH_SCALE)
	@$(BIN)/python -m benchmarks.admin

bench-infra: $(VENV)/tests ## what is provisioned, edited for the worse: each edit has to be noticed by a test
	@$(BIN)/python -m benchmarks.infra

bench-telemetry: $(VENV)/dev ## what numbers and traces cost a message, and what they cost where they are off
	@$(BIN)/python -m benchmarks.telemetry

bench-inference: $(VENV)/torch $(VENV)/peers/.installed ## the classifier at xlm-roberta-base's size beside a pipeline (BENCH_LABELLED names a CSV)
	@$(BIN)/python -m benchmarks.inference

bench-booking: $(VENV)/dev ## free times, whether history costs, and booking beside a table lock
	@$(BIN)/python -m benchmarks.booking

openapi: $(VENV)/dev ## write functions/admin/openapi.json from the code
	@$(BIN)/python -m dev.openapi

dashboards: $(VENV)/dev ## write Grafana's pages and Prometheus' rules from the code
	@$(BIN)/python -m infra.dashboards && $(BIN)/python -m infra.rules

LOCKS := auth=functions/auth appointments=functions/appointments messages=functions/messages admin=functions/admin \
	ml_feedback=functions/ml_feedback inference=containers/inference realtime=containers/realtime \
	migrations=infra/migrations dev=dev tests=tests train=containers/inference/training

lock: $(VENV)/python ## write every lock anew from pyproject.toml
	@$(BIN)/python dev/install.py uv
	@for lock in $(LOCKS); do \
		echo "locking $${lock##*=}"; \
		$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--extra $${lock%%=*} pyproject.toml -o $${lock##*=}/requirements.txt || exit 1; \
	done

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "bloom: Python 3.11 to 3.13 is needed; name one with PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/dev: dev/requirements.txt | $(VENV)/python
	@echo "installing what the local cloud needs (once)"
	@$(BIN)/python dev/install.py --require-hashes -r dev/requirements.txt && touch $@

$(VENV)/tests: tests/requirements.txt | $(VENV)/python
	@echo "installing what the tests need (once)"
	@$(BIN)/python dev/install.py --require-hashes -r tests/requirements.txt && touch $@ $(VENV)/dev

$(VENV)/torch: $(VENV)/tests
	@echo "installing torch for the tests of training (once)"
	@$(BIN)/python dev/install.py $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) && touch $@

$(VENV)/peers/.installed: benchmarks/peers/requirements.txt | $(VENV)/torch
	@echo "installing the peers of bench-inference (once)"
	@$(BIN)/python dev/install.py --require-hashes --no-deps --target $(VENV)/peers --upgrade -r $< && touch $@

$(PEERS): benchmarks/peers/package-lock.json
	@command -v npm >/dev/null || { echo "bloom: the peers of bench-auth and bench-relay need Node 20 or newer, with npm" >&2; exit 1; }
	@echo "installing the peers of bench-auth and bench-relay (once)"
	@cd benchmarks/peers && npm ci --ignore-scripts --no-audit --no-fund --silent && touch node_modules/.package-lock.json
