"""The ONNX package's own backend cases, compiled and run: `python -m tests.conformance`."""
