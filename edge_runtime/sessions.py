"""As many sessions as there are runs at a time; each is made when first needed and then kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from edge_runtime.engine import Engine, NativeMemory, Session
from edge_runtime.errors import RunError

WHOLE = -1  # the place of the engine that is the whole model; others are numbers of buckets


class SessionPool:
    """The sessions of one model, for any number of threads; owns the model too, and closes it last.

    Raises RunError where there is no memory for a session.
    """

    def __init__(self, model: Engine) -> None:
        self.engine = model
        self.steps = model.steps
        self.memory = model.memory
        self._lock = threading.Lock()
        try:
            self._idle = [model.session()]
        except BaseException:
            model.close()
            raise
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
            session = self._idle.pop() if self._idle else self.engine.session()
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
            self.engine.close()


class EngineSet:
    """The engines of an artifact by their places; each is opened when first needed and then kept."""

    def __init__(self, opener: Callable[[int], Engine]) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        self._pools: dict[int, SessionPool] = {}
        self._closed = False

    @property
    def memory(self) -> NativeMemory:
        """The sum of what the open engines take; parameters are one file, mapped from the same pages."""
        rows = [pool.memory for pool in tuple(self._pools.values())]  # other threads may open more
        whole = NativeMemory(
            *(sum(getattr(row, field.name) for row in rows) for field in fields(NativeMemory))
        )
        return replace(whole, params=max((row.params for row in rows), default=0))

    def open(self, place: int) -> SessionPool:
        """The sessions of an engine. Raises RunError after `close`, ArtifactError where it does not open."""
        pool = self._pools.get(place)
        if pool is not None:
            return pool
        with self._lock:
            if self._closed:
                raise RunError("the model is closed")
            if place not in self._pools:
                self._pools[place] = SessionPool(self._opener(place))
            return self._pools[place]

    def close(self) -> None:
        """Frees everything, at once or when the last run has ended; further calls do nothing."""
        with self._lock:
            self._closed = True
            for pool in self._pools.values():
                pool.close()
