# make run, make test: from a fresh machine on; the first time they set up .venv
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

AT = localhost:8000
ARGS ?=
# at once; 'logical': one for each core
WORKERS ?= logical
PYTEST = pytest -n $(WORKERS) --dist worksteal
MINUTES ?= 5
SEEDS ?= 1000
RUNS ?= 1000
INPUTS ?= 100000
ROUNDS ?= 5
HELLOS ?= 100000
STREAMS ?= 34
DROPS ?= 10000
BLOCKS ?= 34000
MB ?= 100
SEED ?= 7

.PHONY: run test coverage covered lint docs bench scale realism workers cluster soak hunt seeds streams plans suites explore-corpus explore-suites fuzz-tls fuzz-runs memory watch walk dist clean

# Shows what vaurien is: an HTTP backend of its own, a proxy in front of it, and faults in between.
run: $(VENV)/.run
	@echo "try, a few times:  curl -i http://$(AT)/"
	@exec $(BIN)/vaurien --proxy $(AT) --backend embedded --protocol http --behavior 20:delay,10:error --http $(ARGS)

# make test ARGS='-k redis'
test: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m $(PYTEST) $(ARGS)

# These measure what things cost, and counting costs.
UNCOUNTED = $(addprefix --ignore=tests/, integration/test_scale.py integration/test_soak.py integration/test_memory.py \
    unit/protocols/test_costs.py)

# The tests once more, counting which branches of vaurien/ they take, in child processes too; .ci/floor has the least that passes.
coverage: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m $(PYTEST) $(UNCOUNTED) $(ARGS)
	@$(MAKE) --no-print-directory covered

# What the last such run has counted.
covered:
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
	$(BIN)/python .ci/floor

lint: $(VENV)/.test $(VENV)/.lint $(VENV)/.docs
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html

# make bench ARGS=--quick
bench: $(VENV)/.test $(VENV)/.bench
	@.ci/packages bench
	$(BIN)/python -m bench $(ARGS)

# Which exception of which real client each failure raises, as a table.
realism: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.realism $(ARGS)
	[ -n '$(ARGS)' ] || $(BIN)/python -m tests.realism.tls
	[ -n '$(ARGS)' ] || $(BIN)/python -m tests.realism.providers

# What one more session, connection and proxy costs while there are more and more of them.
scale: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m bench.scale $(ARGS)

# make workers: the tests of workers, which are killed under 2,000 sessions, and how long it takes until others are in their places
workers: $(VENV)/.test
	@.ci/packages test
	VAURIEN_WORKERS_SESSIONS=2000 $(BIN)/python -m pytest -n0 tests/integration/test_workers.py $(ARGS)
	$(BIN)/python -m tests.workers

# make soak MINUTES=60
soak: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(ARGS)

# make hunt MINUTES=60, make hunt ARGS='--protocol redis'
hunt: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.hunt --minutes $(MINUTES) $(ARGS)

# What is claimed of clusters, as a table: 50 real members, 1,000 simulated ones. make cluster ARGS='--real 10 --simulated 100 owner'
cluster: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.cluster $(ARGS)

# make seeds SEEDS=100 ARGS='redis postgres'
seeds: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.seeds --seeds $(SEEDS) $(ARGS)

# make plans RUNS=100 ARGS='transactions'
plans: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.plans --runs $(RUNS) $(ARGS)

# The tests of three other applications with 'vaurien run' and without it, in turns; downloads them. make suites ROUNDS=1 ARGS=huey
suites: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.suites --rounds $(ROUNDS) $(ARGS)

# What explore finds in applications with a known weakness, and in their mended twins. make explore-corpus ARGS='--all redis_storm'
explore-corpus: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.explore_corpus $(ARGS)

# What explore says of the tests of other applications; downloads them. make explore-suites ARGS='--budget 5m rq'
explore-suites: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.suites.explored $(ARGS)

# The first hour of a new user: from a fresh clone into an environment of its own, by the commands of the pages.
walk: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.walk $(ARGS)

# What is released, built, checked, and used for the tutorial on each Python that is found. make dist ARGS=13
dist: $(VENV)/.test $(VENV)/.dist
	@.ci/packages test
	$(BIN)/python -m tests.dist $(ARGS)

# What is said at random in place of a handshake of TLS: make fuzz-tls HELLOS=1000000 SEED=8
fuzz-tls: $(VENV)/.test
	@.ci/packages test
	VAURIEN_FUZZ_HELLOS=$(HELLOS) VAURIEN_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest --timeout 3600 tests/fuzz/test_tls_handshake.py $(ARGS)

# HTTP/2: real clients send 100 MB each way and every byte is compared; one stream of a hundred fails in each way, in 1,000 sessions;
# 10,000 requests and responses are dropped at each server; and 102,000 blocks of headers are held against the library hpack.
# make streams STREAMS=10 DROPS=1000 BLOCKS=1000
streams: $(VENV)/.test
	@.ci/packages test
	VAURIEN_STREAM_ROUNDS=$(STREAMS) VAURIEN_STREAM_DROPS=$(DROPS) VAURIEN_STREAM_BLOCKS=$(BLOCKS) VAURIEN_STREAM_MB=$(MB) \
	    VAURIEN_ALL_CASES=1 $(BIN)/python -m pytest --timeout 3600 tests/integration/test_http2_clients.py \
	    tests/integration/test_http2_rounds.py tests/integration/test_http2_tables.py tests/integration/test_http2_floods.py \
	    tests/fuzz/test_http2_blocks.py $(ARGS)
# Runs of messages beside scans of the same, at random: make fuzz-runs INPUTS=1000000 SEED=8
fuzz-runs: $(VENV)/.test
	@.ci/packages test
	VAURIEN_FUZZ_RUNS=$(INPUTS) VAURIEN_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest --timeout 36000 tests/fuzz/test_runs.py $(ARGS)

# What one session takes at the worst: every case, where make test has some.
memory: $(VENV)/.test
	@.ci/packages test
	VAURIEN_ALL_CASES=1 $(BIN)/python -m $(PYTEST) tests/integration/test_memory.py $(ARGS)

# What it costs that the page is open: 20,000 requests/s for some minutes. make watch MINUTES=5
watch: $(VENV)/.test
	@.ci/packages test
	$(BIN)/python -m tests.watched --minutes $(MINUTES) $(ARGS)

clean:
	rm -rf $(VENV) .tox .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info docs/_build bench-out .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is newer than the list of what it stands for, so an unchanged tree costs nothing.
$(BIN)/python:
	@PYTHON=$(PYTHON) .ci/packages venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: setup.py | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.test: setup.py | $(BIN)/python
	$(PIP) -e '.[test,docs]'
	@touch $@ $(VENV)/.run

$(VENV)/.lint: setup.py | $(BIN)/python
	$(PIP) -e '.[lint]'
	@touch $@

$(VENV)/.bench: setup.py | $(BIN)/python
	$(PIP) -e '.[bench]'
	@touch $@

$(VENV)/.dist: setup.py | $(BIN)/python
	$(PIP) -e '.[dist]'
	@touch $@

$(VENV)/.docs: setup.py | $(BIN)/python
	$(PIP) -e '.[docs]'
	@touch $@
