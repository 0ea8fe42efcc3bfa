# make train: set up and run the main job on the simulated cohort.   make test: set up and run the tests.
PYTHON ?= python3
BIN := .venv/bin
PATIENTS ?= 240
SEED ?= 7
export PYTHONHASHSEED ?= 0
LOCK_ANYWHERE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11

.PHONY: setup train test test-heavy test-all lint format lock wheelhouse sbom audit clean

setup: .venv/.ready

.venv/.ready: requirements/uv.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

train: setup
	$(BIN)/tumorcast simulate data/simulated --patients $(PATIENTS) --seed $(SEED) --tiles-per-slide 22
	$(BIN)/tumorcast encode data/simulated --out data/simulated_features
	$(BIN)/python train.py configs/base.yaml

test: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "not heavy"

# Twenty kills fork the process that they run in: by themselves.
FORKING := tests/e2e/test_killed_often.py

test-heavy: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m heavy --ignore $(FORKING)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m heavy $(FORKING)

test-all: test test-heavy

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK_ANYWHERE) --extra lab pyproject.toml -o requirements/lab.txt
	$(LOCK_ANYWHERE) --extra lab --extra oidc pyproject.toml -c requirements/lab.txt -o requirements/lab-oidc.txt
	echo pip | $(LOCK_ANYWHERE) - -o requirements/pip.txt
	echo uv | $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 - -o requirements/uv.txt

# An install without network: make wheelhouse PLATFORM=windows-amd64 LAB_PYTHON=3.12
PLATFORM ?= linux-x86_64
LAB_PYTHON ?= 3.11

wheelhouse: setup
	$(BIN)/python deploy/wheelhouse.py --platform $(PLATFORM) --python $(LAB_PYTHON)

sbom: setup
	$(BIN)/python deploy/wheelhouse.py --platform $(PLATFORM) --python $(LAB_PYTHON) --sbom-only

# Known vulnerabilities of what a lab installs; asks the advisory service of the Python registry, so it needs a network.
audit: setup
	$(BIN)/python deploy/audit.py

clean:
	rm -rf dist .venv runs mlruns mlartifacts mlflow.db data/simulated data/simulated_features
