# `make look`, `make demo` and `make test` do everything. Each makes .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.understudy-installed
DEV := $(VENV)/.understudy-for-developers
# Compiling all that is installed takes a third of the time; Python compiles what is used, once.
PIP = $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt

.PHONY: demo look install test check format bench docs clean weights soak audit lock lock-check

demo: weights
	$(BIN)/understudy demo --out demo

# The shortest way to a film: fewer frames, and what stands before any training.
look: weights
	$(BIN)/understudy demo --out look --frames 40 --instant

install: $(DEV)

test: weights $(DEV)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(DEV)
	$(BIN)/ruff format --check src tests benchmarks examples docs
	$(BIN)/ruff check src tests benchmarks examples docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/audit.py requirements.lock

format: $(DEV)
	$(BIN)/ruff format src tests benchmarks examples docs
	$(BIN)/ruff check --fix src tests benchmarks examples docs

bench: weights
	$(BIN)/python benchmarks/pipeline.py

# The attack of docs/reliability.md with other mutants and more of them; SEED does one run again.
SCALE ?= 4
SEED ?= $(shell date +%s)
soak: weights
	$(BIN)/python benchmarks/attack --scale $(SCALE) --seed $(SEED)

audit: $(DEV)
	$(BIN)/python .ci/audit.py requirements.lock

# pip-compile comes with pip-tools. Our own name is among what it finds, since our extras name each other.
lock:
	pip-compile --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate --quiet \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra dev -c constraints.txt -o requirements.lock.new pyproject.toml
	echo "# Every distribution of \`make\`'s environment with the SHA-256 of its files; \`make lock\` makes it, SECURITY.md says how to use it." > requirements.lock
	grep -vE '^(#|understudy @|$$)' requirements.lock.new >> requirements.lock
	rm requirements.lock.new

# Whether pip takes every distribution of the lock by its hash; fetches them, installs nothing.
lock-check: $(DEV)
	$(BIN)/python -m pip install --quiet --require-hashes --dry-run --ignore-installed -r requirements.lock

# The pages of docs/reference, from the code; a test says when they are stale.
docs: $(DEV)
	$(BIN)/python docs/generate.py
	$(BIN)/python -m understudy.events.reference docs/reference/events.md

# The stamp is made last, so an interrupted installation is taken up again.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Understudy needs Python 3.11 or newer; try: make PYTHON=python3.11 demo")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[all]'
	touch $@

# Tests and checks need more than a film does.
$(DEV): $(STAMP)
	$(PIP) -e '.[dev]'
	touch $@

# Without them everything still works, so a machine without network is no reason to stop.
weights: $(STAMP)
	@$(BIN)/understudy weights fetch --dir $(VENV)/share/understudy/models || echo "MediaPipe's weights could not be fetched; MTCNN and dlib are used instead"

clean:
	rm -rf $(VENV) demo look .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
