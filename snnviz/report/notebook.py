"""The page in a notebook: a widget where anywidget is installed."""

import base64
import io
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from snnviz.adapters.encoder import Encoder
from snnviz.data import Sample
from snnviz.display import count_picture
from snnviz.errors import ConfigError, ShapeError
from snnviz.report.encoding import encode_all
from snnviz.report.page import asset, module
from snnviz.report.payload import About, report_data

# The picture for where no kernel runs is about so many pixels wide.
_WIDE = 900


def widget(
    encoder: Encoder,
    images: Sequence[Sample] | NDArray[np.floating],
    T: int | None = None,
    *,
    title: str = "A spiking encoder",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Any:
    """What `snnviz report` shows, as a Jupyter widget.

    Args:
        encoder: The encoder.
        images: Samples, or floats in [0, 1], [N, C, H, W] with C of 1 or 3; shown in bytes, so that
            floats between two bytes are rounded.
        T: Number of time steps; None takes the encoder's own.
        title: Its title.
        mean: What the encoder subtracts from pixels itself; see `report_data`.
        std: What it divides them by.

    Raises:
        ConfigError: anywidget is not installed, or the encoder cannot be run so.
        ShapeError: The images do not suit the encoder.

    Example:
        >>> shown = widget(snnviz.load_encoder(), snnviz.garments(2).batch([0, 1]), T=4)
        >>> type(shown).__name__, len(shown.data["images"])
        ('EncoderWidget', 2)
    """
    try:
        import anywidget  # noqa: PLC0415 - optional
        import traitlets  # noqa: PLC0415 - comes with it
    except ImportError as error:
        raise ConfigError(
            "the widget needs anywidget, which is not installed", 'pip install "snnviz[widget]"'
        ) from error
    samples = images if not isinstance(images, np.ndarray) else as_samples(images)
    steps = encoder.T if T is None else T
    data, block = report_data(encoder, samples, steps, About(title), mean=mean, std=std)
    members = {
        "__doc__": "An encoder, live.",
        "_esm": module(),
        "_css": asset("page.css"),
        "data": traitlets.Dict().tag(sync=True),
        "block": traitlets.Bytes().tag(sync=True),
        "picture": traitlets.Unicode().tag(sync=True),
    }
    name = uuid4().hex
    picture = _for_no_kernel(_picture(encoder, samples[0], steps), name)

    def display(self: Any, **options: Any) -> None:
        """Show a picture, which the live page hides, and that page."""
        # Two outputs: of one that has a widget and a picture, a converted notebook shows neither
        # where the widgets' own scripts cannot be loaded.
        from IPython import display as notebook  # noqa: PLC0415 - comes with anywidget

        show: Any = notebook.display  # it has no types
        show(picture, raw=True)
        shown, metadata = anywidget.AnyWidget._repr_mimebundle_(self, **options)
        show(shown, metadata=metadata, raw=True)

    members["_ipython_display_"] = display
    kind = type("EncoderWidget", (anywidget.AnyWidget,), members)
    return kind(data=data, block=block.compressed(), picture=name)


def _for_no_kernel(picture: bytes, name: str) -> dict[str, str]:
    """A picture for where no kernel runs (a converted notebook, GitHub), as a notebook's output.

    Args:
        picture: As PNG.
        name: By which a page that is live finds it, to hide it.
    """
    text = base64.b64encode(picture).decode()
    html = (
        f'<img class="snnviz-{name}" alt="Maps of the first image" style="max-width:100%" '
        f'src="data:image/png;base64,{text}">'
    )
    return {"image/png": text, "text/html": html, "text/plain": "Maps of the first image"}


def _picture(encoder: Encoder, sample: Sample, T: int) -> bytes:
    """The counts of one image, as PNG."""
    (shown,) = encode_all(encoder, [sample], T)
    counts = shown.record.count(T - 1)[0]
    pixels = count_picture(counts, t=T - 1, T=T, most=shown.record.most)
    large = max(1, _WIDE // pixels.shape[1])
    file = io.BytesIO()
    Image.fromarray(pixels.repeat(large, 0).repeat(large, 1)).save(file, "PNG")
    return file.getvalue()


def as_samples(images: NDArray[np.floating]) -> list[Sample]:
    """Arrays of images as samples without labels, numbered from 0.

    Args:
        images: Floats in [0, 1], [N, C, H, W], C of 1 or 3.

    Raises:
        ShapeError: They are not.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.dtype.kind != "f":
        raise ShapeError(
            f"images must be floats [N, C, H, W] with 1 or 3 channels, got {images.dtype} "
            f"{list(images.shape)}"
        )
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ShapeError(
            f"images must be in [0, 1], got {images.min():g} to {images.max():g}; scale them"
        )
    levels = np.rint(images * 255).astype(np.uint8)
    grey = [each.mean(0).round().astype(np.uint8) for each in levels]
    return [
        Sample(n, grey[n], colour=each if len(each) == 3 else None) for n, each in enumerate(levels)
    ]
