"""The examples run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snnviz.checkpoint import save_checkpoint
from snnviz.data import garments
from snnviz.measurement import measure
from snnviz.network import NetworkConfig, build_network
from tests.lively import lively

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, *arguments, cwd):
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
    ).stdout


def test_figures_from_python(tmp_path):
    out = run("figures_from_python.py", tmp_path / "out", cwd=tmp_path)
    assert "mean firing rate 0." in out
    assert len(list((tmp_path / "out").glob("*.png"))) == 9
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as picture:
            assert picture.width > 100


def test_my_own_picture(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (60, 90, 3)).astype(np.uint8)).save(tmp_path / "me.jpg")
    out = run("my_own_picture.py", "me.jpg", cwd=tmp_path)
    assert out.startswith("60 x 90 pixels")
    with Image.open(tmp_path / "me_encoded.png") as picture:
        assert picture.width > 1000


def test_measure_a_network(tmp_path):
    net = lively(build_network(NetworkConfig(T=2, channels=4), seed=0))
    save_checkpoint(
        {"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth"
    )
    out = run("measure_a_network.py", tmp_path / "net.pth", "out", cwd=tmp_path)
    found = measure(net, garments(200))
    assert out.startswith(
        f"{found.correct} of 200 right, after one step {found.accuracy_at[0]:.3f}"
    )
    assert f"conv.4: {found.firing_rate['conv.4']:.3f} spikes" in out
    label, answer = re.search(r"most often wrong: (.*) taken for (.*)", out).groups()
    wrong = found.confusion - np.diag(found.confusion.diagonal())
    classes = list(found.classes)
    assert wrong[classes.index(label), classes.index(answer)] == wrong.max() > 0
    with Image.open(tmp_path / "out" / "confusion.png") as picture:
        assert picture.width > 1000


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_has_a_test(path):
    assert path.name in Path(__file__).read_text()
