"""Kernels → PTX, by LLVM."""

from __future__ import annotations

import functools
import json
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import tvm
import tvm_ffi
from tvm import tirx
from tvm.tirx.build import codegen_build

from neo_compiler.errors import TargetError
from neo_compiler.native.cuda.fixes import mend
from neo_compiler.native.cuda.tensor_cores import functions, uses_tensor_cores, with_addresses
from neo_compiler.target import Target
from neo_compiler.target.gpus import gpus

_PACKAGE, _LIBDEVICE = "nvidia.cuda_nvcc", Path("nvvm", "libdevice", "libdevice.10.bc")


def generate_ptx(device: tvm.IRModule, target: Target) -> str:
    """The PTX of lowered kernels, of the lowest version that the architecture has.

    Raises TargetError where NVIDIA's library of mathematical functions is not installed.
    """
    return assemble(generate_llvm(device, target), target)


def libdevice() -> Path:
    """NVIDIA's mathematical functions as LLVM bitcode; raises TargetError where they are not installed."""
    try:
        spec = find_spec(_PACKAGE)
    except ModuleNotFoundError:
        spec = None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder, _LIBDEVICE)).is_file():
            return path
    raise TargetError(
        "targets with a GPU need NVIDIA's libdevice, which the package nvidia-cuda-nvcc-cu12 has: "
        "python -m pip install 'neo-edge[cuda]'"
    )


def generate_llvm(device: tvm.IRModule, target: Target, library: Path | None = None) -> str:
    """Lowered kernels as LLVM's text; functions of `library`, by default libdevice's, are linked into it."""
    kernels = with_addresses(mend(device))
    _, _, finish = tirx.get_tir_pipeline("s_tir")
    with tempfile.TemporaryDirectory(prefix="neo-ptx-") as folder:
        path = str(library or _library(kernels, Path(folder)))
        tvm_ffi.register_global_func("tvm_callback_libdevice_path", lambda _arch: path, override=True)
        with tvm.transform.PassContext(opt_level=3):
            module = codegen_build(finish()(kernels), tvm.target.Target(target.nvptx()))
    return str(module.inspect_source("ll"))


def _library(kernels: tvm.IRModule, folder: Path) -> Path:
    """Libdevice, for kernels on tensor cores with their functions; TVM links one file."""
    if not uses_tensor_cores(kernels):
        return libdevice()
    whole = folder / "library.ll"
    whole.write_text(_readable(libdevice()) + functions(), encoding="utf-8")
    return whole


@functools.cache
def _readable(bitcode: Path) -> str:
    """LLVM's bitcode as its text; TVM reads either from a file of that name."""
    with tempfile.TemporaryDirectory(prefix="neo-ptx-") as folder:
        copy = shutil.copyfile(bitcode, Path(folder, "library.ll"))
        return str(tvm.runtime.load_module(str(copy)).inspect_source("ll"))


def assemble(text: str, target: Target) -> str:
    """LLVM's text → PTX; only what is a kernel can be launched.

    TVM marks kernels in a way that LLVM no longer reads, and tells it of no target in the text.
    """
    text = re.sub(r"^define dllexport void @", "define ptx_kernel void @", text, flags=re.MULTILINE)
    version = gpus()[target.gpu].ptx_for(target.precision).replace(".", "")
    described = {
        "kind": "llvm",
        "mtriple": "nvptx64-nvidia-cuda",
        "mcpu": target.gpu,
        "mattr": [f"+ptx{version}"],
    }
    flag = json.dumps(described).replace('"', r"\22")
    text += f'\n!llvm.module.flags = !{{!999999}}\n!999999 = !{{i32 2, !"tvm_target", !"{flag}"}}\n'
    with tempfile.TemporaryDirectory(prefix="neo-ptx-") as folder:
        source, output = Path(folder, "kernels.ll"), Path(folder, "kernels.s")
        source.write_text(text, encoding="utf-8")
        tvm.runtime.load_module(str(source)).write_to_file(str(output), "s")
        return output.read_text(encoding="utf-8")
