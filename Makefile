# Everything a person or CI does with cora. `make` builds .venv by itself from the lock file.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Set, each of the many processes of a run would compile cora and what it needs anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench setup lock reference clean

run: setup
	@$(BIN)/cora demo

test: setup
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m benchmarks

setup: $(READY)

# Built aside and marked ready at the end, so that one that was interrupted is built again.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
		"cora needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@test -x $(BIN)/python || { echo "Making .venv ..."; $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	@echo "Installing what cora needs, as locked ..."
	@{ test -x $(BIN)/uv && \
		VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock && \
		VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable .; \
	} || { \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --no-deps --editable .; \
	}
	@touch $(READY)

# The lock names no host and no index.
lock: setup
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal \
		--extra dev --python-version 3.11 pyproject.toml -o requirements.lock

reference: setup
	$(BIN)/python -m cora.surfaces.reference

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
