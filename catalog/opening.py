"""Opening a file that somebody else may have put where it lies: at once, and nothing but a file."""

import errno
import os
import stat


class NotRegular(OSError):
    """What lies there is a pipe, a socket, a device or a folder."""


def regular(name: str, flags: int) -> int:
    """Opener for `open`: never waits, as one would for a pipe that nobody writes into. Raises OSError, `NotRegular` for what is no regular file."""
    descriptor = os.open(name, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular(errno.EINVAL, "not a regular file", name)
    return descriptor
