# Everything there is to do here, one word each; `make` alone lists it.
# Needs Python 3.11 or newer with pip and venv, and nothing else. Another one: make demo PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# More than the cores there are: many tests wait for a process they have started.
JOBS ?= 3
# On Linux, PyPI's torch brings CUDA along: 5 GB instead of 1. Where there is no NVIDIA driver, this index
# is tried first, for torch alone. `make TORCH_INDEX=` takes PyPI's in any case.
TORCH_INDEX ?= $(shell [ "$$(uname)" != Linux ] || command -v nvidia-smi >/dev/null || \
	echo https://download.pytorch.org/whl/cpu)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install --no-deps --no-build-isolation
# These files by their sha256, from wherever they come, and nothing beside them.
LISTS := requirements
LOCKED := $(PIP) --require-hashes -r $(LISTS)
# PyPI's torch for Linux needs CUDA's libraries beside it.
WITH_CUDA := $(BIN)/python -c 'import sys; from importlib.metadata import version; \
	sys.exit(sys.platform != "linux" or "+" in version("torch"))'

# Each writes one page of docs/, or with --check fails when it is stale.
GENERATORS := $(sort $(wildcard scripts/make_*.py))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo env test check gates soak format format-check lint types imports docs docs-check snap \
	cold-start pins clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/.runtime ## install what is needed and start the inspector on a built-in example
	@$(BIN)/unpact-tui demo $(ARGS)

env: $(VENV)/.dev ## install everything, tools for development included

test: $(VENV)/.dev ## run the default tests
	@echo "==> tests"
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow and not soak and not gpu" $(ARGS)

check: gates ## run every gate: what continuous integration runs
	@echo "==> tests, slow ones included"
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not soak and not gpu" $(ARGS)

# One core is enough for the types, so the others are done beside them.
gates: $(VENV)/.dev
	@$(BIN)/pyright >$(VENV)/types & \
		$(MAKE) --no-print-directory format-check lint imports docs-check; others=$$?; \
		echo "==> types"; wait $$!; types=$$?; cat $(VENV)/types; exit $$((others + types))

soak: $(VENV)/.dev ## run the tests that do again what quicker ones do: longer, on more ground
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "soak and not gpu" $(ARGS)

format: $(VENV)/.dev ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

format-check: $(VENV)/.dev
	@echo "==> format"
	@$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	@echo "==> lint"
	@$(BIN)/ruff check .

types: $(VENV)/.dev
	@echo "==> types"
	@$(BIN)/pyright

imports: $(VENV)/.dev
	@echo "==> import contracts"
	@$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev ## write the generated pages of docs/ again
	@for script in $(GENERATORS); do $(BIN)/python $$script || exit 1; done

docs-check: $(VENV)/.dev
	@echo "==> generated docs"
	@for script in $(GENERATORS); do $(BIN)/python $$script --check || exit 1; done

snap: $(VENV)/.dev ## accept what the screens look like now
	@$(BIN)/python -m pytest tests/snapshot --snapshot-update $(ARGS)

cold-start: $(VENV)/.dev ## say what each import costs
	@$(BIN)/python scripts/cold_start.py

pins: $(VENV)/.dev ## pin what is installed now, with the hash of every file
	@$(BIN)/python scripts/lock.py

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps. Each is newer than what it was made from, so that a second `make` does nothing.

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "error: there is no $(PYTHON); install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"error: Python 3.11 or newer is needed, $(PYTHON) is older; try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"error: $(PYTHON) has no venv module; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "==> creating the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created pyproject.toml $(wildcard $(LISTS)/*.txt)
	@echo "==> installing torch (once, 1 to 3 minutes)"
	@$(LOCKED)/build.txt
	@[ -z "$(TORCH_INDEX)" ] || \
		$(LOCKED)/torch.txt --retries 0 --timeout 15 --index-url "$(TORCH_INDEX)" 2>/dev/null || true
	@$(LOCKED)/torch.txt
	@! $(WITH_CUDA) || $(LOCKED)/cuda.txt
	@echo "==> installing unpact-tui and the rest (once, 1 minute)"
	@$(LOCKED)/runtime.txt
	@$(PIP) -e .  # linked, not copied: an edit needs no new installation
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "==> installing the development tools (once, 1 minute)"
	@$(LOCKED)/dev.txt
	@touch $@
