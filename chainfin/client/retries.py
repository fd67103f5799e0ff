"""How often, and after how long, a client asks again."""

from __future__ import annotations

import random
from dataclasses import dataclass

_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Retries:
    """``attempts`` in all; between them ``first_s`` and then twice as long each time, less up to a half by chance, so
    that many clients don't come back in one moment. What the service asks for (Retry-After) is waited for instead, if
    it is no longer than ``most_s``."""

    attempts: int = 4
    first_s: float = 0.2
    most_s: float = 10.0

    def pause(self, tried: int, asked: float | None = None) -> float | None:
        """Seconds until the next attempt after ``tried`` of them; None: no more of them."""
        if tried >= self.attempts or (asked is not None and asked > self.most_s):
            return None
        if asked is not None:
            return asked
        longest: float = min(self.most_s, self.first_s * 2.0 ** (tried - 1))
        return longest * _dice.uniform(0.5, 1.0)
