"""Text that came over the network: it ends up in logs and in the state."""


def one_line(value: object, maximum: int = 200) -> str:
    """Text of bounded length on one line. Raises ValueError for what is no text."""
    if not isinstance(value, str):
        raise ValueError(f"text expected, got {type(value).__name__}")
    return " ".join(value.split())[:maximum]


def printable(value: object, maximum: int) -> str:
    """A line of a log with its spaces, without control characters. Raises ValueError for what is no text."""
    if not isinstance(value, str):
        raise ValueError(f"text expected, got {type(value).__name__}")
    return "".join(letter if letter.isprintable() else " " for letter in value[:maximum])
