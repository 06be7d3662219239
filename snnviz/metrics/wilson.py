"""How sure a share is: Wilson's interval."""

import math

Z95 = 1.959963984540054  # 97.5 % of a normal distribution lie below


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a share, within [0, 1] (E. Wilson 1927).

    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), with p = correct / n.

    Args:
        correct: Number of hits, in 0..total.
        total: Number of tries n, >= 1.
    """
    p, share = correct / total, Z95**2 / total
    middle = p + share / 2
    half = Z95 * math.sqrt(p * (1 - p) / total + share / (4 * total))
    return max(0.0, (middle - half) / (1 + share)), min(1.0, (middle + half) / (1 + share))
