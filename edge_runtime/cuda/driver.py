"""What the CUDA driver of this machine says of itself and of the GPU, asked before a model is opened."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_char_p, c_int

from edge_runtime.manifest import GpuNeeds

LIBRARIES = ("libcuda.so.1", "libcuda.so")
OVERRIDE = "NEO_CUDA_DRIVER"
NO_DEVICE = 100
MAJOR, MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...


def misfit(needs: GpuNeeds) -> str | None:
    """Why the first GPU of this machine cannot run code for `needs`; None: it can."""
    if needs.api != "cuda":
        return f"it was compiled for a GPU with {needs.api}, which this edge_runtime does not know"
    try:
        driver = _open()
    except OSError as error:
        return (
            f"it was compiled for an NVIDIA GPU ({needs.arch}), and there is no CUDA driver here: {error}; "
            "install NVIDIA's driver"
        )
    try:
        return _refusal(driver, needs)
    except (_Failed, AttributeError) as error:
        return f"it was compiled for an NVIDIA GPU ({needs.arch}), and the CUDA driver here fails: {error}"


class _Failed(Exception):
    """A call of the driver gave an error."""


def _open() -> ctypes.CDLL:
    chosen = os.environ.get(OVERRIDE)
    names = (chosen,) if chosen else LIBRARIES
    for name in names[:-1]:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return ctypes.CDLL(names[-1])


def _call(driver: ctypes.CDLL, name: str, *arguments: object) -> None:
    code = getattr(driver, name)(*arguments)
    if code:
        text = c_char_p()
        driver.cuGetErrorString(code, byref(text))
        said = (text.value or b"error").decode(errors="replace")
        hint = (
            "; is CUDA_VISIBLE_DEVICES set, is the device passed to this container?"
            if code == NO_DEVICE
            else ""
        )
        raise _Failed(f"{name}: {said} ({code}){hint}")


def _number(driver: ctypes.CDLL, name: str, *arguments: object) -> int:
    value = c_int()
    _call(driver, name, byref(value), *arguments)
    return value.value


def _refusal(driver: ctypes.CDLL, needs: GpuNeeds) -> str | None:
    version = _number(driver, "cuDriverGetVersion")
    have = version // 1000, version % 1000 // 10
    if have < tuple(map(int, needs.cuda.split("."))):
        return (
            f"its kernels (PTX {needs.ptx} for {needs.arch}) need a driver of CUDA {needs.cuda} or later, "
            f"and the one here is of {have[0]}.{have[1]}: update NVIDIA's driver"
        )
    _call(driver, "cuInit", 0)
    if _number(driver, "cuDeviceGetCount") == 0:
        return f"it was compiled for an NVIDIA GPU ({needs.arch}), and the CUDA driver here sees none"
    device = _number(driver, "cuDeviceGet", 0)
    major, minor = (_number(driver, "cuDeviceGetAttribute", one, device) for one in (MAJOR, MINOR))
    if 10 * major + minor < int(needs.arch.removeprefix("sm_")):
        return (
            f"it was compiled for {needs.arch}, and the GPU here is an sm_{major}{minor}: "
            "compile the model for this GPU"
        )
    return None
