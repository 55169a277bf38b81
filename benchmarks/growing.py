"""GPT-2 of transformers with random weights, compiled once for prompts and caches of any length.

python -m benchmarks.growing                the whole network, for 1 to 256 tokens after 0 to 255
python -m benchmarks.growing --layers 3     some layers of it, at full width
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import transformers

import edge_runtime
import neo_compiler
from benchmarks.networks import Growing
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.frontend import load
from neo_compiler.frontend.memory import Examples, model_file
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

LONGEST = 256
PROMPTS, STEPS = (1, 7, 60), 4
HEADINGS = ("layers", "native", "codes", "difference", "compile", "weights", "peak memory")


@dataclass(frozen=True)
class Grown:
    """What became of a network: `difference` is the largest from onnxruntime, over all prompts and steps."""

    native: bool
    codes: int
    difference: float
    seconds: float
    weight_bytes: int


def measure(
    config: transformers.GPT2Config, folder: Path, longest: int, prompts: Sequence[int], target: str = "host"
) -> Grown:
    """Compile for 1 to `longest` tokens after a cache of 0 to `longest` - 1, and continue prompts from it.

    Every step of the compiled network gets the cache that the step before it returned, and so does the
    reference: each is compared for the same inputs.
    """
    torch.manual_seed(0)
    layers, heads, size = config.n_layer, config.n_head, config.n_embd // config.n_head
    vary = torch.export.Dim.DYNAMIC
    given = torch.randint(0, config.vocab_size, (1, 5)), torch.zeros(layers, 2, 1, heads, 3, size)
    examples = Examples(given, {"tokens": {1: vary}, "cache": {4: vary}})
    shapes = {"tokens": (1, f"1..{longest}"), "cache": (layers, 2, 1, heads, f"0..{longest - 1}", size)}
    with model_file(Growing(transformers.GPT2LMHeadModel(config).eval()), examples) as path:
        start = time.perf_counter()
        artifact = neo_compiler.compile(path, target=target, output=folder / "gpt2", input_shapes=shapes)
        seconds = time.perf_counter() - start
        reference = Reference(load(path))
        with edge_runtime.load(artifact, threads=1) as model:
            empty = np.zeros((layers, 2, 1, heads, 0, size), "f4")
            worst = max(_continued(model, reference, empty, prompt, config) for prompt in prompts)
            native = {row.backend for row in model.placement} == {"native"}
            codes = len(model.manifest.buckets)
    weights = (artifact / "compiled.params").stat().st_size
    return Grown(native, codes, worst, seconds, weights)


def _continued(
    model: edge_runtime.Model,
    reference: Reference,
    cache: np.ndarray,
    prompt: int,
    config: transformers.GPT2Config,
) -> float:
    """The largest difference while a prompt of so many tokens is continued greedily."""
    tokens, worst = np.random.default_rng(0).integers(0, config.vocab_size, (1, prompt)), 0.0
    for step in range(STEPS):
        given = {"tokens": tokens, "cache": cache}
        expected, found = reference.run(given), model.run(given)
        worst = max(worst, *(difference(value, found[name]) for name, value in expected.items()))
        logits, cache = found.values()
        if cache.shape[4] != prompt + step:
            raise AssertionError(f"{cache.shape[4]} positions are kept after {prompt + step} tokens")
        tokens = logits[:, -1:].argmax(-1)
    return worst


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growing", description=__doc__)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--longest", type=int, default=LONGEST, help="tokens, default: %(default)s")
    options = parser.parse_args(arguments)
    config = transformers.GPT2Config(n_layer=options.layers)
    with tempfile.TemporaryDirectory(prefix="neo-growing-") as folder:
        try:
            found = measure(config, Path(folder), options.longest, PROMPTS)
        except EdgeError as error:
            print(error, file=sys.stderr)
            return error.exit_code
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cells = (
        f"{options.layers}",
        "all" if found.native else "not all",
        f"{found.codes}",
        f"{found.difference:.0e}",
        f"{found.seconds:.0f} s",
        f"{found.weight_bytes / 1e6:.0f} MB",
        f"{peak:.1f} GB",
    )
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}\n| {' | '.join(cells)} |")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
