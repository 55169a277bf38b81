from __future__ import annotations

import pytest

from benchmarks import ptxas, zoo
from neo_compiler.errors import MismatchError

EMPTY = ".version 4.2\n.target sm_53\n.address_size 64\n.visible .entry nothing() { ret; }\n"


def test_what_the_assembler_says() -> None:
    (kernel,) = ptxas.assemble(EMPTY, "sm_53")
    assert (kernel.name, kernel.spilled) == ("nothing", 0)
    assert kernel.registers > 0


def test_a_wrong_instruction_is_refused() -> None:
    with pytest.raises(MismatchError, match=r"ptxas refuses kernels for sm_53: .*Unknown modifier '.f33'"):
        ptxas.assemble(EMPTY.replace("ret;", "add.f33 %r0, %r0, %r0; ret;"), "sm_53")


@pytest.mark.slow
@pytest.mark.parametrize("arch", ptxas.ARCHITECTURES)
def test_a_model_of_the_zoo(arch: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        zoo.fetch("silero-vad")
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))
    assert ptxas.main(["silero-vad", "--arch", arch]) == 0
    assert f"| silero-vad | {arch} |" in capsys.readouterr().out
