"""Two hundred broken and hostile files of all kinds: none does harm, and whole ones open."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.damage import Holes
from tests.fuzz.inputs import MUTATIONS, make
from tests.fuzz.runner import FAULTS, OPENED, REFUSED
from tests.fuzz.table import MARKERS, PAGE

COUNT = 200


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the command says of each input: it forks, so it has a process of its own."""
    if sys.platform != "linux":
        pytest.skip("limits and counts as Linux has")
    path = tmp_path_factory.mktemp("fuzz") / "said.json"
    command = [sys.executable, "-m", "tests.fuzz", "--count", str(COUNT), "--json", str(path)]
    result = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert path.exists(), result.stderr
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert result.returncode == any(line["verdict"] in FAULTS for line in lines)
    return lines


@pytest.mark.slow
def test_no_file_runs_code_takes_gigabytes_or_ends_in_a_traceback(said):
    assert len(said) == COUNT
    assert [line for line in said if line["verdict"] not in (OPENED, REFUSED)] == []


@pytest.mark.slow
def test_every_mutation_has_its_turn_and_the_command_too(said):
    assert {(line["kind"], line["mutation"]) for line in said} == {
        (kind, mutation) for kind, mutations in MUTATIONS.items() for mutation in mutations
    }
    assert {line["kind"] for line in said if line["by_command"]} == set(MUTATIONS)


@pytest.mark.slow
def test_whole_files_open(said):
    whole = [line for line in said if line["mutation"] == "as made"]
    assert len(whole) > 10
    assert {line["verdict"] for line in whole} == {OPENED}


@pytest.mark.slow
def test_hostile_files_are_refused(said):
    for mutation in ("calls", "gigabytes in zip", "absurd zip64 fields"):
        verdicts = {line["verdict"] for line in said if line["mutation"] == mutation}
        assert verdicts == {REFUSED}, mutation


def _digest(numbers):
    digest = hashlib.sha256()
    for number in numbers:
        made = make(1, number)
        for name, data in sorted(made.files.items()):
            digest.update(name.encode())
            digest.update(data.start if isinstance(data, Holes) else data)
    return digest.hexdigest()


@pytest.mark.slow
def test_a_number_always_gives_the_same_bytes():
    code = "from tests.fuzz.test_fuzz import _digest; print(_digest(range(0, 400, 7)))"
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("5", "6")
    ]
    first, second = (process.communicate()[0] for process in started)
    assert [process.returncode for process in started] == [0, 0]
    assert first == second
    assert make(0, 3).files != make(0, 3 + 20 * len(MUTATIONS["checkpoint"])).files


def test_the_documentation_has_a_table_without_faults():
    rows = PAGE.read_text().split(MARKERS[0])[1].split(MARKERS[1])[0].splitlines()
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows if row.startswith("|")]
    _, _, *rows, total = cells
    assert {(kind, mutation) for kind, mutation, *_ in rows} == {
        (kind, mutation) for kind, mutations in MUTATIONS.items() for mutation in mutations
    }
    numbers = [[int(cell.replace(",", "")) for cell in row[2:]] for row in (*rows, total)]
    assert all(inputs == opened + refused for inputs, opened, refused, _ in numbers)
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    assert numbers[-1][0] >= 1000
    assert numbers[-1][-1] == 0
