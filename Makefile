# The book's two commands are `make book` and `make test`; `make help` lists the rest.

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
else
PYTHON ?= python3
BIN := .venv/bin
endif

PY := $(BIN)/python
STAMP := .venv/.installed
SITE := book/_build/html
NOTEBOOKS := $(wildcard book/chapters/*.ipynb)
# A notebook stays on one worker: its cells run in order in one kernel.
NBVAL := $(PY) -m pytest -p no:cacheprovider -n 2 --dist loadfile --nbval --nbval-sanitize-with tools/nbval-sanitize.cfg
PORT ?= 8000

export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help book test lint unit nbval browser serve lab notebooks models page-models bench links lock clean

help: ## list the targets
	@echo "Inside the Text CNN"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 @ \2/p' $(firstword $(MAKEFILE_LIST)) | awk -F' @ ' '{ printf "%-18s %s\n", $$1, $$2 }'

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

# The stamp is newer than what it depends on once everything is installed, and only then.
$(STAMP): requirements.lock pyproject.toml tools/install.py | .venv/pyvenv.cfg
	$(PY) tools/install.py
	@touch $(STAMP)

# From an empty folder: a page that the book has dropped would stay, and land in the archive.
book: $(STAMP) ## build the site into book/_build/html; any warning fails
	rm -rf $(SITE)
	$(BIN)/jupyter-book build book --all -W -n --keep-going
	@echo "The site is in $(SITE); 'make serve' shows it."

test: lint unit nbval book browser ## everything: lint, unit tests, notebooks, the site in a browser

lint: $(STAMP) ## ruff: rules and format; notebooks in normal form
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) tools/notebooks.py --check

unit: $(STAMP) ## unit, property and doc tests
	$(PY) -m pytest -n 2 --dist worksteal

nbval: $(STAMP) ## re-run every notebook and compare its outputs with those committed
ifneq ($(NOTEBOOKS),)
	$(NBVAL) $(NOTEBOOKS)
endif

browser: $(STAMP) ## check the site already built, page by page, in Chromium
	$(PY) -m pytest tests/browser -n 2 --dist loadfile

serve: book ## build the site and show it at http://localhost:8000 (PORT=...)
	$(PY) -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

lab: $(STAMP) ## open the notebooks in JupyterLab
	$(PY) -m jupyter lab book/chapters

notebooks: $(STAMP) ## re-execute the notebooks and bring them to normal form (before a commit)
	$(PY) tools/notebooks.py

models: $(STAMP) ## train all embedded classifiers again (downloads the real corpora; an hour)
	$(BIN)/interpbook train all

page-models: $(STAMP) ## measure how accurate the site's small models are (before a commit of new models)
	$(PY) -m interpbook.widgets.accuracy

bench: $(STAMP) ## time the package against its peers
	$(PY) -m pytest benchmarks --benchmark-only -s

links: $(STAMP) ## ask every link of the book whether it still answers (needs the network)
	$(BIN)/jupyter-book build book --builder linkcheck

lock: $(STAMP) ## pin what .venv holds now into requirements.lock
	$(PY) tools/lock.py

clean: ## remove what a build left, not .venv
	rm -rf book/_build build dist .pytest_cache .ruff_cache .hypothesis .benchmarks
