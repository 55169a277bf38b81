PYTHON ?= python3
BIN := .venv/bin
# onnxruntime reports names and hashes of models over the network unless told otherwise.
export ORT_DISABLE_TELEMETRY := 1

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
EXTRAS := compiler,cuda,torch,tensorflow,sklearn,boosting,sim,broker,pki,images,dev

# pip takes a build without CUDA of this version where it finds one; of newer ones it would fetch gigabytes.
TORCH := torch==2.13.0

.PHONY: venv test-venv demo test lint types clean

# What the compiler, the runtime and the simulator need.
venv: .venv/ready

# What tests need beside it: the formats that models come in, and the tools of development.
test-venv: .venv/ready-for-tests

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed for the compiler: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(PIP) -e '.[compiler,sim,broker,pki,images]'
	@touch $@

.venv/ready-for-tests: .venv/ready
	$(PIP) '$(TORCH)' -e '.[$(EXTRAS)]'
	@touch $@

demo: venv
	$(BIN)/python -m benchmarks.demo

test: test-venv
	$(BIN)/python -m pytest -m 'not slow'

lint: test-venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: test-venv
	$(BIN)/mypy
	$(BIN)/mypy -p edge_runtime --python-version 3.10

clean:
	rm -rf .venv .cache
