"""Tables and durations for people."""

from collections.abc import Sequence
from typing import Any


def render(head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Left-aligned columns, two spaces apart."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in [head, *rows]
    ]


def members(value: Sequence[dict[str, Any]]) -> list[str]:
    """The members of a head's state."""
    rows = [
        (
            str(item["name"]),
            str(item["address"] or "-"),
            f"{item['accelerators']} of {item['planned']}",
            str(item["verdict"]),
        )
        for item in value
    ]
    return render(("NODE", "ADDRESS", "ACCELERATORS", "VERDICT"), rows)


def duration(seconds: float) -> str:
    """`42 s`, `3 min 12 s`, `2 h 5 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
