"""Hand work to a thread that waits on sockets, without sharing a ZeroMQ socket between threads."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue whose file descriptor becomes readable when something lies in it, so that one poll waits for it and for
    ZeroMQ sockets together. `put` may be called from any thread; `take` and `close` belong to the waiting thread.

    A PUSH socket per calling thread would do the same but leave one open for every thread that ever published.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: when more than this lie unread, the oldest go."""
        self._items: deque[T] = deque(maxlen=limit)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    @property
    def fd(self) -> int:
        return self._reader.fileno()

    def put(self, item: T) -> None:
        self._items.append(item)
        self.wake()

    def wake(self) -> None:
        """Make the waiting thread look, even when nothing was put."""
        # A full pipe means that the other side has plenty of reasons to wake up; a closed one that it is gone.
        with suppress(OSError):
            self._writer.send(b"\0")

    def take(self) -> list[T]:
        """Everything that lies here, oldest first."""
        with suppress(BlockingIOError):
            while len(self._reader.recv(4096)) == 4096:
                pass
        items: list[T] = []
        with suppress(IndexError):
            while True:
                items.append(self._items.popleft())
        return items

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
