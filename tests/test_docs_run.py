"""What the documentation shows to run is run, page by page, where its names stand for something."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import snnviz
from tests.commands import process
from tests.lively import lively

pytestmark = pytest.mark.slow  # processes that load torch, one after another

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Those that a reader follows from top to bottom; others show lines to choose from.
FOLLOWED = [
    ROOT / "docs" / f"{name}.md"
    for name in (
        "export",
        "gallery",
        "index",
        "pictures",
        "python",
        "report",
        "start/norse",
        "start/sinabs",
        "start/snntorch",
        "start/spikingjelly",
        "zh/index",
    )
]
# Why some are not run, word for word as in the comment before them: `<!-- not run: WHY -->`.
REASONS = {
    "it is the first of the commands that .ci/run runs",
    "it is the second of the commands that .ci/run runs",
    "it installs snnviz",
    "it takes a GPU",
    "it takes several machines",
    "it takes files that are not in this repository",
    "it takes minutes",
}
NETWORK = """
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn


def network(colors=1):
    return nn.Sequential(
        layer.Conv2d(colors, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4),
        neuron.IFNode(), layer.MaxPool2d(2, 2),
        layer.Conv2d(4, 6, 3, bias=False), layer.BatchNorm2d(6), neuron.IFNode(),
        layer.AdaptiveAvgPool2d(1), layer.Flatten(), layer.Linear(6, 10),
    )


Net = network
"""


def fences(text):
    """What a page shows to run, from top to bottom: kind, code, and why it is not run, or None."""
    for match in re.finditer(r"^```(sh|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        before = text[: match.start()].rstrip("\n").rpartition("\n")[2]
        why = re.fullmatch(r"<!-- not run: (.*) -->", before)
        yield match[1], match[2], why and why[1]


def test_fences_are_found_with_the_comment_that_spares_them():
    text = "a\n\n```sh\none\ntwo\n```\n\n<!-- not run: WHY -->\n```python\nx = 1\n```\n"
    text += "```json\n1\n```\n"
    assert list(fences(text)) == [("sh", "one\ntwo\n", None), ("python", "x = 1\n", "WHY")]


def test_what_is_not_run_has_a_reason_that_counts():
    given = {why for page in PAGES for _, _, why in fences(page.read_text()) if why}
    assert given == REASONS


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder in which the names that the pages use stand for something small."""
    folder = tmp_path_factory.mktemp("world")
    raw = folder / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for split, name, count in (("train", "train", 128), ("test", "t10k", 40)):
        images = snnviz.garments(count, split)
        write_idx(raw / f"{name}-images-idx3-ubyte", images.grey)
        write_idx(raw / f"{name}-labels-idx1-ubyte", images.labels)
    options = ["-epochs", 1, "-channels", 16, "-b", 32, "--opt", "Adam", "--lr", 0.01]
    for seed in (0, 1):
        trained = process("train", *options, "--seed", seed, "--out-dir", f"run{seed}", cwd=folder)
        assert trained.returncode == 0, trained.stderr
    (run,), (other,) = folder.glob("run0/*"), folder.glob("run1/*")
    shutil.copytree(run, folder / "RUN")
    for name, path in {"A": run, "B": other, "net": run, "checkpoint_max": run}.items():
        shutil.copy(path / "checkpoint_max.pth", folder / f"{name}.pth")
    for name in ("my_net.py", "my_network.py", "my_package/models.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(NETWORK)
    scope = {}
    exec(NETWORK, scope)
    torch.manual_seed(0)
    torch.save(lively(scope["network"]()).state_dict(), folder / "weights.pt")
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "cat.jpg")
    Image.fromarray(pixels[..., 0]).save(folder / "cat.png")
    return folder


def run_shell(code, folder):
    """Unless `bash` and all commands in it end well, and without a traceback, the test fails."""
    here = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # What a command does not say of a training is a short one of a small network.
    here |= {"SNNVIZ_TRAIN_EPOCHS": "1", "SNNVIZ_TRAIN_CHANNELS": "16"}
    environment = {k: v for k, v in os.environ.items() if k != "SNNVIZ_DATA_DIR"} | here
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{code}\n{done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_and_the_code_of_a_page_run(page, world, tmp_path, monkeypatch):
    shown = [(kind, code) for kind, code, why in fences(page.read_text()) if why is None]
    assert shown
    shutil.copytree(world, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_net", raising=False)
    images = snnviz.to_input(snnviz.garments(4).images)
    net = snnviz.build_network(snnviz.NetworkConfig(T=4, channels=16), seed=0).eval()
    scope = {"snnviz": snnviz, "images": images, "net": net, "encoder": snnviz.load_encoder()}
    scope["samples"] = list(snnviz.garments(2).samples(range(2)))
    for kind, code in shown:
        named = re.match(r"# (\w+\.py)\n", code)
        if kind == "sh":
            run_shell(code, tmp_path)
        elif named:  # a file that the reader saves
            (tmp_path / named[1]).write_text(code)
        else:
            exec(compile(code, page.name, "exec"), scope)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("README.md", "README.zh.md"),
        ("docs/index.md", "docs/zh/index.md"),
        ("docs/start/spikingjelly.md", "docs/zh/spikingjelly.md"),
    ],
)
def test_both_languages_show_the_same_commands_and_code(english, chinese):
    ours, theirs = (list(fences((ROOT / page).read_text())) for page in (english, chinese))
    assert ours == theirs
