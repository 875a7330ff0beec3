"""Files that others may have put in their place: a pipe would be waited at for ever, a device never ends."""

import errno
import os
import stat
from typing import BinaryIO


def opened(path: str) -> BinaryIO:
    """For reading; links are followed. Raises OSError, also for what is no file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        raise OSError(errno.EINVAL, "is no file", path)
    return os.fdopen(descriptor, "rb")
