"""`greengrass-sim pki`: an authority, the server's certificate, and one for each thing of a group."""

from __future__ import annotations

from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path

from edge_runtime.errors import ExitCode
from greengrass_sim.arn import parse_thing
from greengrass_sim.errors import UsageError
from greengrass_sim.group.load import load_group


def run(options: Namespace) -> int:
    """Prints `made FILE` or `kept FILE` for each certificate."""
    if find_spec("cryptography") is None:
        raise UsageError("certificates are made with the package cryptography: pip install 'neo-edge[pki]'")
    from greengrass_sim.pki.authority import Authority, Issuing

    names = [*(_things(options.group) if options.group else ()), *options.thing]
    folder = Path(options.output)
    try:
        authority = Authority(folder, Issuing(options.days, options.renew))
    except OSError as error:
        raise UsageError(f"cannot use the folder {folder}: {error.strerror}") from error
    pairs = [authority.server(options.host), *(authority.thing(name) for name in dict.fromkeys(names))]
    for certificate in (folder / "ca.pem", *(pair.certificate for pair in pairs)):
        print("made" if certificate in authority.made else "kept", certificate)
    return ExitCode.OK


def _things(path: str) -> list[str]:
    group = load_group(path)
    return [parse_thing(thing.thing_arn).name for thing in (*group.cores, *group.devices)]
