from __future__ import annotations

import sys

import pytest

from edge_runtime.errors import ExitCode
from neo_compiler.errors import MissingExtra
from neo_compiler.frontend.extras import EXTRAS, require


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in EXTRAS[extra]:
        monkeypatch.setitem(sys.modules, module, None)  # as Python marks a module that is not there
    with pytest.raises(MissingExtra) as caught:
        require(extra, "such a model")
    assert str(caught.value) == (
        f"reading such a model needs {' and '.join(EXTRAS[extra])}, not installed here: "
        f"pip install 'neo-edge[{extra}]'"
    )
    assert caught.value.exit_code == ExitCode.TARGET
