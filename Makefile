# One word per chore. Works with GNU make 3.81 and newer.
.PHONY: run install test test-kill test-scale fuzz fuzz-api sdks check bench bench-scale plots lock docs screens collector clean format
.DEFAULT_GOAL := run
PY := .venv/bin/python
WORKERS ?= 4
KILLS ?= 200
EXAMPLES ?= 5000
CALLS ?= 100
# Tests start hundreds of interpreters; none needs to compile what another has compiled.
unexport PYTHONDONTWRITEBYTECODE

run: .venv/core.stamp
	@.venv/bin/datafly up --demo

install: .venv/core.stamp

.venv/core.stamp: requirements/core.txt pyproject.toml scripts/set-up.sh
	@PYTHON="$(PYTHON)" sh scripts/set-up.sh core
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/core.stamp
	@PYTHON="$(PYTHON)" sh scripts/set-up.sh dev
	@touch $@

check: .venv/dev.stamp
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -c "from importlinter.cli import lint_imports_command as c; c()"
	@.venv/bin/datafly check
	@.venv/bin/datafly docs --check

test: check
	@KAFKA_JARS="$$(sh scripts/kafka.sh)" POSTGRES_BIN="$$(sh scripts/postgres.sh)" CHROMIUM="$$(sh scripts/chromium.sh)" $(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

# kill -9 two hundred times under load; takes about ten minutes. A slice of it is in make test.
test-kill: .venv/dev.stamp
	@$(PY) tests/kill/run.py --kills $(KILLS)

# Two of each role on three brokers and PostgreSQL while things fail; takes about six minutes. A slice is in make test.
test-scale: .venv/dev.stamp
	@KAFKA_JARS="$$(sh scripts/kafka.sh)" POSTGRES_BIN="$$(sh scripts/postgres.sh)" $(PY) tests/scale/run.py

# Odd requests to every door of a gateway, drawn anew each time; takes about half an hour. A slice is in make test.
fuzz: .venv/dev.stamp
	@FUZZ_EXAMPLES=$(EXAMPLES) $(PY) -m pytest tests/fuzz -n0

# The published SDKs at several gateways too; takes about two minutes. A few of them are in make test.
sdks: .venv/dev.stamp
	@SDKS_SPREAD=all CHROMIUM="$$(sh scripts/chromium.sh)" $(PY) -m pytest tests/sdks -n0

# Odd calls of every operation of the management API; each must be answered as its document says. A slice is in make test.
fuzz-api: .venv/dev.stamp
	@API_EXAMPLES=$(CALLS) $(PY) -m pytest tests/unit/management/test_document.py -n0 -k odd

bench: .venv/dev.stamp
	@$(PY) bench/run.py

# What each role costs on Kafka and PostgreSQL, and the sizes that follow; takes about seven minutes, rewrites docs/scale.md.
bench-scale: .venv/dev.stamp
	@KAFKA_JARS="$$(sh scripts/kafka.sh)" POSTGRES_BIN="$$(sh scripts/postgres.sh)" $(PY) bench/scale/run.py

plots: .venv/dev.stamp
	@$(PY) bench/report/plots.py

# Pictures of every page of the control room, from a demo of its own.
screens: .venv/dev.stamp
	@$(PY) scripts/screens.py "$$(sh scripts/chromium.sh)"

docs: .venv/core.stamp
	@.venv/bin/datafly docs

# Needs Node 18 or newer; running Signal does not.
collector:
	@cd collector && npm ci --silent && npm run --silent build

format: .venv/dev.stamp
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lock: .venv/dev.stamp
	@sh scripts/lock.sh

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
