"""The paragraph for a paper."""

import re

import snnviz
from snnviz.scoring.methods import BIBLIOGRAPHY, bibtex, methods
from tests.scoring.test_energy import counted_elsewhere


def test_entries_are_whole_and_cited_ones_alone_are_given():
    for key, entry in BIBLIOGRAPHY.items():
        assert re.match(rf"@\w+{{{key},\n", entry)
        assert entry.count("{") == entry.count("}")
        assert {"author", "title", "year"} <= set(re.findall(r"^  (\w+) = ", entry, re.MULTILINE))
    report = snnviz.energy_report(*counted_elsewhere())
    assert bibtex(report.models[:1]) == BIBLIOGRAPHY["horowitz2014"]
    assert bibtex(report.models).count("@") == len(BIBLIOGRAPHY)


def test_numbers_are_those_of_the_report():
    net, images = counted_elsewhere()
    report = snnviz.energy_report(net, images)
    text = methods(report, network="run_1/best.pth", images="garments")
    assert "(run\\_1/best.pth, $T = 3$)" in text
    assert f"{sum(each.synops or 0 for each in report.layers):,.0f} synaptic operations" in text
    for model in report.models:
        assert f"({model.ratio:.2f} times as much)" in text
    assert f"{100 * report.rate:.1f}\\,\\%, above the {100 * report.break_even_rate:.1f}" in text
    assert "the encoder and the layer behind it" in methods(
        report, network="x", images="y", encoder=True
    )
