"""What the truth knows about shares: below which size none is told, and how far one can be trusted."""

from __future__ import annotations

import math

SMALL_SAMPLE = 20
Z = 1.959963984540054


def wilson(count: float, size: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share: the two roots of (p - x)² = z² x (1 - x) / n."""
    squared = Z * Z
    middle = count + squared / 2
    spread = Z * math.sqrt(count * (size - count) / size + squared / 4)
    return (middle - spread) / (size + squared), (middle + spread) / (size + squared)
