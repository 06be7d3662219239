"""Work in several threads or processes, with backpressure, that ends cleanly whatever happens.

Processes import neither torch nor SpikingJelly: they get arrays and write files.
"""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

from snnviz.errors import ExportError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Tasks that wait for each worker: enough that none is ever idle, few enough to bound memory.
_AHEAD = 2


def work(
    do: Callable[[Task], Result], tasks: Iterable[Task], *, jobs: int, threads: bool = False
) -> Iterator[Result]:
    """What `do` makes of each of `tasks`, in their order.

    Args:
        do: A function; for processes one of a module, so that they can import it.
        tasks: Taken one by one, no faster than they are worked off.
        jobs: Number of workers, fewer where there are fewer tasks; 1 works in this one.
        threads: Workers are threads of this process, for what runs beside Python most of its time.

    Raises:
        ExportError: A process died. Errors of `do` are passed on.
    """
    if jobs > 1:
        # A process takes a second to start, which is in vain where it gets nothing to do.
        remaining = iter(tasks)
        first = list(islice(remaining, jobs))
        jobs, tasks = len(first), chain(first, remaining)
    if jobs <= 1:
        yield from map(do, tasks)
        return
    with _ending(_threads(jobs) if threads else _processes(jobs)) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(do, task))
                if len(waiting) > _AHEAD * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise ExportError(
                "a worker process died (out of memory, killed, or begun by a script without "
                "`if __name__ == '__main__':`); what is written is whole",
                "go on with `resume=True`",
            ) from error


def _threads(jobs: int) -> Executor:
    return ThreadPoolExecutor(jobs)


def _processes(jobs: int) -> Executor:
    if sys.platform == "win32":
        jobs = min(jobs, 61)  # it can wait for so many at once
    # Spawned, not forked: a fork would copy torch's threads' locks without the threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker)
    with _ignored_interrupt():
        # Processes start when they are first needed: here, so that they inherit the signal's
        # setting, and Ctrl-C is this process's to handle alone.
        for _ in range(jobs):
            pool.submit(os.getpid)
    return pool


@contextmanager
def _ending(pool: Executor) -> Iterator[Executor]:
    """The pool, whose workers have ended after the block."""
    try:
        yield pool
    finally:
        # A second Ctrl-C in here would leave the workers waiting for tasks, and this process for
        # the workers. What they are at takes no longer than a task.
        with _ignored_interrupt():
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _ignored_interrupt() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin_worker() -> None:
    # Inherited, except on Windows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Said by the process that the user sees.
    warnings.filterwarnings("ignore", message="no font here has")
    _end_with_parent()


def _end_with_parent() -> None:
    """Make this worker end when its parent is gone, which a killed parent cannot ask for."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
