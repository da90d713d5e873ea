"""Which numbers a list may hold while a file comes into it that was empty: most of them need not be looked up."""

from collections.abc import Sequence

#: Marks, one byte each, few enough for a processor's cache: a million numbers set one in nine, five million half.
_MARKS = 1 << 23
_LAST = _MARKS - 1


class Sieve:
    """Numbers that one import has brought into a list that never held anybody, each as a mark among many.

    A number without its mark is not on the list; one with it may be. Good as long as nobody else adds to the list,
    which its revision tells; from then on every number is a suspect.
    """

    def __init__(self) -> None:
        self._marks: bytearray | None = bytearray(_MARKS)
        self._revision = 0

    def suspects(self, numbers: Sequence[str], revision: int) -> Sequence[str]:
        """Those of the numbers that the list may hold. All of them come in now, with this revision of the list."""
        marks = self._marks
        if marks is None or revision != self._revision + 1:
            self._marks = None
            return numbers
        self._revision = revision
        places = [hash(number) & _LAST for number in numbers]
        found = [number for number, place in zip(numbers, places, strict=True) if marks[place]]
        for place in places:
            marks[place] = 1
        return found
