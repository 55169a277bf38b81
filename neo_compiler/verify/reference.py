"""What the original model computes: onnxruntime, with and without its own optimisations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import metadata

import numpy as np
import onnx

from neo_compiler.errors import ModelError
from neo_compiler.graph.nodes import listed
from neo_compiler.graph.oldest_opset import oldest_opset
from neo_compiler.graph.passes.guard_division import guard_division
from neo_compiler.graph.small_types import SMALL
from neo_compiler.ort import OrtError, Session

NOT_TAKEN = "its Python interface takes no values of small types"

log = logging.getLogger(__name__)


class Reference:
    """The original model in onnxruntime; its own optimisations are off unless asked for.

    Where onnxruntime has no kernels for the model, it runs in the ONNX package's reference evaluator.
    """

    def __init__(self, model: onnx.ModelProto, *, optimised: bool = False) -> None:
        self._operators = listed(model)
        self._outputs = [value.name for value in model.graph.output]
        self._session: Session | None = None
        refusal = OrtError(NOT_TAKEN) if _passes_small_values(model) else self._load(model, optimised)
        self.name = f"onnxruntime {metadata.version('onnxruntime')} without graph optimisations"
        if refusal is not None:
            log.info("onnxruntime is not the reference: %s", refusal)
            self._evaluator = _evaluator(model, refusal)
            self.name = f"the reference evaluator of onnx {metadata.version('onnx')}"

    def _load(self, model: onnx.ModelProto, optimised: bool) -> OrtError | None:
        """Open the session; returns why that is not possible."""
        data = oldest_opset(guard_division(model)).SerializeToString()
        try:
            self._session = Session(data, optimised=optimised)
        except OrtError as error:
            return error
        return None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The model's outputs by name. Raises ModelError where the reference cannot run it."""
        if self._session is None:
            return self._evaluate(inputs)
        try:
            values = self._session.run(self._outputs, inputs)
        except OrtError as error:
            raise self._failure("onnxruntime, the reference, cannot run the model", error) from error
        return dict(zip(self._outputs, values, strict=True))

    def _failure(self, what: str, error: Exception) -> ModelError:
        return ModelError(f"{what} (its operators: {self._operators}): {error}")

    def _evaluate(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            with np.errstate(all="ignore"):
                values = self._evaluator.run(None, dict(inputs))
        except Exception as error:
            raise self._failure("the reference evaluator cannot run the model", error) from error
        return {name: np.asarray(value) for name, value in zip(self._outputs, values, strict=True)}


def _passes_small_values(model: onnx.ModelProto) -> bool:
    values = (*model.graph.input, *model.graph.output)
    return any(value.type.tensor_type.elem_type in SMALL for value in values)


def _evaluator(model: onnx.ModelProto, refusal: OrtError) -> onnx.reference.ReferenceEvaluator:
    from onnx.reference import ReferenceEvaluator

    try:
        return ReferenceEvaluator(model)
    except Exception as error:
        raise ModelError(
            f"onnxruntime, the reference, cannot load the model (its operators: {listed(model)}): {refusal}"
        ) from error
