# make demo   set up, then run the trial CLEOPATRA as virtual patients
# make test   set up, then run the tests
# make help   the other targets
#
# Needs Python >= 3.11 with pip. Everything else goes into $(VENV); set-up runs once, and again when pyproject.toml changes.
# Another interpreter: make demo PYTHON=/path/to/python3.12

VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin
RUN := $(BIN)/python -m

ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c "$(ENOUGH)" 2>/dev/null && echo "$$python" && break; done)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format docs verify bench clean

help: ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

demo: $(VENV)/.ready-run ## Set up, then run the trial CLEOPATRA as virtual patients.
	$(BIN)/forestall trial cleopatra

test: $(VENV)/.ready-dev ## Set up, then run the tests.
	$(RUN) pytest -n $(JOBS) --dist loadfile

lint: $(VENV)/.ready-dev ## Check style, types, the direction of imports, and the documentation.
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict

format: $(VENV)/.ready-dev ## Bring the code into the house format.
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

docs: $(VENV)/.ready-dev ## Serve the documentation at http://127.0.0.1:8000.
	$(RUN) mkdocs serve

verify: $(VENV)/.ready-dev ## Run the long statistical checks against theory and other programs.
	$(BIN)/forestall verify
	$(RUN) pytest -n $(JOBS) --dist loadfile -m verify --deselect tests/branching/test_verification.py::test_oracle_every_check_passes

bench: $(VENV)/.ready-dev ## Measure speed against other solvers, as ratios from one run.
	$(RUN) benchmarks

clean: ## Remove everything that these targets made, the virtual environment included.
	rm -rf "$(VENV)" site dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# Some systems ship Python without ensurepip: then the system's pip installs pip into the new environment.
$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "forestall needs Python >= 3.11; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c "$(ENOUGH)" || { echo "forestall needs Python >= 3.11, but $(PYTHON) is older or missing" >&2; exit 1; }
	"$(PYTHON)" -m venv "$(VENV)" || { "$(PYTHON)" -m venv --clear --without-pip "$(VENV)" \
		&& "$(PYTHON)" -m pip --python "$(BIN)/python" install pip; }
	@touch $@

$(VENV)/.ready-run: pyproject.toml | $(VENV)/.created
	$(RUN) pip install --disable-pip-version-check --quiet --editable .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(VENV)/.created
	$(RUN) pip install --disable-pip-version-check --quiet --editable ".[dev]"
	@touch $@ $(VENV)/.ready-run
