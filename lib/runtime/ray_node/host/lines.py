"""Bytes of a program into lines of text, however long they are and whatever they hold. Pure."""

_CUT = "... [the rest of the line is left out]"


class Lines:
    """Feed it chunks. A line feed, a carriage return or both end a line; `longest` is in bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._is_cut = False

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that are complete now."""
        *whole, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        found = []
        for piece in whole:
            self._add(piece)
            found.append(self._end())
        self._add(rest)
        return found

    def last(self) -> list[str]:
        """What had no end when the program ended."""
        return [self._end()] if self._begun else []

    def _add(self, piece: bytes) -> None:
        room = self._longest - len(self._begun)
        self._begun += piece[:room]
        self._is_cut = self._is_cut or len(piece) > room

    def _end(self) -> str:
        text = self._begun.decode(errors="replace") + (_CUT if self._is_cut else "")
        self._begun.clear()
        self._is_cut = False
        return text
