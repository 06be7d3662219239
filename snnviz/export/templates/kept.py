"""Templates that are made once for all figures of a kind."""

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from snnviz.export.rendering import MATPLOTLIB
from snnviz.export.templates.figures import FeatureMapTemplate, InputTemplate

if TYPE_CHECKING:
    from collections.abc import Callable

# A template takes up to some megabytes; Fashion-MNIST's ten titles and a few steps fit.
_TEMPLATES = 24
# Those of more pixels are not kept: they take tens.
_LARGE = 1 << 22


def input_template(
    shape: tuple[int, ...], label: str | None, options: dict[str, Any], *, svg_text: bool = False
) -> InputTemplate:
    """The template of images [H, W] of that shape and class, see `InputTemplate`."""
    with MATPLOTLIB:  # so that no two threads make the same
        template: InputTemplate = _kept(_input, shape)(shape, label, _hashable(options), svg_text)
    return template


def counts_template(
    shape: tuple[int, ...], t: int, options: dict[str, Any], *, svg_text: bool = False
) -> FeatureMapTemplate:
    """The template of counts [K, H, W] up to step t, see `FeatureMapTemplate`."""
    with MATPLOTLIB:
        template: FeatureMapTemplate = _kept(_counts, shape)(shape, t, _hashable(options), svg_text)
    return template


def is_kept(shape: tuple[int, ...]) -> bool:
    """Whether templates of that shape are not too large to be kept for further images."""
    return prod(shape) <= _LARGE


def _kept(make: Any, shape: tuple[int, ...]) -> "Callable[..., Any]":
    """What keeps the templates that it makes, where they are not too large."""
    return make if is_kept(shape) else make.__wrapped__  # type: ignore[no-any-return]


def _hashable(options: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(options.items())


@lru_cache(_TEMPLATES)
def _input(
    shape: tuple[int, int], label: str | None, options: tuple[tuple[str, Any], ...], svg_text: bool
) -> InputTemplate:
    return InputTemplate(shape, label, svg_text=svg_text, **dict(options))


@lru_cache(_TEMPLATES)
def _counts(
    shape: tuple[int, int, int], t: int, options: tuple[tuple[str, Any], ...], svg_text: bool
) -> FeatureMapTemplate:
    return FeatureMapTemplate(shape, t=t, svg_text=svg_text, **dict(options))
