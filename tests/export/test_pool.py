"""Worker processes: order, backpressure, errors, and that none is left."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from snnviz.errors import ExportError
from snnviz.export.pool import started, work
from tests.commands import restore_interrupt
from tests.export.tasks import describe, die_at_three, double, refuse_three


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_work_keeps_the_order_and_waits_for_the_slow(jobs):
    taken = []

    def tasks():
        for number in range(40):
            taken.append(number)
            yield number

    for done, result in enumerate(work(double, tasks(), jobs=jobs)):
        assert result == 2 * done
        assert len(taken) - done <= 2 * jobs + 2  # backpressure
    assert len(taken) == 40


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "workers"), [(0, 0), (1, 0), (3, 3), (5, 4)])
def test_no_more_workers_than_tasks(tasks, workers):
    started = set()
    for result in work(double, range(tasks), jobs=4):
        assert result % 2 == 0
        started.update(child.pid for child in multiprocessing.active_children())
    assert len(started) == workers


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_arrays_of_any_size_come_to_the_workers(jobs, rng):
    """Some fit into shared memory, also several of them, and some do not."""
    sizes = [1, 77, 1 << 16, 900_000, (1 << 20) + 1] * 6
    tasks = [
        (
            f"{n}",
            [
                rng.integers(0, 256, size).astype(np.uint8),
                rng.integers(0, 9, (2, 3)),
                rng.random(5),
            ],
        )
        for n, size in enumerate(sizes)
    ]
    assert list(work(describe, iter(tasks), jobs=jobs)) == [describe(task) for task in tasks]


@pytest.mark.slow
def test_a_worker_that_dies_is_one_error():
    with pytest.raises(ExportError, match="worker process died"):
        list(work(die_at_three, range(20), jobs=2))


@pytest.mark.slow
def test_an_error_in_a_worker_is_passed_on():
    with pytest.raises(ExportError, match="three is refused"):
        list(work(refuse_three, range(20), jobs=2))


@pytest.mark.slow
def test_ctrl_c_twice_leaves_no_process_behind():
    """The second one comes while the workers finish the tasks that they are at."""
    code = """
import time
from itertools import repeat
from snnviz.export.pool import started, work
for _ in work(time.sleep, repeat(1), jobs=2):
    print("one is done", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, preexec_fn=restore_interrupt,  # noqa: PLW1509
                               start_new_session=True)  # fmt: skip
    process.stdout.readline()
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    try:
        process.communicate(timeout=120)  # the workers hold the other end of the pipe as well
        assert process.returncode == -signal.SIGINT
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
def test_processes_that_were_started_before_work_more_than_once():
    with started(2, "tests.export.tasks") as workers:
        found = [list(work(double, range(count), jobs=workers)) for count in (11, 0, 1)]
        children = multiprocessing.active_children()
        assert len(children) == 2
        with pytest.raises(ExportError, match="three is refused"):
            list(work(refuse_three, range(20), jobs=workers))
    assert found == [[2 * number for number in range(count)] for count in (11, 0, 1)]
    assert not any(child.is_alive() for child in children)
