"""What a group must hold beyond its shape; what is wrong is told all at once, with the texts of a core."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from greengrass_sim.errors import GroupError, Problem
from greengrass_sim.group.checks.accesses import access_problems
from greengrass_sim.group.checks.functions import function_problems
from greengrass_sim.group.checks.identities import identity_problems
from greengrass_sim.group.checks.isolation import isolation_problems
from greengrass_sim.group.checks.options import CheckOptions
from greengrass_sim.group.checks.resources import resource_problems
from greengrass_sim.group.checks.secrets import secret_problems
from greengrass_sim.group.checks.subscriptions import subscription_problems
from greengrass_sim.group.model import Group
from greengrass_sim.group.spooler import spooler_problems

_CHECKS: tuple[Callable[[Group], Iterator[Problem]], ...] = (
    identity_problems,
    function_problems,
    resource_problems,
    access_problems,
    secret_problems,
    subscription_problems,
    spooler_problems,
)


def check_group(group: Group, options: CheckOptions | None = None) -> None:
    """Raises one GroupError with everything that is wrong."""
    problems = [problem for check in _CHECKS for problem in check(group)]
    problems += isolation_problems(group, options or CheckOptions())
    if problems:
        raise GroupError.of(problems)
