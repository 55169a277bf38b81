"""The switch of the report that DLR sends to its makers, for programs that turn it off. Nothing is sent.

What a program sets is kept in a file, as DLR does; until then it is off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ENABLE_PHONE_HOME_CONFIG = "enable_phone_home"
_FILE = "ccm_config.json"
_Function = TypeVar("_Function", bound=Callable[..., Any])


class PhoneHome:
    """All methods are of the class, as there; an instance only stands for `enabled`."""

    RUNTIME_LOAD, MODEL_LOAD, MODEL_RUN = 1, 2, 3
    instance: PhoneHome | None = None

    @staticmethod
    def get_config_path() -> str:
        """The file, among the user's own settings."""
        home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return str(Path(home) / "neo-edge" / _FILE)

    @staticmethod
    def get_config() -> dict[str, Any]:
        """What the file holds; nothing where there is none."""
        try:
            config = json.loads(Path(PhoneHome.get_config_path()).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return config if isinstance(config, dict) else {}

    @staticmethod
    def is_enabled() -> bool:
        """Whether a program has turned it on."""
        return bool(PhoneHome.get_config().get(ENABLE_PHONE_HOME_CONFIG, False))

    @staticmethod
    def should_enable() -> bool:
        return PhoneHome.is_enabled()

    @staticmethod
    def enable_feature() -> None:
        """Notes it; still nothing is sent."""
        PhoneHome._set(True)

    @staticmethod
    def disable_feature() -> None:
        PhoneHome._set(False)

    @staticmethod
    def get_instance() -> PhoneHome | None:
        """An instance while it is turned on, else None."""
        if not PhoneHome.is_enabled():
            PhoneHome.instance = None
        elif PhoneHome.instance is None:
            PhoneHome.instance = PhoneHome()
        return PhoneHome.instance

    def send_runtime_loaded(self) -> None:
        """Sends nothing."""

    def send_model_loaded(self, model: object) -> None:
        """Sends nothing."""

    @staticmethod
    def _set(enabled: bool) -> None:
        path = Path(PhoneHome.get_config_path())
        path.parent.mkdir(parents=True, exist_ok=True)
        config = {**PhoneHome.get_config(), ENABLE_PHONE_HOME_CONFIG: enabled}
        half = path.with_name(f".{path.name}.{os.getpid()}")
        half.write_text(json.dumps(config), encoding="utf-8")
        half.replace(path)
        PhoneHome.instance = PhoneHome() if enabled else None


def call_phone_home(function: _Function) -> _Function:
    """The function as it is."""
    return function
