"""In a forked child: a network namespace of its own -> one in which a program can still talk to itself (Linux)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .system_calls import SystemCalls

AF_INET, SOCK_DGRAM = 2, 2
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
"""netdevice(7)."""
SIZE_OF_IFREQ = 40


class NetworkRefused(OSError):
    """The system lets us make no network namespace."""


def raise_loopback(calls: SystemCalls) -> None:
    """Switch on the loopback interface, the only one in a new network namespace.

    Raises:
        OSError: the system does not allow it.
    """
    import os
    import sys

    descriptor = calls("socket", AF_INET, SOCK_DGRAM, 0)
    name = b"lo".ljust(16, b"\0") + IFF_UP.to_bytes(2, sys.byteorder)
    request = calls.ctypes.create_string_buffer(name, SIZE_OF_IFREQ)
    calls("ioctl", descriptor, calls.ctypes.c_ulong(SIOCSIFFLAGS), request)
    os.close(descriptor)
