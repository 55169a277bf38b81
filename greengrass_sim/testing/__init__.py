"""Groups in tests: start one, publish, expect. With pytest, the fixture `greengrass` does it in one line."""

from greengrass_sim.testing.messages import Received
from greengrass_sim.testing.running import RunningGroup, start_group

__all__ = ["Received", "RunningGroup", "start_group"]
