"""Which fonts a PDF embeds, and how."""

import re
import shutil
import subprocess

_FONT = re.compile(rb"/Type /Font\b")
_KIND = re.compile(rb"/Subtype /(\w+)")
# What poppler calls a TrueType font in a composite one: matplotlib's Type 42.
_TYPE_42 = "CID TrueType"


def pdf_fonts(data, folder):
    """The kinds of the fonts in a PDF: {"Type 42"}, {"Type 3"}.

    poppler's `pdffonts` says so where it is installed. Elsewhere the file's own dictionaries do:
    matplotlib writes objects uncompressed, only the streams in them are packed.
    """
    program = shutil.which("pdffonts")
    if program is None:
        heads = [body.split(b"stream\n")[0] for body in data.split(b"endobj\n")]
        kinds = {_KIND.search(head)[1].decode() for head in heads if _FONT.search(head)}
        # A composite font, and the TrueType font in it.
        embedded = b"/FontFile2" in data and b"/FontFile " not in data
        names = {"Type0": "Type 42", "CIDFontType2": "Type 42", "Type3": "Type 3"}
        assert embedded or "Type0" not in kinds
        return {names.get(kind, kind) for kind in kinds}
    path = folder / "fonts.pdf"
    path.write_bytes(data)
    table = subprocess.run([program, path], capture_output=True, text=True, check=True).stdout
    head, _, *rows = table.splitlines()
    start, end = head.index("type"), head.index("encoding")
    embedded = head.index("emb")
    assert all(row[embedded:].startswith("yes") for row in rows)
    kinds = {row[start:end].strip() for row in rows}
    return {"Type 42" if kind.startswith(_TYPE_42) else kind for kind in kinds}
