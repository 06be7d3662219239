"""`snnviz report` as a user runs it."""

import json
import re
import shutil
import warnings

import pytest
import torch

import snnviz
from tests.commands import one_line

FEW = ("--dataset", "garments", "--n-images", 2, "-T", 4)


def data_of(path):
    text = re.search(r'id="snnviz-data">(.*?)</script>', path.read_text(encoding="utf-8"))[1]
    return json.loads(text)


def facts_of(path):
    return dict(data_of(path)["facts"])


def test_without_anything_it_shows_the_bundled_encoder(run, tmp_path):
    status, out, err = run("report", *FEW)
    assert (status, err) == (0, "")
    assert re.fullmatch(r"report.html: 2 images, \d+ kB\n", out)
    facts = facts_of(tmp_path / "report.html")
    assert facts["encoder"] == "bundled encoder"
    assert facts["command"] == "snnviz report --dataset garments --n-images 2 -T 4"
    assert facts["accuracy"].startswith("93.33% on test images")
    assert facts["neurons"] == "IFNode of SpikingJelly, threshold 1, reset to 0"
    assert facts["T"] == "4 time steps"
    assert data_of(tmp_path / "report.html")["assumed"] == []


def test_what_is_there_is_left_alone_but_with_overwrite(run, tmp_path):
    (tmp_path / "report.html").write_text("mine")
    status, _, err = run("report", *FEW)
    assert status == 1
    assert one_line(err).endswith("; choose another with --out, or pass --overwrite\n")
    assert (tmp_path / "report.html").read_text() == "mine"
    assert run("report", *FEW, "--overwrite", "-q") == (0, "", "")
    assert data_of(tmp_path / "report.html")["K"] == 128


def test_a_failure_leaves_no_page(run, tmp_path, monkeypatch):
    from snnviz import report

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "render_page", interrupted)
    assert run("report", *FEW)[0] == 130
    assert list(tmp_path.iterdir()) == []


def test_too_many_images_are_refused_in_one_line(run, tmp_path):
    status, _, err = run("report", "--dataset", "garments", "--n-images", 4000, "-T", 4)
    assert status == 1
    assert re.search(r"4,000 images .*; choose fewer, 2,\d+ fit\n", one_line(err))
    assert list(tmp_path.iterdir()) == []


MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def make():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 3, 3), neuron.LIFNode(), nn.Conv2d(3, 2, 3), neuron.IFNode())
"""


@pytest.mark.parametrize(("layer", "kind"), [((), "LIFNode"), (("--layer", "3"), "IFNode")])
def test_layers_of_a_network_of_the_user(run, tmp_path, layer, kind):
    (tmp_path / "net.py").write_text(MODEL)
    status, _, err = run("report", "--model", "net.py:make", *layer, *FEW, "-o", "new/page.html")
    assert status == 0
    assert "the weights are those that net.py:make makes" in err
    data = data_of(tmp_path / "new" / "page.html")
    facts = dict(data["facts"])
    assert facts["neurons"].startswith(f"{kind} of SpikingJelly")
    assert facts["layer"] == (layer[1] if layer else "1")
    assert (
        "pixels enter the network in [0, 1], without mean and standard deviation"
        in (data["assumed"])
    )
    assert data["K"] == (2 if layer else 3)


def test_what_is_assumed_and_warned_of_is_on_the_page(run, tmp_path):
    checkpoint = snnviz.load_checkpoint(snnviz.tutorial.encoder.bundled())
    torch.save(dict(checkpoint.state), tmp_path / "bare.pth")
    status, _, err = run("report", "--ckpt", "bare.pth", *FEW)
    assert status == 0
    assert "does not say which neurons" in err
    assumed = data_of(tmp_path / "report.html")["assumed"]
    assert any("does not say which neurons it was trained with" in each for each in assumed)


def test_a_run_and_another_checkpoint(run, tmp_path):
    train = ("train", "--dataset", "garments", "--n-images", 32, "-epochs", 2, "-T", 2, "-b", 16)
    assert run(*train, "-channels", 4, "-q", "--out-dir", "logs")[0] == 0
    folder = next((tmp_path / "logs").iterdir())
    status, _, err = run(
        "report", "--dataset", "garments", "--n-images", 2, "--run", folder,
        "--compare", folder / "encoders" / "untrained.pth", "--no-predict",
    )  # fmt: skip
    assert (status, err) == (0, "")
    data = data_of(tmp_path / "report.html")
    assert dict(data["facts"])["encoder"] == "checkpoint_max.pth"
    assert [each["name"] for each in data["training"]["epochs"]] == [
        "untrained", "epoch 0", "epoch 1",
    ]  # fmt: skip
    assert {each["name"] for each in data["training"]["curves"]} >= {"test accuracy", "train loss"}
    assert data["compare"]["title"] == "untrained.pth"
    assert sorted(data["compare"]["match"]) == [0, 1, 2, 3]
    # A checkpoint of elsewhere is shown with a word, a copy without; other channels are no epoch of
    # this one.
    shutil.copy(folder / "encoders" / "epoch_000.pth", tmp_path / "copy.pth")
    other = tmp_path / "other.pth"
    content = torch.load(folder / "encoders" / "epoch_000.pth", weights_only=True)
    torch.save({**content, "epoch": 7}, other)
    for ckpt, words in (("copy.pth", []), (other, [f"{other} is no checkpoint of {folder}"])):
        some = (*FEW, "--run", folder, "--ckpt", ckpt, "--overwrite", "--no-predict")
        status, _, err = run("report", *some)
        assert status == 0
        assert [
            line.partition(",")[0].removeprefix("snnviz: ") for line in err.splitlines()
        ] == words
        assumed = data_of(tmp_path / "report.html")["assumed"]
        assert [each.partition(",")[0] for each in assumed if "no checkpoint" in each] == words
    before = (tmp_path / "report.html").read_bytes()
    bundled = snnviz.tutorial.encoder.bundled()
    some = (*FEW, "--run", folder, "--ckpt", bundled, "--overwrite", "-q", "--no-predict")
    status, _, err = run("report", *some)
    assert status == 1
    assert "have 4 x 28 x 28 neurons" in one_line(err)
    assert "128 x 28 x 28" in err
    assert (tmp_path / "report.html").read_bytes() == before
    status, _, err = run("report", *FEW, "--run", tmp_path / "nowhere", "--overwrite")
    assert one_line(err).endswith(
        "does not exist; name a run folder of snnviz train, or give --ckpt\n"
    )
    assert status == 1


def test_one_layer_is_shown(run):
    status, _, err = run("report", *FEW, "--layer", "nowhere")
    assert status == 1
    assert "nowhere" in one_line(err)
    status, _, err = run("report", *FEW, "--layer", "all")
    assert status == 2
    assert "a page shows one layer; name it with --layer" in one_line(err)


def test_options_without_effect_are_named(run, tmp_path):
    from PIL import Image

    Image.new("L", (28, 28), 90).save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        err = run("report", "--image", "a.png", "--n-images", 3, "-T", 2)[2]
    assert err == "snnviz: --n-images has no effect with --image\n"
