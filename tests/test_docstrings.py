"""Examples in docstrings: they run, and say what comes out."""

import doctest
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import snnviz

PACKAGE = Path(snnviz.__file__).parent
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules():
    """The modules of the package with an example in them."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in path.read_text():
            yield ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


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
