# Two commands do everything, set-up included: `make demo` and `make test`.
# Needs Python 3.11 to 3.13 with the venv module; everything else comes from requirements.lock.
PYTHON ?= python3
BIN    := .venv/bin
PLUGINS := $(wildcard plugins/*)
PROJECTS = pyproject.toml grammar/pyproject.toml $(PLUGINS:%=%/pyproject.toml)
# Three calls, as each set of tests has a conftest of its own.
TYPED_TESTS = $(BIN)/mypy --explicit-package-bases

SCRIPTS := plugins/web/javascript
BUILT := plugins/web/pbx_web/static/built/manifest.json
# Strict: a link or an anchor that leads nowhere ends it. The variable quiets advice on which generator to use.
SITE = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

JUDGES := plugins/microsoft365/judges
RESOLVE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links

.PHONY: help demo web test scripts coverage kerberos judges fleet crash overlap check pictures site lint fuzz soak lock clean
help:
	@echo "make demo    watch contacts come out of a sandbox Exchange into a phone book, and a telephone read it"
	@echo "make web     the administrator's pages in a browser, on a sandbox Exchange; prints one link, ends by Ctrl-C"
	@echo "make test    run the whole test suite"
	@echo "make scripts the scripts of the administrator's pages; the other commands build them where they are old or absent"
	@echo "make coverage  the same, and which lines of our packages it reached; takes longer"
	@echo "make kerberos  its tests, which need Debian's krb5-kdc, krb5-admin-server, krb5-user, libkrb5-dev and gcc"
	@echo "make judges  Microsoft's own client libraries, two by others and a fuzzer read the sandbox Graph; installs them first"
	@echo "make crash   kills 200 runs at random moments and 100 commits and prunes in the middle, plays 1,000 random histories,"
	@echo "             lets each call to a database fail, kills 200 workers of a fleet, its dispatchers and PostgreSQL: takes long"
	@echo "make fleet   a fleet in small: PostgreSQL, two workers, 200 phone systems on a sandbox Exchange, and a worker is killed"
	@echo "make overlap four processes at once for ten minutes on each database: no two runs of a profile may overlap"
	@echo "make check   lint, types, import contracts, lock freshness, the documentation with its links"
	@echo "make site    the documentation as a site, in build/site, with pictures where Debian's chromium is installed"
	@echo "make fuzz    ten minutes of mutated rules and profiles, a million mutated LDAP messages, a million of mutated PHP:"
	@echo "             none may raise or take long; 10,000 questions to slapd and to the directory, 50,000 random programs"
	@echo "             to PHP and to their rules: both must give the same answers"
	@echo "make soak    ten thousand short runs through the service: memory and threads must not grow"
	@echo "make lock    resolve requirements.lock anew, and that of the judges"

.venv/.ready: requirements.lock $(PROJECTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d: make PYTHON=python3.11 ..." % v)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e grammar -e . $(PLUGINS:%=-e %)
	@touch $@

# A registry that cannot be reached stops nothing: the pages work without their scripts.
$(BUILT): $(wildcard $(SCRIPTS)/src/*.js) $(SCRIPTS)/bundle.js $(SCRIPTS)/build.py $(SCRIPTS)/package-lock.json | .venv/.ready
	@$(BIN)/python $(SCRIPTS)/build.py

scripts: $(BUILT)

demo: .venv/.ready $(BUILT)
	@$(BIN)/python -m pbx_exchange.demo
	@$(BIN)/python -m pbx_directory.demo

web: .venv/.ready $(BUILT)
	@$(BIN)/python -m pbx_web.demo

# The processes that tests start compile nothing that another one has compiled.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/.ready $(BUILT)
	$(BIN)/python -m pytest -n auto

coverage: .venv/.ready $(BUILT)
	rm -rf .coverage && mkdir .coverage
	$(BIN)/coverage run -m pytest -n auto --durations=15
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

kerberos: .venv/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check gssapi
	$(BIN)/python -m pytest -rs plugins/exchange/tests/test_kerberos.py

judges: .venv/.ready
	$(PYTHON) -m venv .venv-judges
	.venv-judges/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $(JUDGES)/requirements.lock
	.venv-judges/bin/python -m pytest -c $(JUDGES)/pytest.ini --rootdir=. $(JUDGES)

fleet: .venv/.ready
	$(BIN)/python benchmarks/fleet_demo.py

crash: .venv/.ready
	PBX_CRASHES=100 PBX_HISTORIES=750 PBX_FAULTS_EVERY=1 PBX_KILLS=200 $(BIN)/python -m pytest -rP --timeout 7200 \
	  tests/contract/test_crashes.py tests/contract/test_crashes_in_transactions.py tests/contract/test_stores_agree.py tests/unit/stores/test_foreign_errors.py \
	  tests/contract/test_fleet_crashes.py tests/contract/test_fleet_kills.py

overlap: .venv/.ready
	PBX_OVERLAP_SECONDS=600 $(BIN)/python -m pytest -rP tests/contract/test_overlap.py

check: .venv/.ready $(BUILT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=.:tests/functional $(TYPED_TESTS) tests benchmarks
	MYPYPATH=.:grammar/tests $(TYPED_TESTS) grammar/tests
	MYPYPATH=.:tests/functional $(TYPED_TESTS) $(wildcard plugins/*/tests) $(SCRIPTS)/build.py
	$(BIN)/lint-imports
	$(BIN)/python $(SCRIPTS)/build.py check
	$(BIN)/python -m pytest -n auto tests/repo
	$(SITE) --quiet --site-dir build/checked-site

pictures: .venv/.ready $(BUILT)
	$(BIN)/python docs/_site/pictures.py

site: pictures
	$(SITE)

fuzz: .venv/.ready
	$(BIN)/python grammar/tests/fuzz_rules.py
	$(BIN)/python plugins/directory/tests/fuzz_ldap.py messages
	$(BIN)/python plugins/directory/tests/fuzz_ldap.py oracle
	$(BIN)/python plugins/directory/tests/fuzz_web.py
	$(BIN)/python plugins/convert/tests/fuzz_convert.py --inputs 1000000
	PBX_PROGRAMS=50000 $(BIN)/python -m pytest --timeout 7200 plugins/convert/tests/test_programs.py

soak: .venv/.ready
	$(BIN)/python benchmarks/soak.py

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	$(RESOLVE) --all-extras --group dev --group bench \
	  --no-emit-package gssapi --no-emit-package decorator \
	  --no-emit-package pbx-rules --no-emit-package pbx-connector $(PLUGINS:plugins/%=--no-emit-package pbx-connector-%) \
	  --output-file requirements.lock $(PROJECTS)
	$(RESOLVE) --output-file $(JUDGES)/requirements.lock $(JUDGES)/requirements.in

clean:
	rm -rf .venv .venv-lock .venv-judges .coverage demo $(SCRIPTS)/node_modules $(dir $(BUILT))
