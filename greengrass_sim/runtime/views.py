"""Resources at the absolute paths that handlers hard-code."""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    View = Sequence[str]  # source, destination, and "ro" or "rw"


def show(views: Sequence[View], scratch: str) -> str | None:
    """Shows each view's source at its destination to this process; call it before any thread is started.

    By mounts where the system allows them, else by leading Python's own functions there, of which the answer
    tells: a sentence for the log. None when mounts do it, or when there is nothing to show.
    """
    if not views:
        return None
    from greengrass_sim.runtime import mounts

    try:
        mounts.enter(views, scratch)
    except OSError as error:
        from greengrass_sim.runtime import redirect

        redirect.install(views)
        paths = ", ".join(destination for _, destination, _ in views)
        return f"{paths}: seen by Python code only, as {error.strerror or error}"
    return None
