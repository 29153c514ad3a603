# Bloom Health. `make help` lists what there is. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# On Linux the default index's torch is a CUDA build of several GB: name an index that holds CPU builds here.
TORCH_INDEX ?=
TORCH := torch==2.13.0
PEERS := benchmarks/peers/node_modules/.package-lock.json
NODE := $(BIN)/python dev/node.py
# What builds the web client is installed with it; what looks at it and tests it comes on top, where that is asked for.
WEB_MADE_OF := web/node_modules/.made-of
WEB_TESTED_BY := web/node_modules/.tested-by
WEB_BUILT := web/dist/index.html
WEB_SOURCES := $(shell find web/src web/public web/build web/*.* ! -name '*.test.ts*' ! -name schema.d.ts)
WEB_TYPES := web/src/api/schema.d.ts

# Where nothing is kept compiled, each of the processes that a local cloud is made of compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help dev demo demo-retrain web web-dev test-web test-web-long screenshots bench-web test test-long test-cockroach lint format bench bench-delivery bench-coldstart bench-auth bench-revocation bench-relay bench-booking bench-search bench-admin bench-infra bench-inference bench-telemetry lock openapi dashboards pictures \
	dev-reset images images-push image-digests images-pinned scan sbom workflows provision-base provision \
	migrate hold share canary finish back restart smoke preview preview-down preview-secrets \
	plan secrets-missing rotate rotate-due web-push

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

dev: $(VENV)/dev $(WEB_BUILT) ## run everything on http://localhost:3000 (Ctrl-C stops it)
	@$(BIN)/python -m dev

demo: $(VENV)/dev ## send three messages through a running `make dev` and show the whole way of each
	@$(BIN)/python -m dev.demo

demo-retrain: $(VENV)/torch ## from therapists' feedback to a better model for everybody, and a bad one that is stopped (4 minutes)
	@$(BIN)/python -m dev.demo_retrain

web: $(WEB_TYPES) ## build the web client into web/dist, after looking at its types
	@$(NODE) --quiet npm run --silent compile && $(MAKE) --no-print-directory $(WEB_BUILT)

web-dev: $(WEB_TYPES) ## the web client with hot reload on http://localhost:5173, over a running `make dev`
	@$(NODE) vite

dev-reset: ## forget all local data
	@rm -rf .bloom && echo "local data is gone"

test: $(VENV)/torch ## run all tests on parts of their own
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-long: $(VENV)/torch ## the same, with chaos and property tests at full size
	@BLOOM_TEST_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-web: $(VENV)/dev $(WEB_TYPES) $(WEB_BUILT) ## check the web client, alone and in a browser over a system of its own
	@for step in compile rules test browser; do $(NODE) npm run --silent $$step || exit 1; done

test-web-long: $(VENV)/dev $(WEB_TESTED_BY) $(WEB_BUILT) ## rarer flows, and every page for each role: barriers, widths, the keyboard
	@$(NODE) npm run --silent long

screenshots: $(VENV)/dev $(WEB_TESTED_BY) $(WEB_BUILT) ## take a picture of each page, phone and desktop, light and dark, into docs/screenshots
	@$(NODE) npm run --silent screenshots

bench-web: $(VENV)/dev $(WEB_TESTED_BY) $(WEB_BUILT) ## first pages and a long conversation in a browser as slow as a phone
	@BLOOM_MESSAGES=5000 $(NODE) npm run --silent bench

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

pictures: $(VENV)/tests ## draw what is provisioned, and what a month of it costs
	@$(BIN)/python -m infra.diagram && $(BIN)/python -m infra.cost --picture docs/costs.svg

# What delivers: each step of .github/workflows is one of these. STACK is dev, qa, prod or pr-N.
STACK ?= dev
VERSION ?= $(shell git rev-parse --short=12 HEAD)
SETTING = $(shell sed -n 's/^ *$(1): *\([^ ]*\).*/\1/p' infra/Pulumi.$(STACK).yaml)
REGION = $(call SETTING,bloom:region)
PROJECT = $(call SETTING,gcp:project)
REGISTRY = $(REGION)-docker.pkg.dev/$(PROJECT)/bloom-$(STACK)-images
PYTHON_IMAGE = $(shell grep '^python:' infra/images.lock)
BUILD = docker build --quiet --build-arg PYTHON=$(PYTHON_IMAGE)
PULUMI = PATH="$(CURDIR)/$(BIN):$$PATH" pulumi -C infra
# What has to stand before secrets have values and images a place.
BASE = '**gcp:kms/**' '**gcp:serviceaccount/account:Account::**' '**gcp:secretmanager/secret:Secret::**' \
	'**gcp:artifactregistry/repository:Repository::**' '**gcp:pubsub/topic:Topic::rotations-topic' \
	'**::secret-manager-tells' '**gcp:secretmanager/secretVersion:SecretVersion::**' '**cockroach:**' '**upstash:**'
REVIEWED := :(exclude)tests :(exclude)*.json

# Where the stack says inferenceGpu or retrainGpu, that image holds torch's CUDA build.
CUDA_INDEX ?= https://download.pytorch.org/whl/cu126
SERVES = $(if $(call SETTING,bloom:inferenceGpu),serve-torch --build-arg TORCH_INDEX=$(CUDA_INDEX),serve)
TRAINS = train $(if $(call SETTING,bloom:retrainGpu),--build-arg TORCH_INDEX=$(CUDA_INDEX))

images: ## build the four images as the stack's own, in this commit's version (STACK, VERSION)
	@$(BUILD) -t $(REGISTRY)/inference:$(VERSION) -f containers/inference/Dockerfile --target $(SERVES) .
	@$(BUILD) -t $(REGISTRY)/retrain:$(VERSION) -f containers/inference/Dockerfile --target $(TRAINS) .
	@$(BUILD) -t $(REGISTRY)/realtime:$(VERSION) -f containers/realtime/Dockerfile .
	@$(BUILD) -t $(REGISTRY)/migrations:$(VERSION) -f infra/migrations/Dockerfile .

images-push: images ## build them and hand those that are not there yet to the stack's registry
	@gcloud --quiet auth configure-docker $(REGION)-docker.pkg.dev
	@for name in inference retrain realtime migrations; do image=$(REGISTRY)/$$name:$(VERSION); \
		docker manifest inspect $$image >/dev/null 2>&1 || docker push --quiet $$image || exit 1; done

image-digests: ## ask the registry for the digests of infra/images.lock and write them there
	@for base in $$(sed -n 's/^\([a-z][^#@]*\).*/\1/p' infra/images.lock); do \
		digest=$$(docker buildx imagetools inspect $$base --format '{{.Manifest.Digest}}') && \
		sed -i.old "s|^$$base.*|$$base@$$digest|" infra/images.lock && rm infra/images.lock.old || exit 1; \
	done

images-pinned: ## refuse a base image without a digest
	@! grep -vE '^#|@sha256:[0-9a-f]{64}$$' infra/images.lock || { echo "bloom: run make image-digests, look, commit" >&2; exit 1; }

scan: $(VENV)/scans/.installed ## known faults in what is locked, secrets in the tree
	@for lock in $(LOCKS); do echo "$${lock##*=}"; \
		$(VENV)/scans/bin/pip-audit --strict --disable-pip --require-hashes -r $${lock##*=}/requirements.txt || exit 1; done
	@git ls-files -z -- . $(foreach part,$(REVIEWED),'$(part)') | xargs -0 $(VENV)/scans/bin/detect-secrets-hook \
		--disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString --disable-plugin KeywordDetector

sbom: $(VENV)/scans/.installed ## what each deployable is made of (CycloneDX), into dist/
	@mkdir -p dist && for lock in $(LOCKS); do \
		$(VENV)/scans/bin/cyclonedx-py requirements $${lock##*=}/requirements.txt -o dist/sbom-$${lock%%=*}.json || exit 1; done

workflows: $(VENV)/scans/.installed ## are the workflows and Dockerfiles well formed
	@$(VENV)/scans/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(VENV)/scans/bin/hadolint containers/*/Dockerfile infra/migrations/Dockerfile

provision-base: $(VENV)/tests ## what has to stand before secrets have values and images a place (once a stack)
	@$(PULUMI) up --stack $(STACK) --yes --skip-preview -c bloom:version=$(VERSION) $(foreach part,$(BASE),--target $(part))

plan: $(VENV)/tests ## show what provisioning would change, and change nothing
	@$(PULUMI) preview --stack $(STACK) --diff -c bloom:version=$(VERSION)

secrets-missing: $(VENV)/tests ## refuse a stack whose secrets have not all a value, and name them
	@$(BIN)/python -m infra.release $(STACK) missing

provision: $(VENV)/tests ## bring a stack to this tree, with the images of VERSION (HELD=true: requests stay where they are)
	@$(PULUMI) up --stack $(STACK) --yes --refresh -c bloom:version=$(VERSION) -c bloom:held=$(or $(HELD),false)

migrate: ## bring a stack's database to this tree's schema, by the job in the cloud
	@gcloud --quiet run jobs update bloom-$(STACK)-migrations --project $(PROJECT) --region $(REGION) --image $(REGISTRY)/migrations:$(VERSION)
	@gcloud --quiet run jobs execute bloom-$(STACK)-migrations --project $(PROJECT) --region $(REGION) --wait

hold: $(VENV)/tests ## keep all requests at the revisions that serve now, whatever is deployed
	@$(BIN)/python -m infra.release $(STACK) hold

share: $(VENV)/tests ## give the newest revisions a share of the requests (PERCENT)
	@$(BIN)/python -m infra.release $(STACK) share --percent $(or $(PERCENT),10)

canary: $(VENV)/tests ## judge the newest revisions by errors and latency beside the others; harm gives the requests back (PERCENT)
	@$(BIN)/python -m infra.canary $(STACK) --percent $(or $(PERCENT),10)

finish: $(VENV)/tests ## give the newest revisions all requests
	@$(BIN)/python -m infra.release $(STACK) finish

back: $(VENV)/tests ## give all requests to the revisions that served before the newest
	@$(BIN)/python -m infra.release $(STACK) back

restart: $(VENV)/tests ## start every instance anew, so that it reads its secrets anew
	@$(BIN)/python -m infra.release $(STACK) restart

web-push: $(VENV)/tests ## send the built web client (`make web`) to the bucket that it is served from
	@$(BIN)/python -m infra.web_client $(STACK)

rotate: $(VENV)/tests ## renew a key of our own, without a moment that cannot read (NAME=message-keys)
	@$(BIN)/python -m infra.rotation $(STACK) renew $(NAME)

rotate-due: $(VENV)/tests ## renew those keys that are old enough and want no person
	@$(BIN)/python -m infra.rotation $(STACK) due

smoke: $(VENV)/tests ## does a stack answer as it has to, seen from outside (TIMES)
	@$(BIN)/python -m infra.smoke https://$(call SETTING,bloom:domain) --times $(or $(TIMES),1)

preview: $(VENV)/tests ## make or renew the preview of a pull request (STACK=pr-N)
	@sed 's/pr-N/$(STACK)/' infra/Pulumi.pr.yaml > infra/Pulumi.$(STACK).yaml
	@$(PULUMI) stack select --create --secrets-provider $(or $(PULUMI_SECRETS_PROVIDER),default) $(STACK)
	@$(MAKE) provision-base images-push preview-secrets STACK=$(STACK) VERSION=$(VERSION)
	@$(MAKE) provision migrate web-push STACK=$(STACK) VERSION=$(VERSION)

preview-secrets: $(VENV)/tests ## give a preview's secrets that have no value yet those of dev
	@$(BIN)/python -m infra.release $(STACK) secrets --like dev

preview-down: $(VENV)/tests ## remove a preview (STACK=pr-N)
	@case "$(STACK)" in pr-*) ;; *) echo "bloom: only a preview is removed like this" >&2; exit 1;; esac
	@sed 's/pr-N/$(STACK)/' infra/Pulumi.pr.yaml > infra/Pulumi.$(STACK).yaml
	@$(PULUMI) destroy --stack $(STACK) --yes -c bloom:version=$(VERSION)
	@$(PULUMI) stack rm $(STACK) --yes

LOCKS := auth=functions/auth appointments=functions/appointments messages=functions/messages admin=functions/admin \
	ml_feedback=functions/ml_feedback inference=containers/inference realtime=containers/realtime \
	migrations=infra/migrations dev=dev tests=tests train=containers/inference/training scans=dev/scans \
	node=dev/node

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

$(VENV)/node: dev/node/requirements.txt dev/node.py | $(VENV)/python
	@$(NODE) --found || { echo "installing Node for the web client (once)"; \
		$(BIN)/python dev/install.py --require-hashes -r dev/node/requirements.txt; }
	@touch $@

$(WEB_MADE_OF): web/package-lock.json | $(VENV)/node
	@echo "installing what the web client is made of (once)"
	@$(NODE) --quiet npm ci --omit=dev --ignore-scripts --no-audit --no-fund && touch $@

$(WEB_TESTED_BY): web/package-lock.json | $(VENV)/node
	@echo "installing what the web client is tested with (once)"
	@$(NODE) --quiet npm ci --ignore-scripts --no-audit --no-fund && touch $@ $(WEB_MADE_OF)

$(WEB_TYPES): functions/admin/openapi.json $(WEB_TESTED_BY)
	@$(NODE) --quiet npm run --silent types && touch $@

$(WEB_BUILT): $(WEB_SOURCES) $(WEB_MADE_OF)
	@echo "building the web client"
	@$(NODE) --quiet vite build && touch $@

$(VENV)/tests: tests/requirements.txt | $(VENV)/python
	@echo "installing what the tests need (once)"
	@$(BIN)/python dev/install.py --require-hashes -r tests/requirements.txt && touch $@ $(VENV)/dev

$(VENV)/torch: $(VENV)/tests
	@echo "installing torch for the tests of training (once)"
	@$(BIN)/python dev/install.py $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) && touch $@

$(VENV)/scans/.installed: dev/scans/requirements.txt | $(VENV)/python
	@echo "installing what looks at the whole tree (once)"
	@$(PYTHON) -m venv $(VENV)/scans
	@$(VENV)/scans/bin/python dev/install.py --require-hashes -r dev/scans/requirements.txt && touch $@

$(VENV)/peers/.installed: benchmarks/peers/requirements.txt | $(VENV)/torch
	@echo "installing the peers of bench-inference (once)"
	@$(BIN)/python dev/install.py --require-hashes --no-deps --target $(VENV)/peers --upgrade -r $< && touch $@

$(PEERS): benchmarks/peers/package-lock.json
	@command -v npm >/dev/null || { echo "bloom: the peers of bench-auth and bench-relay need Node 20 or newer, with npm" >&2; exit 1; }
	@echo "installing the peers of bench-auth and bench-relay (once)"
	@cd benchmarks/peers && npm ci --ignore-scripts --no-audit --no-fund --silent && touch node_modules/.package-lock.json
