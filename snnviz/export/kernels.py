"""The picture of an encoder's kernels, one for all images of a folder."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnviz.export.captions import Captions
from snnviz.export.options import CAPTION_FORMS, FigureSetOptions
from snnviz.export.views import rendered
from snnviz.figures import kernel_figure
from snnviz.files import write_bytes

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder


def write_kernels(
    encoder: "Encoder",
    out_dir: Path,
    options: FigureSetOptions,
    captions: Captions,
    *,
    write: bool,
) -> list[str]:
    """The names of the files that show the encoder's kernels, written where they are not there.

    Args:
        encoder: Whose kernels.
        out_dir: A folder that exists.
        options: What to draw; other kinds than "kernels" give no files.
        captions: The captions, where the options ask for them.
        write: Whether this process is the one to write them.
    """
    names = options.kernel_files
    missing = [name for name in names if not (out_dir / name).exists()]
    if write and missing:
        kernels = encoder.kernels
        drawing: dict[str, Any] = {**options.size, **options.untitled}
        draw = partial(kernel_figure, kernels, channels=options.channels or None, **drawing)
        content = {
            name: rendered(draw, name.rpartition(".")[2], svg_text=options.svg_text)
            for name in missing
            if not name.endswith(CAPTION_FORMS)
        }
        if options.captions:
            content = captions.added(content, ["kernels"], len(kernels))
        for name in missing:
            write_bytes(content[name], out_dir / name, durable=False)
    return names
