"""The membrane potential of all neurons in one step."""

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize as LinearNorm

from snnviz.errors import ConfigError
from snnviz.figures.layout.tiles import Around, Bar, build_tiles, check_maps, to_pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Blue below the threshold, red from it on.
_DIVERGING = "RdBu_r"


def potential_map_figure(
    v: "NDArray[np.floating]",
    *,
    t: int,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    labels: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    dpi: int = 200,
) -> "Figure":
    """A figure of the membrane potential of all channels at one step, before the reset.

    Blue is below the threshold, red above it: those neurons spike. The range reaches as far as
    twice the way from reset to threshold on both sides, whatever the image, so that steps and
    images compare; potentials beyond have the colours of its ends.

    Args:
        v: Membrane potential after the input of step t and before the reset, floats [K, H, W].
        t: The 0-based step, for the title.
        v_threshold: Threshold of the neurons.
        v_reset: What a spike resets the potential to; None: it subtracts the threshold.
        labels: Write each map's channel number above it.
        rows: Rows of the grid, or None.
        columns: Columns of the grid, or None.
        dpi: Output pixels per inch.

    Raises:
        ShapeError: The potentials have another shape, or are not finite.
        ConfigError: An option is out of range.
    """
    v = np.asarray(v)
    check_maps(v, "[K, H, W]", "membrane potentials")
    if t < 0:
        raise ConfigError(f"t must be at least 0, got {t}")
    reset = 0.0 if v_reset is None else v_reset
    reach = 2 * abs(v_threshold - reset) or 1.0
    norm = LinearNorm(v_threshold - reach, v_threshold + reach)
    colors = mpl.colormaps[_DIVERGING]
    low, high = v_threshold - reach, v_threshold + reach
    ticks = {low: f"{low:g}", high: f"{high:g}", reset: f"{reset:g}"}
    ticks[v_threshold] = f"{v_threshold:g}, threshold"
    frame, _ = build_tiles(
        to_pixels(colors(norm(v), bytes=True)),
        Around(
            title=f"Membrane potential at $t = {t}$, before reset",
            labels=[str(k) for k in range(len(v))] if labels else (),
            bars=[
                Bar(
                    "membrane potential",
                    colors,
                    norm,
                    sorted(ticks),
                    [ticks[tick] for tick in sorted(ticks)],
                    "both",
                )
            ],
        ),
        rows=rows,
        columns=columns,
        dpi=dpi,
    )
    return frame.figure
