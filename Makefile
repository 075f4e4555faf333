# make demo    from nothing to a tuned, tested, registered model
# make test    the test suite
# make check   lint and the unit tests, in under two minutes: while you work
# make proofs  the tests that take minutes: clusters of several nodes, servers, and all of make faults
# make proof-containers  docker/ in real containers, with Docker or podman: 7 GB; DEVICE=cuda where there are no CPU builds of torch
# make proof-slurm       sweeps as jobs of a real Slurm, which it starts itself
# make faults  injects faults and bad input, and writes the tables of docs/faults.md
# make results PAIRS="mnist-cnn mnist-lenet"    measures pairs and writes the README's table
# make json-page   writes docs/json.md from the types of what commands print
# make bench-start     a small sweep from Enter to the prompt, cold and warm; OTHERS="PATH/tuner" beside other versions
# make bench-frozen    trials that train a head on a frozen network; OTHERS as above; needs cats_vs_dogs in TUNER_DATA
# make benchmark       a sweep beside what a skilled user writes with Ray Tune, Optuna and Syne Tune
# make bench-step      images a second that models train on, beside a bare loop and a script with a DataLoader
# make bench-threads   images a second of many trials of one thread beside few of several
# make bench-scale     many trials that only sleep, on a cluster with more slots than this machine has cores; minutes
# make bench-placement bytes that the machines of a cluster receive: the data, once for each; minutes
# make bench-driver    what a decision costs with up to 20,000 trials
# make bench-serve     tuner serve beside MLflow's server: requests a second, latency and CPU time
# make bench-search    compares methods of search over recorded learning curves; make curves records some, for hours
# Needs python3 >= 3.11 with venv; everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv
LOCK := $(UV) pip compile pyproject.toml --extra dev --extra server --extra pretrained --extra ray-serve --extra timm --universal --python-version 3.11 --no-header --no-annotate --quiet

FAULTS := build/faults.json

# A worker for each core. The tests of a module stay together, but for those that a worker without work takes over.
PYTEST := $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

# Searches replayed over recorded learning curves. CURVES: more files; SEARCH: more options, such as --trials 16.
TABLES = $(wildcard tests/benchmarks/curves/*.npz)
METHODS := tuner,random,random+asha,ray,ray-1,ray-defaults,optuna+sha,optuna+hyperband,optuna+median,i-epoch-1,i-epoch-3,default

.PHONY: demo test check proofs proof-containers proof-slurm faults venv lint format lock benchmark results bench-search bench-driver bench-serve bench-start bench-step bench-threads bench-scale bench-placement bench-frozen curves json-page

demo: venv
	$(BIN)/tuner sweep digits cnn

test: venv
	$(PYTEST)

check: lint
	$(PYTEST) tests/unit

proofs: venv
	$(BIN)/pytest -m proof

proof-containers proof-slurm: venv
	$(BIN)/pytest -n 0 -m proof tests/integration/test_$(@:proof-%=%).py

faults: venv
	mkdir -p $(dir $(FAULTS))
	$(PYTEST) --dist loadfile -m faults --faults=$(FAULTS); status=$$?; \
	$(BIN)/python tests/benchmarks/fault_tables.py $(FAULTS) && exit $$status

benchmark: venv
	$(BIN)/python tests/benchmarks/against_scripts.py --rounds $(or $(ROUNDS),3)

bench-start: venv
	$(BIN)/python tests/benchmarks/cold_start.py $(BIN)/tuner warm:$(BIN)/tuner $(OTHERS) --rounds $(or $(ROUNDS),3)

bench-frozen: venv
	$(BIN)/python tests/benchmarks/frozen_backbone.py $(BIN)/tuner again:$(BIN)/tuner $(OTHERS) --rounds $(or $(ROUNDS),3)

bench-step: venv
	$(BIN)/python tests/benchmarks/training_step.py $(STEP)

bench-threads: venv
	$(BIN)/python tests/benchmarks/thread_split.py $(THREADS)

bench-scale: venv
	$(BIN)/python tests/benchmarks/scale.py $(SCALE)

bench-placement: venv
	$(BIN)/python tests/benchmarks/placement.py $(PLACEMENT)

bench-driver: venv
	$(BIN)/python tests/benchmarks/driver_cost.py

bench-serve: venv
	$(BIN)/python tests/benchmarks/serving.py --rounds $(or $(ROUNDS),3)

bench-search: venv
	mkdir -p build
	$(BIN)/python tests/benchmarks/search_quality.py --curves $(TABLES) $(CURVES) --methods $(METHODS) --json build/search.json $(SEARCH)

curves: venv
	$(BIN)/python tests/benchmarks/record_curves.py $(or $(PAIRS),digits-cnn breast_cancer-lstm table-mlp) --seconds $(or $(RECORD_S),3600)

results: venv
	$(BIN)/python tests/benchmarks/results.py $(PAIRS)

json-page: venv
	$(BIN)/python tests/support/json_page.py

lint: venv
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/mypy

format: venv
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: $(BIN)/uv
	$(LOCK) --upgrade -o requirements.lock

venv: $(VENV)/installed

# Compiled at once: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each process would compile it again.
$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/uv
	$(UV) pip install --quiet --compile-bytecode -r requirements.lock
	$(UV) pip install --quiet --no-deps --editable .
	touch $@

$(BIN)/uv:
	$(PYTHON) -c 'import sys; sys.exit("tuner needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv
