"""Work in several processes, with backpressure, that ends cleanly whatever happens to any of them.

The workers import neither torch nor SpikingJelly: they get arrays and write files.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from snnviz.errors import ExportError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Tasks that wait for each worker: enough that none is ever idle, few enough to bound memory.
_AHEAD = 2


def work(do: Callable[[Task], Result], tasks: Iterable[Task], *, jobs: int) -> Iterator[Result]:
    """What `do` makes of each of `tasks`, in their order.

    Args:
        do: A function of a module, so that other processes can import it.
        tasks: Taken one by one, no faster than they are worked off.
        jobs: Number of worker processes; 1 works in this one.

    Raises:
        ExportError: A worker died. Errors of `do` are passed on.
    """
    if jobs == 1:
        yield from map(do, tasks)
        return
    waiting: deque[Future[Result]] = deque()
    with _pool(jobs) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(do, task))
                if len(waiting) > _AHEAD * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise ExportError(
                "a worker process died (out of memory, or killed); what is written is whole, "
                "go on with --resume"
            ) from error


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Spawned, not forked: a fork would copy torch's threads' locks without the threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent)
    try:
        with _ignored_interrupt():
            # Processes start when they are first needed: here, so that they inherit the signal's
            # setting, and Ctrl-C is this process's to handle alone.
            for _ in range(jobs):
                pool.submit(os.getpid)
        yield pool
    finally:
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


def _end_with_parent() -> None:
    """Make this worker end when its parent is gone, which a killed parent cannot ask for."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
