"""Networks that nobody designed, against onnxruntime: layouts, fusion and the memory plan in odd company."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.neo_compiler.compiled import NARROW, Case, check

CHANNELS = (1, 3, 8, 16, 21, 32)
NETWORKS = 6  # one link serves them all
NODES = 12
CANCELLED = 1e-4  # some of these networks subtract what is nearly equal

Shape = tuple[int, int, int, int]


@dataclass
class Network:
    """A network under construction: the values made so far, their shapes, weights and nodes."""

    choose: random.Random
    values: dict[str, Shape] = field(default_factory=dict)
    weights: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    constants: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def pick(self) -> tuple[str, Shape]:
        """One of the last values."""
        return self.choose.choice(list(self.values.items())[-4:])

    def weight(self, *shape: int) -> str:
        """The name of a new weight."""
        self.weights.append(f"float{list(shape)} W{len(self.weights)}")
        return f"W{len(self.weights) - 1}"

    def constant(self, *values: int) -> str:
        """The name of a new vector of whole numbers."""
        name = f"W{len(self.weights)}"
        self.weights.append(f"int64[{len(values)}] {name}")
        self.constants[name] = values
        return name

    def add(self, expression: str, shape: Shape) -> None:
        """A node that makes a new value."""
        name = f"v{len(self.values)}"
        self.nodes.append(f"{name} = {expression}")
        self.values[name] = shape


def convolution(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    outputs, size = net.choose.choice(CHANNELS), net.choose.choice([1, 3])
    stride = net.choose.choice([1, 1, 2])
    pads = [size // 2] * 4
    weight, bias = net.weight(outputs, c, size, size), net.weight(outputs)
    net.add(
        f"Conv<pads={pads}, strides=[{stride}, {stride}]>({name}, {weight}, {bias})",
        (n, outputs, -(-h // stride), -(-w // stride)),
    )


def depthwise(net: Network) -> None:
    name, shape = net.pick()
    weight = net.weight(shape[1], 1, 3, 3)
    net.add(f"Conv<pads=[1, 1, 1, 1], group={shape[1]}>({name}, {weight})", shape)


def grouped(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    groups = net.choose.choice([count for count in (2, 3, 4, 7, 8, 16) if c % count == 0] or [1])
    outputs = groups * net.choose.choice([1, 2, 4])
    weight = net.weight(outputs, c // groups, 3, 3)
    net.add(f"Conv<pads=[1, 1, 1, 1], group={groups}>({name}, {weight})", (n, outputs, h, w))


def activation(net: Network) -> None:
    name, shape = net.pick()
    net.add(f"{net.choose.choice(['Relu', 'Sigmoid', 'Tanh', 'HardSwish', 'Abs', 'Neg'])}({name})", shape)


def arithmetic(net: Network) -> None:
    name, shape = net.pick()
    same = [other for other, sizes in net.values.items() if sizes == shape]
    net.add(f"{net.choose.choice(['Add', 'Sub', 'Mul', 'Max'])}({name}, {net.choose.choice(same)})", shape)


def scale(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    weight = net.weight(*net.choose.choice([(c, 1, 1), (1, c, 1, 1), (1,), (h, w), (1, c, h, w)]))
    operands = [name, weight]
    net.choose.shuffle(operands)
    net.add(f"{net.choose.choice(['Add', 'Mul'])}({', '.join(operands)})", (n, c, h, w))


def gate(net: Network) -> None:
    name, shape = net.pick()
    net.add(f"GlobalAveragePool({name})", (*shape[:2], 1, 1))
    pooled = list(net.values)[-1]
    net.add(f"Mul({name}, {pooled})", shape)


def concatenation(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    fitting = [
        (other, sizes[1]) for other, sizes in net.values.items() if (sizes[0], *sizes[2:]) == (n, h, w)
    ]
    parts = [(name, c), *net.choose.choices(fitting, k=net.choose.choice([1, 2]))]
    if sum(channels for _, channels in parts) <= 100:
        net.add(
            f"Concat<axis=1>({', '.join(part for part, _ in parts)})", (n, sum(c for _, c in parts), h, w)
        )


def pooling(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    kind = net.choose.choice(["MaxPool", "AveragePool"])
    net.add(
        f"{kind}<kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]>({name})",
        (n, c, -(-h // 2), -(-w // 2)),
    )


def enlargement(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    if h * w <= 100:
        outputs = net.choose.choice(CHANNELS)
        weight = net.weight(c, outputs, 2, 2)
        net.add(f"ConvTranspose<strides=[2, 2]>({name}, {weight})", (n, outputs, 2 * h, 2 * w))


def part(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    first, last = sorted(net.choose.sample(range(c + 1), 2))
    bounds = [net.constant(value) for value in (first, last, 1)]
    net.add(f"Slice({name}, {', '.join(bounds)})", (n, last - first, h, w))


def border(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    if h * w <= 200:
        pads = net.constant(0, 0, 1, 2, 0, 0, 0, 1)
        net.add(f"Pad({name}, {pads})", (n, c, h + 1, w + 3))


def turn(net: Network) -> None:
    name, (n, c, h, w) = net.pick()
    net.add(f"Transpose<perm=[0, 1, 3, 2]>({name})", (n, c, w, h))


STEPS: tuple[Callable[[Network], None], ...] = (
    *(convolution, convolution, convolution, depthwise, grouped, grouped, activation, activation),
    *(arithmetic, arithmetic, scale, gate, concatenation, concatenation, pooling, enlargement),
    *(part, border, turn),
)


def network(seed: int) -> Case:
    """A network; its last value and two others are outputs."""
    net = Network(random.Random(seed))
    net.values["x"] = (net.choose.choice([1, 1, 1, 2]), net.choose.choice(CHANNELS), 9, 8)
    while len(net.nodes) < NODES:
        net.choose.choice(STEPS)(net)
    made = list(net.values)[1:]
    outputs = sorted({made[-1], *net.choose.sample(made, 2)})
    given = ", ".join([f"float{list(net.values['x'])} x", *net.weights])
    results = ", ".join(f"float{list(net.values[name])} {name}" for name in outputs)
    return Case(f"({given}) => ({results}) {{ {' '.join(net.nodes)} }}", net.constants, tolerance=CANCELLED)


@pytest.mark.parametrize(
    ("first", "target"), [(0, "host"), (100, "host"), (200, NARROW[0]), (300, NARROW[1])]
)
def test_random_networks(first: int, target: str, tmp_path: Path) -> None:
    check({f"seed {seed}": network(seed) for seed in range(first, first + NETWORKS)}, tmp_path, target)
