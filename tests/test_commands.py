"""What the tests take for a traceback of ours, wherever the checkout lies."""

import subprocess
import sys

import pytest

from tests.commands import frames_of_ours, one_line_of_ranks


def test_a_traceback_of_ours_is_told_from_others():
    code = "from snnviz.data import garments; garments(-1)"
    ours = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    ).stderr
    assert frames_of_ours(ours), ours
    theirs = subprocess.run(
        [sys.executable, "-c", "import json; json.loads('')"],
        capture_output=True, text=True, check=False,
    ).stderr  # fmt: skip
    theirs += '  File "/home/me/snnviz/.venv/lib/python3.11/site-packages/torch/run.py", line 7\n'
    assert "Traceback" in theirs
    assert frames_of_ours(theirs) == []
    line = "snnviz: /home/me/snnviz/out: is in use\n"
    assert one_line_of_ranks(theirs + line) == line[:-1]
    for wrong in (ours + line, theirs, 2 * line):
        with pytest.raises(AssertionError):
            one_line_of_ranks(wrong)
