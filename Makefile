# The two that matter: `make run` serves on an embedded SQLite database, `make test` passes the suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check bench long lock clean help

help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

run: $(VENV)/run.stamp ## serve on http://127.0.0.1:8000, everything kept in ./var
	$(BIN)/attendance serve

test: $(VENV)/dev.stamp ## the whole suite, with lint, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/python tools/common_passwords.py --check
	$(BIN)/pytest -n 2 --dist worksteal $(PYTEST_ARGS)

check: $(VENV)/dev.stamp ## see every check fail on a planted violation
	$(BIN)/pytest -q tests/checks -m plants

long: $(VENV)/dev.stamp ## what takes longer: more rounds, more examples, crashes
	$(BIN)/pytest -q -m long $(PYTEST_ARGS)

bench: $(VENV)/bench.stamp ## side by side with a bare driver and with FastAPI + ORM
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

lock: $(VENV)/dev.stamp ## renew the hashed requirements
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header pyproject.toml requirements/build.in -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --group dev -c requirements/run.lock pyproject.toml requirements/build.in -o requirements/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --group dev --group bench -c requirements/dev.lock pyproject.toml requirements/build.in -o requirements/bench.lock

clean: ## forget what was installed, not what was kept in ./var
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/%.stamp: requirements/%.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
