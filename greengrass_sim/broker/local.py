"""A broker that we start ourselves: a folder with its configuration, a port, a child process."""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from greengrass_sim.broker.child import HOST, Child, free_port
from greengrass_sim.errors import BrokerError


class LocalBroker(ABC):
    """Listens on `port` of the loopback interface (0: any free one), the same at every start.

    Its files are in `folder`, or in a temporary one that ends with it.
    """

    name: ClassVar[str]

    def __init__(self, port: int = 0, folder: Path | None = None) -> None:
        self._port = port
        self._folder = folder
        self._temporary: Path | None = None
        self._child: Child | None = None
        self.url = self.url_v5 = ""

    @abstractmethod
    def command(self, folder: Path, port: int) -> list[str]:
        """The program to run, its configuration in `folder`; raises BrokerError when it is not installed."""

    def start(self) -> str:
        """The URL of the running broker; raises BrokerError when it is not installed or the port is taken."""
        self._port = self._port or free_port()
        try:
            folder = self._folder or self._make_folder()
            command = self.command(folder, self._port)
            self._child = Child(self.name, command, self._port, folder / "broker.log")
            self._child.start()
        except BrokerError:
            self.stop()
            raise
        self.url = f"mqtt://{HOST}:{self._port}"
        self.url_v5 = self.url_v5 or self.url
        return self.url

    def stop(self) -> None:
        """Ends the broker; safe to call twice."""
        if self._child:
            self._child.stop()
            self._child = None
        if self._temporary:
            shutil.rmtree(self._temporary)
            self._temporary = None

    def _make_folder(self) -> Path:
        self._temporary = Path(tempfile.mkdtemp(prefix="greengrass-sim-broker-"))
        return self._temporary

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
