# make run     lay the environment and start everything with the sample term     ARGS="--port 9000"
# make test    the tests; on Debian as root, first installs what only they need   ARGS="tests/postal -k draw"  WORKERS=3
# make lint    style, types and import contracts
# make bench   the benchmarks                                                     ARGS="scan"
# make format  put the sources in house style
# make lock    renew requirements/*.lock                                          ARGS="--upgrade"
# make wheel   build dist/*.whl
# make vendor  fetch the scripts that the portal serves, as package-lock.json pins them
.DEFAULT_GOAL := help
.PHONY: help run test lint bench format lock wheel vendor catalogues venv-run venv-dev clean

ARGS ?=
# A third of the time of the tests goes by waiting: three of them keep two cores busy.
WORKERS ?= 3
VENV ?= .venv
BIN := $(VENV)/bin
export VENV
# Some environments forbid compiled modules. The tests start hundreds of processes, and each would compile them anew.
unexport PYTHONDONTWRITEBYTECODE

CATALOGUES := $(patsubst %.po,%.mo,$(wildcard delivery/locale/*/LC_MESSAGES/*.po))

help:
	@sed -n 's/^# make/make/p' Makefile

venv-run:
	@scripts/venv run

venv-dev:
	@scripts/venv dev

# An editable install compiles the catalogues once; this keeps them fresh.
catalogues: $(CATALOGUES)

%.mo: %.po
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

run: venv-run
	@$(MAKE) --no-print-directory catalogues
	@scripts/vendor
	@$(BIN)/tuxa up --demo $(ARGS)

test: venv-dev
	@scripts/test-deps
	@scripts/vendor
	@$(MAKE) --no-print-directory catalogues
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: venv-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: venv-dev
	@$(MAKE) --no-print-directory catalogues
	@$(BIN)/python -m benchmarks $(ARGS)

format: venv-dev
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock:
	@[ -x $(BIN)/uv ] || scripts/venv dev
	@UV=$(BIN)/uv scripts/lock $(ARGS)

wheel: venv-dev
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

vendor:
	@scripts/vendor

clean:
	@rm -rf $(VENV) dist build node_modules delivery/network/web/static/vendor .vendor.stamp .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -f $(CATALOGUES)
