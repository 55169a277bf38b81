"""As many sessions as there are runs at a time; each is made when first needed and then kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge_runtime.engine import Engine, Session
from edge_runtime.errors import RunError


class SessionPool:
    """The sessions of one model, for any number of threads; owns the model too, and closes it last."""

    def __init__(self, model: Engine) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._idle = [model.session()]
        self._busy = 0
        self._closed = False

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session as long as the body runs. Raises as `take` does."""
        session = self.take()
        try:
            yield session
        finally:
            self.give_back(session)

    def take(self) -> Session:
        """A session, to be given back. Raises RunError after `close`, or without memory for another."""
        with self._lock:
            if self._closed:
                raise RunError("the model is closed")
            session = self._idle.pop() if self._idle else self._model.session()
            self._busy += 1
        return session

    def close(self) -> None:
        """Frees everything, at once or when the last run has ended; further calls do nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._close_idle()

    def give_back(self, session: Session) -> None:
        """Ends what `take` began."""
        with self._lock:
            self._busy -= 1
            self._idle.append(session)
            if self._closed:
                self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()
        if not self._busy:
            self._model.close()
