"""How long to wait before the next try."""

import random


class Backoff:
    """Seconds to wait before the next try: anywhere up to a ceiling that doubles up to a cap ("full jitter").

    Many dialers that lost one PBX or broker then come back spread out, not in step.
    """

    def __init__(self, base: float = 0.5, cap: float = 30.0, seed: int | None = None) -> None:
        self._base = base
        self._cap = cap
        self._tries = 0
        self._random = random.Random(seed)  # noqa: S311 - spreads load, keeps no secret

    def next(self) -> float:
        """The wait before the next try."""
        # 2**16 is far past any cap; without the limit a week of tries would overflow a float.
        ceiling = min(self._cap, self._base * 2 ** min(self._tries, 16))
        self._tries += 1
        return self._random.uniform(0, ceiling)

    def reset(self) -> None:
        """A connection stood: begin from the base again."""
        self._tries = 0
