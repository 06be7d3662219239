"""The examples run as they stand."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snnviz.data import garments
from snnviz.scoring.importance import channel_importance
from snnviz.scoring.report import evaluation_report
from snnviz.scoring.robustness import robustness
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.layouts import load_checkpoint, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

pytestmark = pytest.mark.slow  # each is a process that loads torch

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


def test_figure_of_several(tmp_path):
    assert run("figure_of_several.py", "page.png", cwd=tmp_path) == "page.png\n"
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (1400, 600)
        # The maps are on the left, the line of the potential on the right.
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    blue = pixels[..., 2] - pixels[..., 0] > 80
    assert not blue[:, :700].any()
    assert blue[:, 700:].sum() > 100


def test_my_own_picture(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (60, 90, 3)).astype(np.uint8)).save(tmp_path / "me.jpg")
    out = run("my_own_picture.py", "me.jpg", cwd=tmp_path)
    assert out.startswith("60 x 90 pixels")
    with Image.open(tmp_path / "me_encoded.png") as picture:
        assert picture.width > 1000


@pytest.mark.parametrize(
    "name",
    ["how_robust", "measure_a_network", "my_own_picture", "what_it_costs", "which_channels_matter"],
)
def test_an_example_that_needs_a_file_says_so(name, tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(f"{name}.py", cwd=tmp_path)
    assert f"python examples/{name}.py " in failed.value.stderr
    assert "Traceback" not in failed.value.stderr


def test_how_robust(tmp_path):
    net = lively(build_network(NetworkConfig(T=2, channels=4), seed=0))
    save_checkpoint(
        {"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth"
    )
    out = run("how_robust.py", tmp_path / "net.pth", "out", cwd=tmp_path)
    found = robustness(net, garments(40), attacked=0)
    assert out.startswith(f"{found.clean.correct} of 40 right, by chance ")
    worst = found.outcome("contrast", 5).paired
    assert f"contrast at its worst: {worst.difference:+.3f}, p = {worst.p:.2g}" in out
    assert f"reversed: {found.outcome('reversed').paired.difference:+.3f} (" in out
    with Image.open(tmp_path / "out" / "robustness.png") as picture:
        assert picture.width > 900


def test_measure_a_network(tmp_path):
    net = lively(build_network(NetworkConfig(T=2, channels=4), seed=0))
    save_checkpoint(
        {"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth"
    )
    out = run("measure_a_network.py", tmp_path / "net.pth", "out", cwd=tmp_path)
    found = evaluation_report(net, garments(200))
    assert out.startswith(
        f"{found.correct} of 200 right, after one step {found.accuracy_at[0]:.3f}"
    )
    assert f"conv.4: {found.firing_rate['conv.4']:.3f} spikes" in out
    label, answer = re.search(r"most often wrong: (.*) predicted as (.*)", out).groups()
    wrong = found.confusion - np.diag(found.confusion.diagonal())
    classes = list(found.classes)
    assert wrong[classes.index(label), classes.index(answer)] == wrong.max() > 0
    with Image.open(tmp_path / "out" / "confusion.png") as picture:
        assert picture.width > 1000


def test_how_active(tmp_path):
    out = run("how_active.py", cwd=tmp_path)
    record = load_encoder().encode(garments(200).batch(range(200)), 8)
    assert out.startswith(f"firing rate {record.count(7).mean() / 8:.3f}, ")
    assert f"first spike at step 0: {(record.first_spike == 0).mean():.1%}" in out


def test_contours_or_areas(tmp_path):
    out = run("contours_or_areas.py", cwd=tmp_path)
    images = garments(200)
    summed = load_encoder().encode(images.batch(range(200)), 8).count(7).sum(axis=1)
    r = np.corrcoef(summed.reshape(-1), images.images.reshape(-1))[0, 1]
    line = next(line for line in out.splitlines() if "spikes and intensity" in line)
    assert line.endswith(f"{r:+.3f} in the end")
    assert sum(map(int, re.findall(r"^ *(\d+) channels follow", out, re.MULTILINE))) == 128


def test_read_back(tmp_path):
    out = run("read_back.py", cwd=tmp_path)
    psnr = [float(value) for value in re.findall(r"read after step \d: (.*) dB", out)]
    floor = float(re.search(r"image alone: (.*) dB", out).group(1))
    assert len(psnr) == 8
    assert psnr[-1] > psnr[0] > floor
    assert float(re.search(r"class found: (.*?)%", out).group(1)) > 60
    with Image.open(tmp_path / "read_back.png") as picture:
        assert picture.width > 500


def test_bits_in_a_spike(tmp_path):
    out = run("bits_in_a_spike.py", cwd=tmp_path)
    bits = [float(value) for value in re.findall(r"entropy (.*) bits", out)]
    told = [float(value) for value in re.findall(r"(\S*) on the pixel's intensity", out)]
    assert len(bits) == len(told) == 2
    assert all(0 < some < whole for some, whole in zip(told, bits, strict=True))


def test_how_redundant(tmp_path):
    out = run("how_redundant.py", cwd=tmp_path)
    dimensions = [float(value) for value in re.findall(r"(\S*) effective", out)]
    assert len(dimensions) == 3
    assert all(1 < value < 20 for value in dimensions)
    assert all(0.2 < float(value) < 1 for value in re.findall(r"CKA .*: (.*)", out))


def test_what_a_class_looks_like(tmp_path):
    out = run("what_a_class_looks_like.py", cwd=tmp_path)
    values = [float(value) for value in re.findall(r"prefers .*: (.*)", out)]
    assert values == sorted(values, reverse=True)
    assert len(values) == 8
    with Image.open(tmp_path / "class_atlas.png") as picture:
        assert picture.width > 500


@pytest.fixture
def ckpt(tmp_path):
    net = lively(build_network(NetworkConfig(T=2, channels=4), seed=0))
    path = tmp_path / "net.pth"
    about = {"network": net.config.as_dict(), "training": {"seed": 0}}
    save_checkpoint({"net": net.state_dict(), **about}, path)
    return path


def test_what_it_costs(ckpt, tmp_path):
    out = run("what_it_costs.py", ckpt, cwd=tmp_path)
    # 4 kernels of 3 x 3 at 28 x 28 places, of which those at the border see two rows or columns.
    macs = 4 * (3 * 28 - 2) ** 2
    assert f"static_conv.0: {macs:,} multiply-accumulates" in out
    assert f"{4.6e-6 * macs:.3g} uJ on pixels" in out


def test_which_channels_matter(ckpt, tmp_path):
    out = run("which_channels_matter.py", ckpt, cwd=tmp_path)
    net = load_checkpoint(ckpt).build_network()
    found = channel_importance(net, garments(100))
    assert out.startswith(f"{found.correct} of 100 right")
    assert f": {found.correct_without.min()}\n" in out
    before = build_network(net.config, seed=0).static_conv[0].weight.detach()
    after = net.static_conv[0].weight.detach()
    moved = float((after - before).norm() / before.norm())
    assert float(re.search(r"moved by (.*) of", out).group(1)) == pytest.approx(moved, abs=6e-4)


def test_analyze_an_encoder(tmp_path):
    out = run("analyze_an_encoder.py", "out", cwd=tmp_path)
    psnr = re.findall(r"read back with (.*) dB", out)
    scores = [
        each["scores"]["psnr"]
        for each in json.loads((tmp_path / "out" / "analysis.json").read_text())["encoders"]
    ]
    assert psnr == [f"{value:.2f}" for value in scores[:2]]
    assert (tmp_path / "out" / "kernels.png").exists()


def test_spikingjelly_zoo(tmp_path):
    out = run("spikingjelly_zoo.py", cwd=tmp_path)
    layers = re.findall(r"^(\S+): IFNode, (.*), mean count (.*) of 4$", out, re.MULTILINE)
    assert len(layers) == 20
    assert layers[0][:2] == ("sn1", "64 x 14 x 14")
    assert all(0 < float(count) < 4 for _, _, count in layers)
    assert "encoder sn1 (IFNode of SpikingJelly): 64 maps, same counts: True" in out


def test_snntorch_network(tmp_path):
    pytest.importorskip("snntorch", reason="snntorch is not installed: .[frameworks]")
    out = run("snntorch_network.py", cwd=tmp_path)
    assert out.startswith("25 steps, ")
    assert re.findall(r"(lif\d): Leaky, (\d+) neurons", out) == [("lif1", "1728"), ("lif2", "10")]
    assert all(0 < float(rate) < 0.5 for rate in re.findall(r"firing rate (.*)", out))
    assert "num_steps is 25; same first steps: True" in out


def test_norse_network(tmp_path):
    pytest.importorskip("norse", reason="norse is not installed: .[frameworks]")
    out = run("norse_network.py", cwd=tmp_path)
    counts = re.findall(r"(\d): LIFCell of Norse, (\d+) neurons, mean count (.*) of 32", out)
    assert [found[:2] for found in counts] == [("2", "36"), ("4", "10")]
    assert all(0 < float(count) < 32 for *_, count in counts)
    assert "2: (20, 36) and 4: (32, 20, 10)" in out
    assert "receptive fields (36, 1, 28, 28)" in out


def test_sinabs_network(tmp_path):
    pytest.importorskip("sinabs", reason="sinabs is not installed: .[frameworks]")
    out = run("sinabs_network.py", cwd=tmp_path)
    first, _ = re.findall(r"up to (\d+) spikes a step, mean count (.*)", out)
    assert int(first[0]) > 1
    assert 0 < float(first[1]) < 8
    # What a neuron that subtracts keeps back is less than a spike.
    assert 0 < float(re.search(r"ReLU differ by (.*) at most", out).group(1)) <= 1


NOTEBOOK = EXAMPLES / "look_into_an_encoder.ipynb"


def shown_by(cell):
    """What a cell shows, by its kind; what it prints as "stdout" or "stderr"."""
    found = {}
    for output in cell.outputs:
        assert output.output_type != "error", output
        if output.output_type == "stream":
            found[output.name] = output.text
        else:
            found |= output.data
    return found


def test_the_notebook_shows_what_it_says(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("anywidget")
    notebook = nbformat.read(NOTEBOOK, 4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [shown_by(cell) for cell in cells]
    assert not [each["stderr"] for each in shown if "stderr" in each]
    for cell, each in zip(cells, shown, strict=True):
        if "_figure(" in cell.source:
            with Image.open(io.BytesIO(base64.b64decode(each["image/png"]))) as picture:
                assert min(picture.size) > 250
                assert np.asarray(picture.convert("L")).std() > 10  # not an empty page
        else:
            assert {"text/html", "stdout"} & set(each), cell.source
    assert "128" in shown[0]["text/html"]
    printed = "".join(each.get("stdout", "") for each in shown)
    assert "drive 0.347, spikes at [2, 5]" in printed  # of a drive of a third: every third step
    assert re.findall(r"^(\d) \((.*)\) mean count", printed, re.MULTILINE) == [
        ("1", "4, 16, 28, 28"),
        ("4", "4, 16, 14, 14"),
    ]
    (scores,) = [each["text/html"] for each in shown if "r with edges" in each.get("text/html", "")]
    assert "latency coding" in scores
    assert "application/vnd.jupyter.widget-view+json" in shown[-1]


def test_the_notebook_is_short_and_stored_without_what_it_shows():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert sum("".join(cell["source"]).count("\n") + 1 for cell in code) < 60


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_is_short(path):
    assert len(path.read_text().splitlines()) < 60


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_has_a_test(path):
    assert path.name in Path(__file__).read_text()
