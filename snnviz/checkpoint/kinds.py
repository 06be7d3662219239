"""What a file is that is no checkpoint of torch.save, by how it begins, and what to do then."""

import re
import zipfile
from pathlib import Path
from typing import IO

from snnviz.errors import CheckpointError

_HEAD = 1024
_CHECKPOINT = re.compile(r".*\.(pth|pt|ckpt|tar|bin|safetensors)")
_UNPACK = "unpack it and name the file in it"
# How files of other kinds begin: what they are, and the remedy.
_BEGINNINGS = {
    rb"version https://git-lfs\.github\.com/spec": (
        "a Git LFS pointer, not the file itself; fetch it with 'git lfs pull', or download it from "
        "the page of the repository"
    ),
    rb"(/|\.\./).{0,200}annex/objects/": (
        "a git-annex pointer, not the file itself; fetch it with 'git annex get'"
    ),
    rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)": (
        "a page of HTML, not the file that it is about; download the file itself"
    ),
    rb"\s*<(\?xml|Error)": "an XML text, such as a server's answer; download the file again",
    rb"\s*[\[{]\s*\"[^\"]*\"\s*:": "a JSON text, not weights; name the file of the weights",
    rb"\x1f\x8b": f"compressed by gzip; {_UNPACK}",
    rb"BZh[1-9]": f"compressed by bzip2; {_UNPACK}",
    rb"\xfd7zXZ\x00": f"compressed by xz; {_UNPACK}",
    rb"\x28\xb5\x2f\xfd": f"compressed by zstd; {_UNPACK}",
    rb"7z\xbc\xaf\x27\x1c": f"a 7z archive; {_UNPACK}",
    rb"Rar!": f"a rar archive; {_UNPACK}",
    rb"\x89HDF": (
        "an HDF5 file, as Keras and NIR write them; snnviz reads weights of PyTorch's networks: "
        "build it in PyTorch with SpikingJelly's neurons and pass it to snnviz.load_encoder"
    ),
    rb"\x93NUMPY": "one array of NumPy's; save the network's state_dict() with torch.save",
    rb"GGUF": "a GGUF file; save the network's state_dict() with torch.save",
    rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\x00|MM\x00\*": "a picture; name the file of the weights",
    rb"%PDF": "a PDF; name the file of the weights",
}


def refuse_other_kinds(file: IO[bytes]) -> None:
    """Raises unless `file` may be one of torch.save's; afterwards it stands at its beginning.

    Raises:
        CheckpointError: It is of another kind; the message says of which, and has no path.
    """
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise CheckpointError("is empty; copy or download it again")
    for beginning, kind in _BEGINNINGS.items():
        if re.match(beginning, head, re.IGNORECASE | re.DOTALL):
            raise CheckpointError(f"is {kind}")
    if head[257:262] == b"ustar":
        raise CheckpointError(f"is a tar archive; {_UNPACK}")


def refuse_other_archives(archive: zipfile.ZipFile) -> None:
    """Raises unless a zip archive may be one of torch.save's.

    Raises:
        CheckpointError: It is of another kind; the message says of which, and has no path.
    """
    names = archive.namelist()
    if any(name.rpartition("/")[2] in ("data.pkl", "constants.pkl") for name in names):
        return
    if inner := [name for name in names if _CHECKPOINT.fullmatch(name)]:
        shown = ascii(inner[0])[1:-1][:80]
        raise CheckpointError(f"is a zip archive that holds {shown}; unpack it and name that file")
    if names and all(name.endswith(".npy") for name in names):
        raise CheckpointError(
            "holds arrays of NumPy's (npz); save the network's state_dict() with torch.save"
        )
    if "config.json" in names and any(name.endswith(".h5") for name in names):
        raise CheckpointError("holds a Keras model; snnviz reads PyTorch's networks")
    raise CheckpointError(
        "is a zip archive without a network in it; name a checkpoint that torch.save wrote"
    )


def is_safetensors(file: IO[bytes]) -> bool:
    """Whether `file` begins as the format has it: the length of a JSON header, then the header."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    head = file.read(9)
    file.seek(0)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def read_safetensors(path: Path) -> dict[str, object]:
    """The tensors in a safetensors file under 'net', and its texts beside them.

    Raises:
        CheckpointError: It is damaged, or the library is not installed; the message has no path.
    """
    try:
        from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise CheckpointError(
            "is a safetensors file, and the library that reads them is not installed; "
            "pip install safetensors"
        ) from error
    try:
        with safe_open(path, "pt") as tensors:
            net = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118
            return {**{k: _value(v) for k, v in (tensors.metadata() or {}).items()}, "net": net}
    except SafetensorError as error:
        raise CheckpointError(
            f"is a damaged safetensors file ({error}); copy or save it again"
        ) from error


def _value(text: str) -> object:
    """The number that `text` is, or `text`: the format keeps nothing but texts beside tensors."""
    try:
        return float(text)
    except ValueError:
        return text
