"""Small pictures in every format and mode that Pillow writes."""

import io
from functools import cache

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 37, 23
# A name for the file, and how Pillow is to write it: format, mode and what else.
_FORMATS: dict[str, tuple[str, str, dict[str, object]]] = {
    "png-grey": ("PNG", "L", {}),
    "png-colour": ("PNG", "RGBA", {}),
    "png-palette": ("PNG", "P", {"transparency": 3}),
    "png-bits": ("PNG", "1", {}),
    "png-16": ("PNG", "I;16", {}),
    "jpeg": ("JPEG", "RGB", {}),
    "jpeg-progressive": ("JPEG", "L", {"progressive": True}),
    "jpeg-cmyk": ("JPEG", "CMYK", {}),
    "tiff": ("TIFF", "RGB", {}),
    "tiff-lzw": ("TIFF", "L", {"compression": "tiff_lzw"}),
    "tiff-deflate": ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    "tiff-packbits": ("TIFF", "L", {"compression": "packbits"}),
    "tiff-fax": ("TIFF", "1", {"compression": "group4"}),
    "tiff-jpeg": ("TIFF", "RGB", {"compression": "jpeg"}),
    "tiff-lab": ("TIFF", "LAB", {}),
    "tiff-float": ("TIFF", "F", {}),
    "tiff-32": ("TIFF", "I", {}),
    "tiff-16": ("TIFF", "I;16", {}),
    "gif": ("GIF", "P", {}),
    "bmp": ("BMP", "RGB", {}),
    "bmp-grey": ("BMP", "L", {}),
    "webp": ("WEBP", "RGBA", {"lossless": True}),
    "webp-lossy": ("WEBP", "RGB", {}),
    "pgm": ("PPM", "L", {}),
    "pfm": ("PPM", "F", {}),
    "ico": ("ICO", "RGBA", {"sizes": [(16, 16)]}),
    "tga": ("TGA", "RGB", {"compression": "tga_rle"}),
    "jpeg2000": ("JPEG2000", "RGB", {}),
    "avif": ("AVIF", "RGB", {}),
    "dds": ("DDS", "RGBA", {}),
    "pcx": ("PCX", "P", {}),
    "sgi": ("SGI", "L", {}),
    "icns": ("ICNS", "RGBA", {}),
    "eps": ("EPS", "L", {}),
    "xbm": ("XBM", "1", {}),
    "im": ("IM", "L", {}),
    "msp": ("MSP", "1", {}),
    "spider": ("SPIDER", "F", {}),
    "blp": ("BLP", "P", {}),
}


def picture(mode: str, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """A picture with a pattern in it."""
    levels = np.arange(width * height, dtype=np.uint32).reshape(height, width) * 7
    if mode == "I;16":
        return Image.fromarray((levels * 50 % 65536).astype(np.uint16))
    if mode in ("F", "I"):
        return Image.fromarray((levels % 256).astype(np.float32 if mode == "F" else np.int32))
    grey = Image.fromarray((levels % 256).astype(np.uint8))
    if mode == "LAB":
        return Image.merge("LAB", [grey] * 3)
    return grey.convert("RGB").convert(mode) if mode != "L" else grey


@cache
def bases() -> dict[str, bytes]:
    """A small picture in each format and mode that this Pillow writes."""
    Image.init()
    files = {}
    for name, (format_, mode, options) in _FORMATS.items():
        out = io.BytesIO()
        if format_ in Image.SAVE:
            picture(mode).save(out, format_, **options)
            files[name] = out.getvalue()
    return files
