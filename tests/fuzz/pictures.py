"""Picture files, broken and hostile."""

import gzip
import io
import struct
import warnings
import zlib
from functools import cache

from PIL import Image, PngImagePlugin

from tests.fuzz import bombs, damage
from tests.fuzz.damage import Files, Holes, Make, Rng
from tests.fuzz.drawing import HEIGHT, WIDTH, bases, picture


def _base(k: int) -> tuple[str, bytes]:
    return list(bases().items())[k % len(bases())]


def _damaged(how: str) -> Make:
    def make(rng: Rng, k: int) -> Files:
        name, data = _base(k)
        other = _base(int(rng.integers(len(bases()))))[1]
        # Each base at another fiftieth, all of them in time.
        return {f"{name}.pic": damage.ANY[how](rng, k * 7 + k // 50, data, other)}

    return make


def _sizes(rng: Rng, k: int) -> Files:
    """Width and height replaced by absurd ones, wherever the file says them."""
    name, data = _base(k)
    for side in (WIDTH, HEIGHT):
        bits = (16, 32)[int(rng.integers(2))]
        new = (damage.absurd_unsigned(rng, bits), int(2 ** rng.uniform(8, 17)) % (1 << bits))[
            int(rng.integers(2))
        ]
        for order in "<>":
            for code, width in (("I", 32), ("H", 16)):
                data = data.replace(
                    struct.pack(order + code, side), struct.pack(order + code, new % (1 << width))
                )
        data = data.replace(b"%d" % side, b"%d" % new) if name in ("pgm", "pfm", "xbm") else data
    return {f"{name}.pic": _with_png_checksums(data) if name.startswith("png") else data}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _join(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _with_png_checksums(data: bytes) -> bytes:
    return _join(_chunks(data))


def _png_chunks(rng: Rng, k: int) -> Files:
    """PNG chunks damaged, doubled, reordered and odd, with right checksums."""
    names = [name for name in bases() if name.startswith("png")]
    chunks = _chunks(bases()[names[k % len(names)]])
    odd = [
        (b"acTL", struct.pack(">II", damage.absurd_unsigned(rng, 32), 0)),
        (b"fcTL", rng.bytes(26)),
        (b"fdAT", rng.bytes(26)),
        (b"eXIf", b"Exif\0\0II*\0\x08\0\0\0" + rng.bytes(60)),
        (b"eXIf", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\xff\xff\0\0\0\0\0\0"),
        (b"tRNS", rng.bytes(6)),
        (b"PLTE", rng.bytes(768)),
        (b"iCCP", b"a\0\0" + rng.bytes(30)),
        (b"gAMA", b"\0\0\0\0"),
        (b"pHYs", b"\xff" * 9),
        (b"IHDR", struct.pack(">II", 5, 5) + bytes([16, 6, 0, 0, 1])),
        (b"tEXt", b"Raw profile type exif\0\nexif\n 999999999\n" + b"4" * 200),
        (b"    ", b""),
    ][k // len(names) % 13]
    place = int(rng.integers(1, len(chunks)))
    if rng.random() < 0.7:
        chunks.insert(place, odd)
    else:
        kind, data = chunks[place - 1]
        chunks[place - 1] = kind, damage.flip_bits(rng, data) if data else b"\x01"
    return {"a.png": _join(chunks)}


def _png(width: int, height: int, bits: int, colour: int, *data: tuple[bytes, bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return _join([(b"IHDR", head), *data, (b"IEND", b"")])


# Just under the size that is opened, and far above it.
_LARGE, _HUGE = 9400, 40_000


def _png_bombs(rng: Rng, k: int) -> Files:
    """Kilobytes of PNG that are gigabytes of pixels, text or profiles."""
    del rng
    zeros = bombs.zlib_zeros()
    text = b"a\0\0" + zeros
    small = zlib.compress(bytes(9 * 8))
    return {
        "a.png": (
            lambda: _png(_LARGE, _LARGE, 8, 6, (b"IDAT", zeros)),
            lambda: _png(_LARGE, _LARGE, 16, 0, (b"IDAT", zeros)),
            lambda: _png(_LARGE, _LARGE, 16, 6, (b"IDAT", zeros)),
            lambda: _png(_HUGE, _HUGE, 8, 0, (b"IDAT", zeros)),
            lambda: _png(1 << 30, 1 << 30, 8, 0, (b"IDAT", zeros)),
            lambda: _png(8, 8, 8, 0, (b"IDAT", zeros)),
            lambda: _png(8, 8, 8, 0, (b"zTXt", text), (b"IDAT", small)),
            lambda: _png(8, 8, 8, 0, (b"IDAT", small), (b"iTXt", b"a\0\1\0\0\0" + zeros)),
            lambda: _png(8, 8, 8, 0, (b"iCCP", text), (b"IDAT", small)),
            lambda: _png(8, 8, 8, 0, *[(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20)))] * 200),
        )[k % 10]()
    }


@cache
def _uniform(format_: str, mode: str, side: int, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (side, side)).save(out, format_, **options)
    return out.getvalue()


def _bombs(rng: Rng, k: int) -> Files:
    """Other formats: uniform pictures as large as are opened, and larger."""
    del rng
    kinds = (
        ("TIFF", "F", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "I;16", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "RGBA", {"compression": "tiff_adobe_deflate"}),
        ("GIF", "L", {}),
        ("JPEG", "L", {}),
        ("PNG", "P", {"transparency": 0}),
        ("TIFF", "I", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("PNG", "LA", {}),
    )
    format_, mode, options = kinds[k % len(kinds)]
    # One large one in every round is enough: each costs a second.
    side = _LARGE if k // len(kinds) % 3 == 0 else (4000, 10_000)[k % 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"a.pic": _uniform(format_, mode, side, **options)}


def _tiff(entries: list[tuple[int, int, int, int]], after: int = 0, tail: bytes = b"") -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries) & 0xFFFF)
    return head + body + struct.pack("<I", after) + tail


_TIFF = {256: (3, 8), 257: (3, 8), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1), 278: (3, 8)}


def _tiffs(rng: Rng, k: int) -> Files:
    """Directories of TIFF with absurd counts and places, loops, and chains."""
    entries = {tag: (kind, 1, value) for tag, (kind, value) in _TIFF.items()}
    entries[273], entries[279] = (4, 1, 8 + 2 + 12 * 9 + 4), (4, 1, 64)
    tag = sorted(entries)[int(rng.integers(len(entries)))]
    kind, count, value = entries[tag]
    after, tail = 0, bytes(64)
    choice = k % 6
    if choice == 0:
        entries[tag] = kind, damage.absurd_unsigned(rng, 32), value
    elif choice == 1:
        entries[tag] = kind, count, damage.absurd_unsigned(rng, 32)
    elif choice == 2:
        entries[tag] = int(rng.integers(0, 20)), count, value
    elif choice == 3:
        after = 8  # the next directory is this one
    elif choice == 4:
        entries[273] = (4, 100_000, 8)
        entries[279] = (4, 100_000, 8)
    else:
        # Many tags whose values are all the same bytes.
        tail = bytes(2000)
        entries |= {40_000 + i: (7, 2000, 150) for i in range(int(rng.integers(10, 2000)))}
    rows = [(tag, *entries[tag]) for tag in sorted(entries)]
    return {"a.tiff": _tiff(rows, after, tail)}


def _frames(rng: Rng, k: int) -> Files:
    """Animations and documents of many pages."""
    out = io.BytesIO()
    count = int(rng.integers(50, 400))
    frames = [Image.new("L", (8, 8), i % 256) for i in range(count)]
    format_ = ("GIF", "TIFF", "PNG", "WEBP")[k % 4]
    frames[0].save(out, format_, save_all=True, append_images=frames[1:])
    data = out.getvalue()
    return {"a.pic": damage.flip_bits(rng, data) if k // 4 % 2 else data}


def _about(rng: Rng, k: int) -> Files:
    """Orientation, profiles and comments, of every value and of too many bytes."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = (0, 3, 6, 9, 65535, 2)[k % 6]
    raw = exif.tobytes() if k % 2 else damage.flip_bits(rng, exif.tobytes())
    format_ = ("JPEG", "PNG", "WEBP", "TIFF")[k // 2 % 4]
    options: dict[str, object] = {"exif": raw} if format_ != "TIFF" else {"exif": exif}
    if format_ == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("XML:com.adobe.xmp", 'tiff:Orientation="9"' + "x" * int(rng.integers(5000)))
        options["pnginfo"] = info
    picture("RGB").save(out, format_, icc_profile=rng.bytes(200), **options)
    return {"a.pic": out.getvalue()}


def _foreign(rng: Rng, k: int) -> Files:
    """Files that are no pictures, or programs that would draw one."""
    eps = (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
        b"(left) (w) file closefile\nshowpage\n%%EOF\n"
    )
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>'
    return {
        "a.pic": (
            eps,
            svg,
            b"",
            b"P5 8 8 255\n" + bytes(10),
            b"P5 " + b"9" * 5000 + b" 8 255\n" + bytes(64),
            b"P2 8 8 255\n" + b"1 " * 63 + b"9" * 10_000,
            b"#define a_width 8\n#define a_height 99999999999\nstatic char a_bits[] = {0};",
            gzip.compress(bytes(1000), mtime=0),
            bombs.gzip_zeros(),
            b"GIF89a" + b"\xff\xff\xff\xff\x80\x00\x00" + rng.bytes(800),
            b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3) + bytes(50),
            b"SIMPLE  =                    T" + b" " * 50 + b"END" + b" " * 3000,
            rng.bytes(3000),
            Holes(bases()["png-grey"][:33] + b"\x7f\xff\xff\xffabcd"),
            Holes(bases()["bmp"]),
            Holes(bases()["tiff"]),
            b"RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\xff\xff\xff\xff\xff",
        )[k % 17]
    }


MUTATIONS: dict[str, Make] = {
    **{how: _damaged(how) for how in damage.ANY},
    "absurd sizes": _sizes,
    "odd PNG chunks": _png_chunks,
    "gigabytes in PNG": _png_bombs,
    "gigabytes in other formats": _bombs,
    "odd TIFF directories": _tiffs,
    "hundreds of frames": _frames,
    "odd orientation and profiles": _about,
    "other files": _foreign,
}
