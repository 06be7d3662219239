"""Files made by hand: any pickle in the wrapping of torch.save."""

import io
import zipfile

import torch

MAGIC = 0x1950A86A20F9469CFC6C


def zip_file(pickle, *, entry="data.pkl", compression=zipfile.ZIP_STORED, extra=()):
    """The bytes of a zip file of torch.save with another pickle in it."""
    honest = io.BytesIO()
    torch.save({"a": torch.arange(4.0)}, honest)
    out = io.BytesIO()
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(out, "w", compression) as target:
        for info in source.infolist():
            data = pickle if info.filename.endswith(entry) else source.read(info)
            target.writestr(info.filename, data)
        for name, data in extra:
            target.writestr(name, data)
    return out.getvalue()


def legacy_file(pickle):
    """The bytes of a file of torch.save before 1.6 with another pickle in it."""
    honest = io.BytesIO()
    torch.save({}, honest, _use_new_zipfile_serialization=False)
    empty = b"\x80\x02}q\x00."
    assert honest.getvalue().count(empty) == 1
    return honest.getvalue().replace(empty, pickle)
