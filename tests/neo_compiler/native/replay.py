"""A plan carried out with the numbers of its steps in place of values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tvm import IRModule, relax

from neo_compiler.native.memory import ALIGNMENT
from neo_compiler.native.plan import Placed, Plan, Where
from neo_compiler.native.storage import byte_size

Sources = set[int | None]


class _Memory:
    """Which step wrote each cache line of the arena and of the outputs."""

    def __init__(self) -> None:
        self._lines: dict[tuple[Where, int], dict[int, int]] = defaultdict(dict)

    def writers(self, tensor: Placed) -> Sources:
        """The steps that wrote what lies at the tensor's place now; None where nobody did."""
        lines = self._lines[tensor.where, tensor.index]
        return {lines.get(line) for line in self._range(tensor)}

    def write(self, tensor: Placed, step: int) -> None:
        self._lines[tensor.where, tensor.index].update(dict.fromkeys(self._range(tensor), step))

    def _range(self, tensor: Placed) -> range:
        end = tensor.offset + byte_size(tensor.dtype, tensor.fixed_shape)
        return range(tensor.offset // ALIGNMENT, -(-end // ALIGNMENT))


def replay(module: IRModule, plan: Plan) -> None:
    """Assert that each step finds at its arguments' places what the module's data flow says they are.

    A call of the module that is no step of the plan is a concatenation; it consists of its operands.
    """
    memory, number = _Memory(), 0
    sources: dict[relax.Expr, Sources] = {}
    bindings = [binding for block in module["main"].body.blocks for binding in block.bindings]
    tuples = {row.var: row.value for row in bindings if isinstance(row.value, relax.Tuple)}
    for binding in bindings:
        operands = [sources.get(leaf, set()) for leaf in _leaves(binding.value, tuples)]
        sources[binding.var] = set().union(*operands)
        kernel = _kernel(binding.value)
        if kernel is None:
            continue
        tensors = _arguments(plan, number, kernel)
        if "concat" in kernel and (not tensors or _differing(memory, tensors[:-1], operands)):
            continue
        assert tensors, f"{kernel} is no step of the plan"
        *read, written = tensors
        assert not _differing(memory, read, operands), f"step {number}, {kernel}"
        memory.write(written, number)
        kept = [place for place in range(len(read)) if place not in plan.steps[number].overwritable]
        over = _differing(memory, [read[place] for place in kept], [operands[place] for place in kept])
        assert not over, f"{kernel} writes over what it reads"
        sources[binding.var] = {number}
        number += 1
    assert number == len(plan.steps)
    results = [sources.get(leaf, set()) for leaf in _leaves(module["main"].body.body, tuples)]
    assert not _differing(memory, [plan.tensors[position] for position in plan.results], results)


def _arguments(plan: Plan, number: int, kernel: str) -> list[Placed]:
    """The tensors of a step of the plan, where it calls `kernel`."""
    if number == len(plan.steps) or plan.steps[number].kernel != kernel:
        return []
    return [plan.tensors[position] for position in plan.steps[number].args]


def _differing(memory: _Memory, tensors: Sequence[Placed], expected: Sequence[Sources]) -> list[Placed]:
    """The tensors at whose places lies something else than expected; no step writes inputs and parameters."""
    return [
        tensor
        for tensor, sources in zip(tensors, expected, strict=True)
        if sources != (memory.writers(tensor) if tensor.where in (Where.ARENA, Where.OUTPUT) else set())
    ]


def _kernel(value: relax.Expr) -> str | None:
    if isinstance(value, relax.Call) and value.op.name == "relax.call_tir":
        return str(value.args[0].name_hint)
    return None


def _leaves(value: relax.Expr, tuples: dict[relax.Expr, relax.Tuple]) -> Iterator[relax.Expr]:
    """The tensors that an expression is made of."""
    value = tuples.get(value, value)
    if isinstance(value, relax.Tuple):
        for field in value.fields:
            yield from _leaves(field, tuples)
    elif isinstance(value, relax.Call):
        yield from _leaves(value.args[1 if _kernel(value) else 0], tuples)
    else:
        yield value
