"""Log lines and log files laid out as on a core.

<root>/ggc/var/log/system/runtime.log                               what the core itself has to say
<root>/ggc/var/log/user/<region>/<account>/<function>.log           what a function prints and logs
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from greengrass_sim.arn import parse_lambda
from greengrass_sim.group import Group
from greengrass_sim.lines import ConsoleFormatter

FOLDER = Path("ggc", "var", "log")
DEFAULT_SPACE_KB = 128
KEPT = 3
_CORE_NAMES = {"WARNING": "WARN", "CRITICAL": "FATAL"}


class FileFormatter(ConsoleFormatter):
    """The same with a core's names of levels; the source is the place in the handler's code where known."""

    def format(self, record: logging.LogRecord) -> str:
        level = _CORE_NAMES.get(record.levelname, record.levelname)
        place = getattr(record, "place", f"{record.filename}:{record.lineno}")
        return f"[{self.formatTime(record)}][{level}]-{place},{record.getMessage()}"


@contextmanager
def log_files(root: Path, group: Group) -> Iterator[Path]:
    """Writes the log files of the group below `root` as long as it is open; gives their folder.

    Each takes the space of the group's `Loggers` (KB), then it is renamed to `.1`; KEPT old ones remain.
    """
    folder = root / FOLDER
    system, user = group.logger("GreengrassSystem"), group.logger("Lambda")
    opened = {"": _file(folder / "system" / "runtime.log", system.space if system else DEFAULT_SPACE_KB)}
    opened[""].addFilter(lambda record: not record.name.startswith("function."))
    for function in group.functions:
        arn = parse_lambda(function.function_arn)
        path = folder / "user" / arn.region / arn.account / f"{arn.name}.log"
        opened[f"function.{arn.name}"] = _file(path, user.space if user else DEFAULT_SPACE_KB)
    for name, handler in opened.items():
        logging.getLogger(name).addHandler(handler)
    try:
        yield folder
    finally:
        for name, handler in opened.items():
            logging.getLogger(name).removeHandler(handler)
            handler.close()


def _file(path: Path, space_kb: int) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, "a", space_kb * 1024, KEPT, encoding="utf-8", delay=True)
    handler.setFormatter(FileFormatter())
    return handler
