"""Examples in docstrings: they run, and say what comes out."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import snnviz

PACKAGE = Path(snnviz.__file__).parent
# Classes that functions return: their examples call those.
CAME_OUT = {
    "Analysis",
    "Attribution",
    "Checkpoint",
    "Encoder",
    "EnergyReport",
    "EpochResult",
    "LayerAlignment",
    "LayerInfo",
    "League",
    "EvaluationReport",
    "Recording",
    "Robustness",
    "Sample",
    "SpikeRecord",
    "Timing",
}
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules():
    """The modules of the package with an example in them that is run."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if re.search(r">>> (?!.*\+SKIP)", path.read_text()):
            yield ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def shown():
    """The public functions and classes, but for the errors."""
    for name in snnviz.__all__:
        value = getattr(snnviz, name)
        if callable(value) and not (isinstance(value, type) and issubclass(value, Exception)):
            yield name


@pytest.mark.parametrize("name", list(shown()))
def test_every_public_function_and_class_has_an_example_that_says_what_comes_out(name):
    doc = getattr(snnviz, name).__doc__
    examples = doctest.DocTestParser().get_examples(doc)
    assert "\n    Example:\n" in doc
    assert any(f"{name}(" in each.source or name in CAME_OUT for each in examples)
    assert any(each.want for each in examples)
    # What has to be downloaded is not run.
    assert any(not each.options for each in examples) or name == "fashion_mnist"


@pytest.mark.parametrize("name", list(modules()))
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = import_module(name.removesuffix(".__init__"))
    names = {**vars(module), "np": np, "snnviz": snnviz}
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=FLAGS)
    said = []
    with mpl.rc_context():
        for example in finder.find(module, module.__name__, globs=names):
            runner.run(example, out=said.append)
    assert runner.summarize(verbose=False).attempted
    assert not runner.failures, "".join(said)
