"""Datagrams to one host or group: seven packets each, handed to the kernel many at a time.

Python's own socket calls let other threads run while they are in the kernel, and each has to wait for its turn again
afterwards: a hundred feeds wait a hundred times in a row. A call that never blocks need not give up its turn, so this
one goes to the C library with the interpreter held.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

DATAGRAM: Final = 7 * 188
"""Seven packets: what fits into an Ethernet frame (ETSI TS 102 034)."""
_SOL_UDP: Final = 17
_UDP_SEGMENT: Final = 103
"""Linux: the kernel cuts what is handed over at once into datagrams of this size."""
_AT_ONCE: Final = 40
"""Datagrams in one call; the kernel takes 64, and no more than 65,507 bytes."""
_NO_CUTTING: Final = (errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.ENOPROTOOPT)
_BUFFER: Final = 1 << 20


@dataclass
class Udp:
    """Datagrams to one host or group."""

    host: str
    port: int
    ttl: int = 1
    local: str = ""
    """Address of the interface for multicast; empty is the system's choice."""
    _socket: socket.socket | None = None
    _found: Any = field(default=None, repr=False)
    _number: int = -1
    _most: int = DATAGRAM
    _call: Any = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return f"udp://{self.host}:{self.port}"

    @property
    def may_wait(self) -> bool:
        """Only a name server can keep it waiting."""
        try:
            ip_address(self.host)
        except ValueError:
            return True
        return False

    def open(self) -> None:
        """Raises OSError."""
        self.close()
        if self._found is None:
            # Once: a name server that does not answer must not hold up other feeds later.
            self._found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        family, kind, protocol, _, address = self._found
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            if family == socket.AF_INET:
                made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self.ttl)
                if self.local:
                    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self.local))
            else:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self.ttl)
            made.connect(address)
            made.setblocking(False)
        except OSError:
            made.close()
            raise
        self._socket = made
        self._call = _send_call()
        self._number = made.fileno()
        self._most = _AT_ONCE * DATAGRAM if _cuts(made, DATAGRAM) else DATAGRAM

    def send(self, data: bytes) -> None:
        """Whole datagrams. Where nobody listens on this machine the kernel may refuse; nothing is lost by that."""
        if len(data) > self._most:
            for at in range(0, len(data), self._most):
                self.send(data[at : at + self._most])
        elif self._call(self._number, data, len(data), 0) < 0:
            self._refused(data, ctypes.get_errno())

    def _refused(self, data: bytes, code: int) -> None:
        if code == errno.ECONNREFUSED:
            return
        if self._socket and self._most > DATAGRAM and code in _NO_CUTTING:
            # An interface without checksums of its own takes one datagram at a time.
            _cuts(self._socket, 0)
            self._most = DATAGRAM
            self.send(data)
            return
        raise OSError(code, os.strerror(code))

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket, self._number = None, -1


def _cuts(made: socket.socket, size: int) -> bool:
    """Ask the kernel to cut into datagrams of `size`; whether it will."""
    try:
        made.setsockopt(_SOL_UDP, _UDP_SEGMENT, size)
    except OSError:
        return False
    return True


def _send_call() -> Any:
    """``send(2)`` that keeps the interpreter's lock."""
    call = ctypes.PyDLL(None, use_errno=True).send
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
    call.restype = ctypes.c_ssize_t
    return call
