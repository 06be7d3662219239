"""Safetensors files, broken and hostile."""

import json
import struct

from tests.fuzz import damage, networks
from tests.fuzz.damage import Files, Holes, Make, Rng


def _safetensors(how: str) -> Make:
    return lambda rng, k: {
        "net.safetensors": damage.ANY[how](rng, k, networks.safetensors(), networks.bases()["half"])
    }


def _safetensors_file(header: bytes, rest: bytes, length: int | None = None) -> Files:
    size = struct.pack("<Q", (len(header) if length is None else length) % (1 << 64))
    return {"net.safetensors": size + header + rest}


def _safetensors_headers(rng: Rng, k: int) -> Files:
    """Headers that say other types, shapes, places and lengths."""
    data = networks.safetensors()
    (length,) = struct.unpack_from("<Q", data)
    header, rest = json.loads(data[8 : 8 + length]), data[8 + length :]
    name = sorted(set(header) - {"__metadata__"})[int(rng.integers(len(header) - 1))]
    entry = header[name]
    choice = k % 10
    if choice == 9:
        return {"net.safetensors": Holes(data)}
    if choice == 0:
        return _safetensors_file(data[8 : 8 + length], rest, damage.absurd(rng))
    if choice == 1:
        entry["dtype"] = ("F64", "BOOL", "I8", "F8_E4M3", "C64", "x", None)[k // 10 % 7]
    elif choice == 2:
        entry["shape"] = ([1 << 40], [1 << 32, 1 << 32], [-1], [0], [], [[1]], "a")[k // 10 % 7]
    elif choice == 3:
        entry["data_offsets"] = [damage.absurd(rng), damage.absurd(rng)]
    elif choice == 4:
        entry["data_offsets"] = [0, 8]
    elif choice == 5:
        header["__metadata__"] = ({"a": {"b": 1}}, [], {"T": "9" * 5000}, {"T": "nan"})[k // 10 % 4]
    elif choice == 6:
        header = {f"{name}{i}": entry for i in range(2000)}
    elif choice == 7:
        deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
        return _safetensors_file(deep, rest)
    else:
        text = json.dumps(header).encode()
        twice = text[:-1] + b"," + json.dumps({name: entry}).encode()[1:]
        return _safetensors_file(twice, rest)
    return _safetensors_file(json.dumps(header).encode(), rest)


MUTATIONS: dict[str, Make] = {
    **{how: _safetensors(how) for how in damage.ANY},
    "odd headers": _safetensors_headers,
}
