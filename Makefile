# The whole workflow. `make run` and `make test` set up what they need; both do it once and then start in seconds.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench evaluate screenshots chromium clean

run: $(VENV)/.run  ## Serve the dashboard at http://127.0.0.1:8501 (PORT, PARLEY_DB, PARLEY_FEEDS … see the README)
	$(BIN)/python app.py

test: $(VENV)/.test chromium  ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.test  ## Lint, format, types, layers and documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py tests/test_docs.py

bench: $(VENV)/.bench  ## Measure ingest and tagging beside named peers
	$(BIN)/python -m tests.bench

evaluate: $(VENV)/.run  ## Score the tagger on the repository's gold, and on ../shared/eval when it is there
	$(BIN)/python -m tests.gold.blind $(VENV)/blind.jsonl
	$(BIN)/python -m pipeline evaluate tests/gold/gold.jsonl $(VENV)/blind.jsonl $(wildcard ../shared/eval/*_dev.jsonl) --out docs/accuracy.json

screenshots: $(VENV)/.test chromium  ## Take the pictures of the README
	$(BIN)/python -m tests.browser.screenshots

$(VENV)/.run: requirements.txt
	sh .ci/venv $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.test: requirements-dev.txt requirements.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

chromium: $(VENV)/.test
	$(BIN)/python -m tests.browser.chromium

clean:  ## Remove what the targets above made (the database stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache
