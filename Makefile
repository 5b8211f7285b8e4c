# `make demo` and `make test` need Python >= 3.11 and make before them, nothing else.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCALE := $(VENV)/.installed-scale

.DEFAULT_GOAL := help
.PHONY: help demo test test-scale check bench bench-faults bench-gpu bench-scale fuzz audit clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s  %s\n", $$1, $$2 }' Makefile

# Models ship with the package: neither the demo nor the tests may wait for a network.
demo test test-scale: export HF_HUB_OFFLINE := 1
demo test test-scale: export TOKENIZERS_PARALLELISM := false

demo: $(STAMP) ## Remember a drawn household and ask about it
	@$(BIN)/jarvis demo

# Each process takes up to 3 GB, and one thread, as the others have the rest.
JOBS ?= 4
test: export OMP_NUM_THREADS := 1
test: $(STAMP) ## Run all tests, on JOBS=4 cores at most
	@echo "make test: pytest, notebooks included"
	@$(BIN)/pytest -n logical --maxprocesses $(JOBS) --dist loadfile --nbmake tests examples/notebooks

test-scale: $(SCALE) ## Install PostgreSQL, an S3 server, Ray and Redis, start them and test on them
	@echo "make test-scale: pytest tests/scale"
	@$(BIN)/pytest tests/scale

check: $(STAMP) ## ruff, ruff format, mypy --strict, import-linter
	@echo "make check: ruff check, ruff format --check, mypy --strict, lint-imports"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(STAMP) ## Print the figures of README and docs (docs/evaluation.md has its own commands)
	@$(BIN)/python -m benchmarks

bench-faults: $(STAMP) ## Do every fault of docs/reliability.md to homes (half an hour; some need root)
	@$(BIN)/python -m benchmarks.faults

bench-gpu: $(STAMP) ## Fill the GPU tables of docs/performance.md: 10 minutes a call, until it says nothing is left
	@$(BIN)/python -m benchmarks.gpu --out runs/gpu
	@$(BIN)/python -m benchmarks.performance_page runs/gpu

bench-scale: $(SCALE) ## Print the figures of docs/scale.md
	@$(BIN)/python -m benchmarks.cost_model
	@$(BIN)/python -m benchmarks.cluster --owners 1000
	@$(BIN)/python -m benchmarks.serve --owners 200 --requests 5
	@$(BIN)/python -m benchmarks.onboard --concepts 2000
	@$(BIN)/python -m benchmarks.vector_stores --kills 5

fuzz: $(STAMP) ## Look for inputs that break readers of bytes and text (ten minutes; needs atheris)
	@$(BIN)/python -m benchmarks.fuzz --target all --seconds 60

audit: $(STAMP) ## Look for known holes in what is installed (needs a network)
	@.ci/audit $(VENV)

clean: ## Delete caches and builds; .venv stays
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
	@echo "make clean: caches and builds are gone; delete $(VENV) yourself for a fresh install"

$(BIN)/python:
	@python=; for name in python3.13 python3.12 python3.11 python3; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: no Python >= 3.11 found (tried python3.13, python3.12, python3.11, python3); install one" >&2; exit 1; \
	fi; \
	echo "make: creating $(VENV) with $$python"; \
	if command -v uv >/dev/null 2>&1; then uv venv --quiet --python "$$(command -v $$python)" $(VENV); \
	else "$$python" -m venv $(VENV); fi

# The stamp says that what these two files ask for is installed; touch one of them to install again.
$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@if command -v uv >/dev/null 2>&1; then \
	  echo "make: installing into $(VENV) with uv (the first time this takes minutes and 7 GB: torch is large)"; \
	  uv pip install --quiet --python $(BIN)/python -e . --group dev -c constraints.txt; \
	else \
	  echo "make: installing into $(VENV) with pip (the first time this takes minutes and 7 GB: torch is large)"; \
	  { $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e . --group dev -c constraints.txt; \
	fi
	@touch $(STAMP)

$(SCALE): $(STAMP)
	@echo "make: installing what tests/scale needs into $(VENV)"
	@if ! command -v redis-server >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null; \
	fi
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --group scale -c constraints.txt; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --group scale -c constraints.txt; \
	fi
	@touch $(SCALE)
