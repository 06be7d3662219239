"""Workers, threads and processes: order, backpressure, errors, and that none is left."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from snnviz.errors import ExportError
from snnviz.export.pool import work
from tests.commands import restore_interrupt
from tests.export.tasks import describe, die_at_three, double, refuse_three


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "threads"), [(1, False), (2, False), (2, True)])
def test_work_keeps_the_order_and_waits_for_the_slow(jobs, threads):
    taken = []

    def tasks():
        for number in range(40):
            taken.append(number)
            yield number

    for done, result in enumerate(work(double, tasks(), jobs=jobs, threads=threads)):
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
def test_arrays_come_to_the_workers(jobs, rng):
    tasks = [(f"{n}", [rng.integers(0, 256, 77 << n), rng.random((2, n + 1))]) for n in range(9)]
    assert list(work(describe, iter(tasks), jobs=jobs)) == [describe(task) for task in tasks]


def test_threads_are_of_this_process_work_at_once_and_end():
    both = threading.Barrier(2)
    before = threading.active_count()

    def meet(number):
        both.wait(timeout=60)  # which one alone would wait for in vain
        return number, os.getpid()

    assert list(work(meet, range(6), jobs=2, threads=True)) == [(n, os.getpid()) for n in range(6)]
    assert threading.active_count() == before


def test_an_error_in_a_thread_is_passed_on_and_no_more_is_begun():
    begun = []

    def refuse(number):
        begun.append(number)
        return refuse_three(number)

    with pytest.raises(ExportError, match="three is refused"):
        list(work(refuse, range(1000), jobs=2, threads=True))
    assert len(begun) <= 3 + 2 * 2 + 2


@pytest.mark.slow
def test_a_worker_that_dies_is_one_error():
    with pytest.raises(ExportError, match="worker process died"):
        list(work(die_at_three, range(20), jobs=2))


@pytest.mark.slow
def test_an_error_in_a_worker_is_passed_on():
    with pytest.raises(ExportError, match="three is refused"):
        list(work(refuse_three, range(20), jobs=2))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [False, True])
def test_ctrl_c_twice_leaves_no_worker_behind(threads):
    """The second one comes while the workers finish the tasks that they are at."""
    code = """
import time
from itertools import repeat
from snnviz.export.pool import work
for _ in work(time.sleep, repeat(1), jobs=2):
    print("one is done", flush=True)
"""
    code = code.replace("THREADS", str(threads))
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
