"""The Ray token: made by the head unless the place brought one, read by the workers."""

import os
import secrets
import stat


def read(path: str) -> str | None:
    """The token, `None` while the file is absent or still empty."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip() or None
    except FileNotFoundError:
        return None


def ensure(path: str) -> str:
    """The head's way: an existing token is kept (workers may hold it), else one is made.

    The file gets its mode 0600 before it gets its content, and its name last, so nobody ever sees
    it open to others or half written. Raises OSError.
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
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(value)
    os.replace(draft, path)
    return value
