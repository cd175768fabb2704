# Short verbs; what they do is written in Python. `make test ARGS="-k voice"` hands arguments on.
PYTHON := $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo $$p && break; done)
VENV := .venv/bin
ARGS :=
unexport PYTHONDONTWRITEBYTECODE  # pytest would prepare every test file anew at each start, half of collecting

.PHONY: demo test quick test-under-load check bench soak bundle clean python
.DEFAULT_GOAL := demo

demo: python ## the sensor on a face and a voice that the project makes: no camera or sound card needed
	@$(PYTHON) .ci/setup.py demo
	@$(VENV)/liveaffect demo $(ARGS)

test: python ## every test but the hour-long ones
	@$(PYTHON) .ci/setup.py test
	@$(VENV)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

quick: python ## the tests that start no process, open no socket and take no long time
	@$(PYTHON) .ci/setup.py test
	@LIVEAFFECT_QUICK=1 $(VENV)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not soak and not processes and not long" $(ARGS)

test-under-load: python ## every test, three times, beside four busy loops: by hand
	@$(PYTHON) .ci/setup.py test
	@$(VENV)/python .ci/under_load.py $(ARGS)

check: python ## style, types, layers
	@$(PYTHON) .ci/setup.py test
	@$(VENV)/python .ci/check.py

bench: python ## every benchmark: a table each, and JSON under out/
	@$(PYTHON) .ci/setup.py test
	@$(VENV)/python .ci/bench.py $(ARGS)

soak: python ## hour-long and many-kill tests, and those of many examples with thousands of them
	@$(PYTHON) .ci/setup.py test
	@$(VENV)/python -m pytest -m soak --timeout 7200 $(ARGS)
	@$(VENV)/python -m pytest -m "hypothesis and not soak" --hypothesis-profile thorough $(ARGS)

bundle: python ## a folder of wheels and models that installs without a network: out/bundle
	@$(PYTHON) .ci/setup.py test
	@$(VENV)/python .ci/bundle.py $(ARGS)

clean: ## all that was made here, the virtual environment too
	@rm -rf .venv out sessions build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@test -n "$(PYTHON)" || { echo "liveaffect needs Python 3.11 or 3.12, and finds neither: install one, e.g. apt-get install python3.11 python3.11-venv"; exit 1; }
