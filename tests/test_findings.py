"""What surprises in other libraries: each script is on the page, each protection has a test."""

import ast
import re
from pathlib import Path

import pytest
import torch
from torch import nn

import snnviz
from snnviz.tutorial.runs.events import EventWriter
from tests.lively import lively

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "findings.md").read_text()


def test_every_script_is_on_the_page_and_no_other():
    scripts = {f"findings/{path.name}" for path in (ROOT / "findings").glob("*.sh")}
    assert set(re.findall(r"`(findings/\w+\.sh)`", PAGE)) == scripts
    assert len(scripts) >= 8


def test_every_entry_names_a_test_that_there_is():
    named = re.findall(r"^Test: `(tests/[\w/]+\.py)::(\w+)`", PAGE, re.MULTILINE)
    assert len(named) == PAGE.count("(`findings/")
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        assert name in {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize("network", ["simple_if_reset", "iaf_reset_elsewhere"])
def test_networks_that_the_page_names_are_in_the_corpus(network):
    pytest.importorskip("sinabs", reason="sinabs is not installed: .[frameworks]")
    from tests.adapters.zoo import NETWORKS

    assert network in PAGE
    assert f"/{network}" in " ".join(each.name for each in NETWORKS)


def test_a_delta_leaky_elsewhere_does_not_end_a_run():
    snntorch = pytest.importorskip("snntorch", reason="snntorch is not installed: .[frameworks]")
    leaky = snntorch.Leaky(beta=0.5, init_hidden=True)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), leaky)
    nn.init.constant_(net[1].weight, 1.0)
    delta = snntorch.DeltaLeaky(beta=0.5)
    try:
        with pytest.raises(AttributeError):  # its own reset of that network
            snntorch.utils.reset(net)
        record = snnviz.record(net, torch.ones(2, 1, 2, 2), T=4)["2"]
        assert record.count(3).min() > 0
    finally:
        snntorch.SpikingNeuron.instances.remove(delta)


def test_energy_does_not_grow_with_the_number_of_images():
    net = lively(snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)).eval()
    grey = snnviz.garments(1).images
    one, many = (
        snnviz.energy_report(net, snnviz.ImageSet("one", grey.repeat(count, axis=0)))
        for count in (1, 5)
    )
    assert one.models[1].name == "memory"
    for alone, together in zip(one.models, many.models, strict=True):
        assert together.spiking == pytest.approx(alone.spiking, rel=1e-12)


def test_a_resumed_run_has_a_later_file_of_events(tmp_path):
    for first in (0, 4):
        EventWriter(tmp_path, first).close()
    seconds = [int(path.name.split(".")[3]) for path in sorted(tmp_path.iterdir())]
    assert len(seconds) == 2
    assert seconds[0] < seconds[1]
