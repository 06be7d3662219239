"""How far something is, told to a function or shown as a bar."""

from collections.abc import Callable
from typing import Any, Literal

Progress = Callable[[str, int, int], None]
"""Called as `progress(phase, done, total)`."""


def as_progress(progress: "Progress | Literal[True] | None") -> Progress | None:
    """What is called as work goes on: `progress`, or for True one that draws a bar.

    The bar is the notebook's own where ipywidgets is there, else one of text on stderr.

    Example:
        >>> as_progress(None)
    """
    return _Bar() if progress is True else progress


class _Bar:
    """A bar for each phase; it stays when the phase is done."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._shown = ("", 0)

    def __call__(self, phase: str, done: int, total: int) -> None:
        from tqdm.auto import tqdm  # noqa: PLC0415 - it looks for a notebook

        if self._bar is None or phase != self._shown[0] or done < self._shown[1]:
            if self._bar is not None:
                self._bar.close()
            self._bar, self._shown = tqdm(total=total, desc=phase), (phase, 0)
        self._bar.update(done - self._shown[1])
        self._shown = (phase, done)
        if done >= total:
            self._bar.close()
