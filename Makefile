PYTHON ?= python3
BIN := .venv/bin
# onnxruntime reports names and hashes of models over the network unless told otherwise.
export ORT_DISABLE_TELEMETRY := 1

# pip takes a build without CUDA of this version where it finds one; of newer ones it would fetch gigabytes.
TORCH := torch==2.13.0

.PHONY: venv demo test lint types clean

venv: .venv/ready

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed for the compiler: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)' -e '.[compiler,cuda,torch,tensorflow,sklearn,boosting,sim,broker,pki,images,dev]'
	@touch $@

demo: venv
	$(BIN)/python -m benchmarks.demo

test: venv
	$(BIN)/python -m pytest -m 'not slow'

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: venv
	$(BIN)/mypy
	$(BIN)/mypy -p edge_runtime --python-version 3.10

clean:
	rm -rf .venv .cache
