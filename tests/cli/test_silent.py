"""Networks whose output neurons do not fire: measured, and said to be silent."""

import json

import numpy as np
import pytest
import torch

from snnviz.cli import main
from snnviz.data import ImageSet, garments
from snnviz.scoring.predicting import with_predictions
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively


def network():
    return lively(build_network(NetworkConfig(T=3, channels=4), seed=0)).eval()


def silenced(net):
    with torch.no_grad():
        net.fc[3].weight.zero_()
    return net


def save(net, path):
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, path)
    return path


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    return ended.value.code, *capsys.readouterr()


def with_black(images, count):
    """The images, the first few of them black: those that no neuron fires for."""
    pixels = images.images.copy()
    pixels[:count] = 0
    return ImageSet("partly black", pixels, images.labels, images.classes)


def quiet_on_black():
    """A network that answers garments, and nothing where it sees nothing."""
    net = network()
    with torch.no_grad():
        net.static_conv[1].running_mean.zero_()
        net.static_conv[1].bias.zero_()
        net.conv[3].bias.fill_(-0.01)
        net.conv[3].running_mean.zero_()
    return net


def test_images_without_an_output_spike_are_counted():
    images = with_black(garments(12, "test"), 5)
    net = quiet_on_black()
    rates = [net(torch.from_numpy(images.batch([n]))).amax().item() for n in range(12)]
    silent = rates.count(0.0)
    assert silent >= 5
    found = evaluation_report(net, images, batch_size=5)
    assert found.silent == found.as_dict()["silent"] == silent < 12
    assert evaluation_report(silenced(net), images).silent == 12


def test_a_silent_network_is_evaluated_and_said_to_be_silent(tmp_path, capsys):
    ckpt = save(silenced(network()), tmp_path / "net.pth")
    images = garments(20, "test")
    arguments = ["evaluate", "--ckpt", ckpt, "--dataset", "garments", "--n-images", 20]
    status, out, err = run(capsys, *arguments)
    assert status == 0
    (line,) = err.splitlines()
    assert "fires in T = 3 steps for any of the 20 images" in line
    assert "silent   1.0000  20 images" in out
    status, out, err = run(capsys, *arguments, "--json", "-")
    values = json.loads(out)
    assert (values["silent"], len(err.splitlines())) == (20, 1)
    assert values["accuracy"] == np.mean(images.labels == 0)


def test_a_network_that_answers_is_not_called_silent(tmp_path, capsys):
    ckpt = save(network(), tmp_path / "net.pth")
    status, out, err = run(
        capsys, "evaluate", "--ckpt", ckpt, "--dataset", "garments", "--n-images", 20
    )
    assert (status, err) == (0, "")
    silent = evaluation_report(network(), garments(20, "test")).silent
    assert silent < 20
    assert f"silent   {silent / 20:.4f}  {silent} images" in out


def test_predictions_of_silence_are_said_to_be_ties():
    images = garments(6, "test")
    with pytest.warns(UserWarning, match="fires in T = 3 steps for 6 of 6 images: the class 0"):
        found = list(with_predictions(silenced(network()), images.samples(range(6)), batch_size=4))
    assert [sample.predicted for sample in found] == [0] * 6


def test_visualize_says_it_in_one_line(tmp_path, capsys):
    ckpt = save(silenced(network()), tmp_path / "net.pth")
    arguments = ["visualize", "--ckpt", ckpt, "--dataset", "garments", "--n-images", 3]
    status, _, err = run(capsys, *arguments, "--format", "npz", "--out-dir", tmp_path / "o")
    assert status == 0
    assert [line.count("for 3 of 3 images") for line in err.splitlines()] == [1]
