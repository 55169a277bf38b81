"""From the options of `start` and a group to what runs, at the start and when a group is deployed later."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path
from typing import Any

from greengrass_sim.arn import parse_thing
from greengrass_sim.core import Core
from greengrass_sim.errors import SimError, UsageError
from greengrass_sim.gate.server import Gate
from greengrass_sim.group import Group
from greengrass_sim.group.checks.options import CheckOptions
from greengrass_sim.group.load import load_group
from greengrass_sim.group.local import Local
from greengrass_sim.group.model import SpoolerSettings
from greengrass_sim.group.schema import OWN, decode
from greengrass_sim.limits import PROFILES
from greengrass_sim.mqtt.bridge import BridgeOptions
from greengrass_sim.spool.spooler import DEFAULT_BYTES

SPOOL_FILE = "spool.sqlite"


class Redeployment:
    """Deploys the groups that `greengrass-sim deploy` asks for, to a core that was started with `options`."""

    def __init__(self, options: Namespace, core: Core, gate: Gate | None) -> None:
        self._options = options
        self._core = core
        self._gate = gate

    async def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """`deployed` is the group's name; or `refused` tells why it is not, with the exit code for it."""
        try:
            local: Local = decode(Local, request["local"], "$", OWN)
            checks = CheckOptions(allow_root=bool(request["allow_root"]))
            group = await asyncio.to_thread(load_group, request["group"], local, checks)
            check_topics(group, self._options.broker)
            await self._core.deploy(group, bridge_options(self._options, group))
        except SimError as error:
            return {"refused": str(error), "code": int(error.exit_code)}
        if self._gate is not None:
            self._gate.admit_only(device_names(group))
        return {"deployed": group.name}


def device_names(group: Group) -> set[str]:
    """The names of the things that may come in by certificate."""
    return {parse_thing(device.thing_arn).name for device in group.devices}


def check_topics(group: Group, broker: str) -> None:
    """Raises UsageError for a group that the embedded broker cannot serve.

    It ends the connection of a client that names a topic of the system, such as a shadow's.
    """
    if broker != "embedded":
        return
    for number, row in enumerate(group.subscriptions):
        if row.subject.startswith("$") and not group.mqtt_side.isdisjoint((row.source, row.target)):
            raise UsageError(
                f"the embedded broker takes no topics that begin with $, such as {row.subject} in "
                f"$.Subscriptions[{number}]: use --broker mosquitto"
            )


def bridge_options(options: Namespace, group: Group) -> BridgeOptions:
    """What of the command line and of the group says how messages travel; the command line wins.

    Raises UsageError for a spool on disk without a folder for it.
    """
    settings = group.spooler or SpoolerSettings(on_disk=False, max_bytes=None)
    on_disk = options.spool == "disk" if options.spool else settings.on_disk
    if on_disk and options.work is None:
        what = "--spool disk" if options.spool else "the group's spooler (GG_CONFIG_STORAGE_TYPE FileSystem)"
        raise UsageError(f"{what} needs --work DIR, a folder that outlives this run, or --spool memory")
    file = Path(options.work).absolute() / SPOOL_FILE if on_disk else None
    size = options.spool_bytes or settings.max_bytes or DEFAULT_BYTES
    return BridgeOptions(options.wait, PROFILES[options.limits], file, size)
