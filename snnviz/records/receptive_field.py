"""Where in an image a neuron looks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels that the neuron in row y and column x of a map can depend on.

    Rows `top + y * down` and the next `height`, columns `left + x * right` and the next `width`;
    those outside the image are padding.

    Attributes:
        top: First row of the neuron in row 0.
        left: First column of the neuron in column 0.
        height: Rows.
        width: Columns.
        down: Pixels from one neuron to the one below; 0 where all see the same.
        right: Pixels from one neuron to its right.
    """

    top: int
    left: int
    height: int
    width: int
    down: int
    right: int
