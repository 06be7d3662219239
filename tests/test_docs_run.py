"""What the documentation shows to run is run, page by page, where its names stand for something."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import snnviz
from tests.commands import process, status_of
from tests.lively import lively

pytestmark = pytest.mark.slow  # one command after another

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Why some are not run, word for word as in the comment before them: `<!-- not run: WHY -->`.
REASONS = {
    "it is the first of the commands that .ci/run runs",
    "it is the second of the commands that .ci/run runs",
    "it installs snnviz",
    "it is run by tests/adapters/test_frameworks.py",
    "it takes a GPU",
    "it takes several machines",
    "it takes files that are not in this repository",
    "it takes minutes",
}
# What a command does not say of a training is a short one of a small network; of images, a few.
SMALL = {
    "SNNVIZ_TRAIN_EPOCHS": "1",
    "SNNVIZ_TRAIN_CHANNELS": "16",
    "SNNVIZ_TRAIN_N_IMAGES": "160",
    "SNNVIZ_TRAIN_VAL_SPLIT": "32",
    "SNNVIZ_ANALYZE_FIGURES": "0",
    "SNNVIZ_ANALYZE_N_IMAGES": "20",
    "SNNVIZ_ANALYZE_NETWORK_IMAGES": "2",
    "SNNVIZ_ANALYZE_PROBE_IMAGES": "20",
    "SNNVIZ_ANALYZE_TRAIN_IMAGES": "60",
    "SNNVIZ_ANALYZE_UNTRAINED": "0",
    "SNNVIZ_ATTRIBUTION_N_IMAGES": "8",
    "SNNVIZ_ENERGY_N_IMAGES": "20",
    "SNNVIZ_EVALUATE_N_IMAGES": "40",
    "SNNVIZ_ROBUSTNESS_ATTACK_IMAGES": "2",
    "SNNVIZ_ROBUSTNESS_N_IMAGES": "8",
    "SNNVIZ_TIMING_CKA_IMAGES": "8",
    "SNNVIZ_TIMING_N_IMAGES": "8",
}
NETWORK = """
from collections import OrderedDict

from spikingjelly.activation_based import layer, neuron
from torch import nn


def block(inputs, outputs):
    return nn.Sequential(OrderedDict(
        conv=layer.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        norm=layer.BatchNorm2d(outputs),
        lif=neuron.IFNode(),
    ))


def network(colors=1):
    return nn.Sequential(OrderedDict(
        conv1=block(colors, 4), pool=layer.MaxPool2d(2, 2), conv2=block(4, 6),
        mean=layer.AdaptiveAvgPool2d(1), flat=layer.Flatten(), answer=layer.Linear(6, 10),
    ))


Net = network
"""
# Fences of other kinds show text, or a file that lies elsewhere.
SHOWN = r"text|json|latex|\{literalinclude\}.*|\{eval-rst\}|\{toctree\}"


def fences(text):
    """What a page shows to run, from top to bottom: kind, code, and why it is not run, or None."""
    for match in re.finditer(
        r"^```(sh|python)\b[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        before = text[: match.start()].rstrip("\n").rpartition("\n")[2]
        why = re.fullmatch(r"<!-- not run: (.*) -->", before)
        yield match[1], match[2], why and why[1]


def test_fences_are_found_with_the_comment_that_spares_them():
    text = "a\n\n```sh\none\ntwo\n```\n\n<!-- not run: WHY -->\n```python x=1\nx = 1\n```\n"
    text += "```json\n1\n```\n"
    assert list(fences(text)) == [("sh", "one\ntwo\n", None), ("python", "x = 1\n", "WHY")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_code_in_fences_that_are_found(page):
    text = page.read_text()
    begun = re.findall(r"^ *(?:```|~~~|:::)(.*)$", text, re.MULTILINE)
    others = [kind for kind in begun[::2] if not re.fullmatch(SHOWN, kind)]
    assert begun[1::2] == [""] * (len(begun) // 2)
    assert len(others) == len(list(fences(text))), others


def test_what_is_not_run_has_a_reason_that_counts():
    given = {why for page in PAGES for _, _, why in fences(page.read_text()) if why}
    assert given == REASONS


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_nir(path):
    """A network of one layer of neurons and a second that answers, for three frameworks."""
    nir = pytest.importorskip("nir", reason="nir is not installed: .[frameworks]")
    rng = np.random.default_rng(0)
    nodes = {
        "input": nir.Input({"input": np.array([784])}),
        "hidden": nir.Affine(rng.normal(0, 0.1, (20, 784)).astype("f4"), np.zeros(20, "f4")),
        "fire": nir.IF(np.ones(20, "f4"), np.ones(20, "f4")),
        "output": nir.Output({"output": np.array([20])}),
    }
    nir.write(path, nir.NIRGraph(nodes, [*zip(nodes, [*nodes][1:], strict=False)]))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder in which the names that the pages use stand for something small."""
    folder = tmp_path_factory.mktemp("world")
    raw = folder / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for split, name, count in (("train", "train", 160), ("test", "t10k", 40)):
        images = snnviz.garments(count, split)
        write_idx(raw / f"{name}-images-idx3-ubyte", images.grey)
        write_idx(raw / f"{name}-labels-idx1-ubyte", images.labels)
    options = ["-epochs", 1, "-channels", 16, "-b", 32, "--opt", "Adam", "--lr", 0.01]
    options += ["--data-dir", "data"]
    for seed in (0, 1):
        trained = process("train", *options, "--seed", seed, "--out-dir", f"run{seed}", cwd=folder)
        assert trained.returncode == 0, trained.stderr
    (run,), (other,) = folder.glob("run0/*"), folder.glob("run1/*")
    for place in ("RUN", "logs/RUN", "seeds/1/A", "seeds/2/A", "seeds/3/A"):
        shutil.copytree(run, folder / place)
    for place in ("other/1/B", "other/2/B"):
        shutil.copytree(other, folder / place)
    last = folder / "logs" / "RUN" / "encoders" / "epoch_063.pth"
    shutil.copy(last.with_stem("epoch_000"), last)
    for name, path in {"A": run, "B": other, "C": other, "checkpoint_max": run}.items():
        shutil.copy(path / "checkpoint_max.pth", folder / f"{name}.pth")
    weights = torch.load(run / "checkpoint_max.pth", weights_only=True)["net"]
    torch.save(weights, folder / "net.pth")  # which does not say what its neurons are
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
    for number in range(8):
        path = folder / "pictures" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number : number + 20, :20, 0]).save(path)
    write_nir(folder / "network.nir")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def plain(code, folder):
    """The arguments of each command, where all are snnviz's and nothing but bash is missing."""
    commands = []
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and (words[0] != "snnviz" or re.search(r"[$|;<>&~`]", " ".join(words))):
            return None
        if words:
            commands.append([at for word in words[1:] for at in expanded(word, folder)])
    return commands


def expanded(word, folder):
    """What bash makes of a word with a star."""
    return (
        sorted(str(at.relative_to(folder)) for at in folder.glob(word)) if "*" in word else [word]
    )


def test_plain_commands_are_told_from_those_that_take_a_shell(tmp_path):
    for name in ("a1", "a2"):
        (tmp_path / name).touch()
    assert plain("snnviz x 'a b' \\\n  -n 1  # c\n\nsnnviz y a*\n", tmp_path) == [
        ["x", "a b", "-n", "1"],
        ["y", "a1", "a2"],
    ]
    for code in ("snnviz x | cat", "for s in 1 2; do\n snnviz x\ndone", "python -m snnviz"):
        assert plain(code, tmp_path) is None


def run_shell(code, folder, capsys):
    """Unless all commands end well, and without a traceback, the test fails.

    Those of snnviz alone run in this process, where torch is loaded already.
    """
    commands = plain(code, folder)
    if commands is None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=folder,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr, done.stderr
    for command in commands or []:
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            if "--resume" in command:  # there is something left to do
                patch.setenv("SNNVIZ_TRAIN_EPOCHS", "2")
            status = status_of(*command)
        assert status == 0, f"{command}\n{capsys.readouterr().err[-2000:]}"


@pytest.fixture
def reader(world, tmp_path, monkeypatch):
    """What the code of a page may use, in a folder of its own."""
    shutil.copytree(world, tmp_path, dirs_exist_ok=True, symlinks=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("SNNVIZ_DATA_DIR", raising=False)
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)
    # Probes of 2048 features take most of an analysis, whatever the number of images.
    monkeypatch.setattr("snnviz.metrics.pooling.MAX_FEATURES", 256)
    before = set(sys.modules)
    scope = {"snnviz": snnviz, "encoder": snnviz.load_encoder()}
    exec(NETWORK, scope)
    torch.manual_seed(0)
    scope["net"] = lively(scope["network"]()).eval()
    scope["images"] = snnviz.to_input(snnviz.garments(4).images)
    scope["samples"] = list(snnviz.garments(2).samples(range(2)))
    yield scope
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


# The same code in two languages, which a test holds, is run once.
TWICE = {"README.md": "README.zh.md", "docs/index.md": "docs/zh/index.md"}
TWICE |= {"docs/start/spikingjelly.md": "docs/zh/spikingjelly.md"}
SHOWING = [
    page
    for page in PAGES
    if str(page.relative_to(ROOT)) not in TWICE.values()
    and any(why is None for *_, why in fences(page.read_text()))
]


@pytest.mark.parametrize("page", SHOWING, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_and_the_code_of_a_page_run(page, reader, tmp_path, capsys):
    for kind, code, why in fences(page.read_text()):
        named = re.match(r"# (\w+\.py)\n", code)
        if why is not None:
            continue
        if kind == "sh":
            run_shell(code, tmp_path, capsys)
        elif named:  # a file that the reader saves
            (tmp_path / named[1]).write_text(code)
        else:
            exec(compile(code, page.name, "exec"), reader)


def test_every_chinese_page_has_an_english_one():
    chinese = {str(page.relative_to(ROOT)) for page in PAGES if "zh" in str(page.relative_to(ROOT))}
    assert chinese == set(TWICE.values())


@pytest.mark.parametrize(("english", "chinese"), TWICE.items())
def test_both_languages_show_the_same_commands_and_code(english, chinese):
    ours, theirs = (list(fences((ROOT / page).read_text())) for page in (english, chinese))
    assert ours == theirs
