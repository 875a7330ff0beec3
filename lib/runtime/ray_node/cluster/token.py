"""The cluster's token: made by the head unless the place brought one, read by the workers.

It signs what nodes send one another, also where Ray itself has no authentication.
"""

import os
import re
import secrets
import stat

from ray_node.host import regular_file

#: What is shorter can be guessed, and what holds anything else is an error page or a broken file.
_FORM = re.compile(r"[0-9A-Za-z_-]{32,512}")
_MAXIMUM_BYTES = 4096


class BadToken(ValueError):
    """What lies there is no token; reads after the file's path."""


def read(path: str) -> str | None:
    """The token, `None` while the file is absent or still empty. Raises BadToken, OSError."""
    try:
        with regular_file.opened(path) as file:
            content = file.read(_MAXIMUM_BYTES)
    except FileNotFoundError:
        return None
    text = content.decode("ascii", errors="replace").strip()
    if not text:
        return None
    if not _FORM.fullmatch(text):
        lines, size = len(text.splitlines()), len(text)
        had = f"{lines} lines" if lines > 1 else f"{size} characters"
        raise BadToken(f"holds no token but {had}: one of 32 to 512 letters, digits, '-' and '_' is needed")
    return text


def ensure(path: str) -> str:
    """The head's way: an existing token is kept (workers may hold it), else one is made.

    The file gets its mode 0600 before it gets its content, and its name last, so nobody ever sees
    it open to others or half written. Raises BadToken, OSError.
    """
    existing = read(path)
    if existing is not None:
        # Where the place brought the token its folder is mounted read-only, and nothing can be changed.
        if stat.S_IMODE(os.stat(path).st_mode) != 0o600:
            os.chmod(path, 0o600)
        return existing
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    draft = f"{path}.{os.getpid()}.new"
    value = secrets.token_hex(32)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    return value
