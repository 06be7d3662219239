"""Checkpoints, broken and hostile: files of torch.save, before 1.6 and since."""

import gzip
import io
import json
import pickle
import struct
import warnings
from collections.abc import Callable

from tests.fuzz import archives, damage, hostile, networks
from tests.fuzz.archives import archive_of, entries_of, with_pickle
from tests.fuzz.damage import Files, Holes, Make, Rng


def _base(k: int) -> bytes:
    return list(networks.bases().values())[k % len(networks.bases())]


def _pickle(honest: bytes) -> bytes:
    return next(data for name, data in entries_of(honest).items() if name.endswith("data.pkl"))


def _legacy(pickled: bytes) -> bytes:
    """A file of torch.save before 1.6 with another pickle in it."""
    out = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(value, out, 2)
    return out.getvalue() + pickled + pickle.dumps([], 2)


def _wrapped(rng: Rng, pickled: bytes) -> Files:
    """A pickle in one of the files that it can come in."""
    if rng.random() < 0.6:
        return {"net.pth": with_pickle(pickled, networks.bases()["state dict"])}
    return {"net.pth": _legacy(pickled) if rng.random() < 0.8 else pickled}


def _beside(value: bytes, key: str) -> Files:
    """`value` beside the weights of a whole checkpoint."""
    honest = networks.bases()["training, SGD"]
    return {"net.pth": with_pickle(hostile.around(_pickle(honest), value, key), honest)}


def _damaged(how: str) -> Make:
    def make(rng: Rng, k: int) -> Files:
        other = _base(int(rng.integers(1000)))
        return {"net.pth": damage.ANY[how](rng, k * 7 + k // 50, _base(k), other)}

    return make


def _damaged_pickle(rng: Rng, k: int) -> Files:
    """The pickle inside damaged, with right checksums around it."""
    zips = [data for data in networks.bases().values() if data.startswith(b"PK")]
    honest = zips[k % len(zips)]
    names = [name for name in damage.ANY if name != "as made"]
    how = damage.ANY[names[k // len(zips) % len(names)]]
    other = _pickle(zips[int(rng.integers(len(zips)))])
    return {"net.pth": with_pickle(how(rng, int(rng.integers(50)), _pickle(honest), other), honest)}


def _placed(make: Callable[[Rng, int], bytes]) -> Make:
    """What `make` gives, in any place of a bare checkpoint or beside whole weights."""

    def build(rng: Rng, k: int) -> Files:
        value = make(rng, k)
        if rng.random() < 0.4:
            return _beside(value, hostile.KEYS[int(rng.integers(len(hostile.KEYS)))])
        return _wrapped(rng, hostile.place(rng, int(rng.integers(7)), value))

    return build


def _bare(make: Callable[[Rng, int], bytes]) -> Make:
    return lambda rng, k: _wrapped(rng, make(rng, k))


def _odd_tensors(rng: Rng, k: int) -> Files:
    """One of the tensors replaced, in the network or in the state of the optimizer."""
    tree = networks.training() if k % 4 == 0 else {"net": networks.small_weights()}
    state = tree["net"]
    assert isinstance(state, dict)
    if k % 4 == 0 and rng.random() < 0.5:
        optimizer = tree["optimizer"]
        assert isinstance(optimizer, dict)
        entry = optimizer["state"][int(rng.integers(len(optimizer["state"])))]
        entry["momentum_buffer"] = hostile.odd_tensor(rng, k, entry["momentum_buffer"])
    else:
        key = list(state)[int(rng.integers(len(state)))]
        state[key] = hostile.odd_tensor(rng, k, state[key])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"net.pth": networks.save(tree, legacy=k % 7 == 0)}


def _odd_trees(rng: Rng, k: int) -> Files:
    """Parts of the wrong kind: lists for dicts, dicts for numbers, text for either."""
    tree = networks.training("adam")
    values = (
        [],
        {},
        (),
        "text",
        None,
        5,
        -1.5,
        True,
        {"a": {}},
        [1] * 1000,
        {1: 2},
        b"bytes",
        {1, 2},
    )
    key = list(tree)[k % len(tree)]
    value = values[int(rng.integers(len(values)))]
    inner = tree[key]
    if isinstance(inner, dict) and inner and rng.random() < 0.6:
        inner[list(inner)[int(rng.integers(len(inner)))]] = value
    elif rng.random() < 0.2:
        del tree[key]
    else:
        tree[key] = value
    return {"net.pth": networks.save(tree, legacy=k % 5 == 0)}


def _protocols(rng: Rng, k: int) -> Files:
    """Every protocol of pickle, by itself or in an archive."""
    tree = {"net": {"static_conv.0.weight": [0.5]}, "epoch": 1}
    pickled = pickle.dumps(tree, k % 6)
    return {"net.pth": pickled} if k // 6 % 2 else _wrapped(rng, pickled)


def _declared(rng: Rng, k: int) -> Files:
    """Storages, shapes, strides and offsets that promise what the file does not hold."""
    names = ("state dict", "training, SGD", "ours, whole", "half")
    honest = networks.bases()[names[k % 4]]
    pickled = hostile.edit_numbers(rng, _pickle(honest), only_large=k % 3 > 0)
    return {"net.pth": with_pickle(pickled, honest)}


def _declared_legacy(rng: Rng, k: int) -> Files:
    """The same in the format before 1.6, and sizes before the bytes of a storage."""
    data = networks.bases()["state dict, legacy"]
    (size,) = (struct.pack("<q", 4 * 2 * 2 * 9),)
    sizes = [at for at in range(len(data)) if data.startswith(size[:8], at)]
    if k % 3 == 0 and sizes:
        at = sizes[0]
        new = struct.pack("<Q", damage.absurd_unsigned(rng, 64))
        return {"net.pth": data[:at] + new + data[at + 8 :]}
    # The fourth pickle is the tree; three short ones stand before it.
    stream = io.BytesIO(data)
    for _ in range(3):
        pickle.load(stream)
    start = stream.tell()
    length = data.index(b".\x80\x02]", start) + 1 - start
    pickled = hostile.edit_numbers(rng, data[start : start + length], only_large=k % 2 > 0)
    return {"net.pth": data[:start] + pickled + data[start + length :]}


def _foreign(rng: Rng, k: int) -> Files:
    """Files that are no checkpoints of any kind."""
    state = networks.bases()["state dict"]
    return {
        "net.pth": (
            b"",
            b"<!DOCTYPE html><html><title>Sign in</title></html>" * 20,
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
            gzip.compress(state, mtime=0),
            archive_of([("best/net.pth", state)]),
            archive_of([("a.txt", b"a"), ("b/c.txt", b"b")]),
            b"PK\x05\x06" + bytes(18),
            b"PK\x03\x04",
            b"\x89HDF\r\n\x1a\n" + rng.bytes(500),
            b"\x93NUMPY\x01\0v\0" + b"{'descr': '|O'}" + bytes(100),
            b"\x80\x02" + rng.bytes(300),
            rng.bytes(2000),
            b"\xef\xbb\xbf" + state,
            bytes(200_000),
            b"ustar" * 200,
            Holes(state),
            Holes(networks.bases()["state dict, legacy"]),
            Holes(b""),
            json.dumps({"net": {"static_conv.0.weight": [1]}}).encode(),
        )[k % 19]
    }


MUTATIONS: dict[str, Make] = {
    **{how: _damaged(how) for how in damage.ANY},
    "pickle damaged within": _damaged_pickle,
    "calls": _placed(lambda _rng, k: hostile.call(k)),
    "modules named": _placed(hostile.names_module),
    "nested, shared, cyclic": _placed(hostile.nested),
    "absurd numbers beside": lambda rng, k: _beside(hostile.number(rng, k), hostile.KEYS[k % 12]),
    "absurd settings": lambda rng, k: _beside(hostile.settings(rng, k), "network"),
    "odd keys": _bare(hostile.odd_keys),
    "too much of everything": _bare(hostile.many),
    "odd tensors": _odd_tensors,
    "parts of the wrong kind": _odd_trees,
    "other protocols": _protocols,
    "absurd declared sizes": _declared,
    "absurd declared sizes, legacy": _declared_legacy,
    **archives.MUTATIONS,
    "other files": _foreign,
}
