"""What tells one run of figure sets from another, so that a folder holds one of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl

from snnviz._version import __version__
from snnviz.data import Sample
from snnviz.export.options import FigureSetOptions
from snnviz.export.templates.deflate import LIBRARY


def run_identity(
    samples: Sequence[Sample],
    options: FigureSetOptions,
    made_from: Mapping[str, object],
    *,
    predicts: bool,
) -> dict[str, Any]:
    """The entries of a manifest that are the same in every part of a run.

    Args:
        samples: The images.
        options: What to draw.
        made_from: Further entries.
        predicts: Whether samples are given their predicted classes.
    """
    return {
        "snnviz": __version__,
        **made_from,
        "options": _plain(options.settings),
        # The bytes of other versions and libraries differ, so a run does not mix them.
        "matplotlib": mpl.__version__,
        "deflate": LIBRARY,
        # The manifest lists them and contact sheets mark mistakes: in all sets, or in none.
        "predictions": predicts or any(sample.predicted is not None for sample in samples),
        "images_chosen": len(samples),
        "images_sha256": _digest(samples),
    }


def _digest(samples: Iterable[Sample]) -> str:
    """SHA-256 of which images these are, in their order, of what they are, and of their pixels."""
    digest = hashlib.sha256()
    for sample in samples:
        about = (sample.index, sample.image.shape, sample.label, sample.class_name, sample.source)
        digest.update(repr(about).encode())
        digest.update(sample.image.tobytes())
        if sample.colour is not None:
            digest.update(sample.colour.tobytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """`value` as JSON gives it back: tuples are lists there."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value
