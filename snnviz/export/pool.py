"""Work in several processes, with backpressure, that ends cleanly whatever happens to any of them.

The workers import neither torch nor SpikingJelly: they get arrays and write files. The arrays lie
in memory that all processes share, because a pipe would copy them three times.
"""

import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar

from snnviz.errors import ExportError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Tasks that wait for each worker: enough that none is ever idle, few enough to bound memory.
_AHEAD = 2
# Shared memory for each task that waits or is worked on. Larger ones go through the pipe: their
# drawing takes so long that it does not matter.
_ROOM = 1 << 20
# Arrays begin at multiples of this, as NumPy's own do.
_ALIGNMENT = 64

# In a worker: the shared memory.
_shared = memoryview(b"")


class Workers(NamedTuple):
    """Processes that were started ahead of their work.

    Attributes:
        jobs: How many.
        memory: What they share: a room for each task that is there at once.
        pool: What hands them tasks.
    """

    jobs: int
    memory: memoryview
    pool: ProcessPoolExecutor

    @property
    def rooms(self) -> int:
        """Tasks that are there at once."""
        return len(self.memory) // _ROOM


@contextmanager
def started(jobs: int, module: str | None = None) -> Iterator[Workers]:
    """So many processes, which start now and end with the block.

    Args:
        jobs: How many.
        module: What each of them imports meanwhile.
    """
    if sys.platform == "win32":
        jobs = min(jobs, 61)  # it can wait for so many at once
    # Memory without a name, which is gone with the last process that has it.
    memory = multiprocessing.RawArray("B", (_AHEAD * jobs + 1) * _ROOM)
    with _pool(jobs, memory, module) as pool:
        yield Workers(jobs, memoryview(memory).cast("B"), pool)


def work(
    do: Callable[[Task], Result], tasks: Iterable[Task], *, jobs: int | Workers
) -> Iterator[Result]:
    """What `do` makes of each of `tasks`, in their order.

    Args:
        do: A function of a module, so that other processes can import it. Arrays in its task are
            read-only, and gone when it returns.
        tasks: Taken one by one, no faster than they are worked off.
        jobs: Number of worker processes, fewer where there are fewer tasks; 1 works in this one.
            Or processes that were started before.

    Raises:
        ExportError: A worker died. Errors of `do` are passed on.
    """
    if isinstance(jobs, Workers):
        yield from _shared_out(do, tasks, jobs)
        return
    if jobs > 1:
        # A worker takes a second to start, which is in vain where it gets nothing to do.
        remaining = iter(tasks)
        first = list(islice(remaining, jobs))
        jobs, tasks = len(first), chain(first, remaining)
    if jobs <= 1:
        yield from map(do, tasks)
        return
    with started(jobs) as workers:
        yield from _shared_out(do, tasks, workers)


def _shared_out(
    do: Callable[[Task], Result], tasks: Iterable[Task], workers: Workers
) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    try:
        for number, task in enumerate(tasks):
            # As many tasks wait as there are rooms but one, so that this one's is free again.
            start = number % workers.rooms * _ROOM
            packed, parts = _pack(task, workers.memory, start)
            waiting.append(workers.pool.submit(_unpack_and_do, do, packed, parts))
            if len(waiting) == workers.rooms:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise ExportError(
            "a worker process died (out of memory, killed, or begun by a script without "
            "`if __name__ == '__main__':`); what is written is whole",
            "go on with `resume=True`",
        ) from error


def _pack(task: object, shared: memoryview, start: int) -> tuple[bytes, list[slice]]:
    """`task` without its arrays, and where in `shared` they are now: from `start` on."""
    buffers: list[pickle.PickleBuffer] = []
    packed = pickle.dumps(task, protocol=5, buffer_callback=buffers.append)
    parts = []
    position = start
    for array in (buffer.raw() for buffer in buffers):
        part = slice(position, position + array.nbytes)
        if part.stop > start + _ROOM:
            return pickle.dumps(task, protocol=5), []
        shared[part] = array
        parts.append(part)
        position = -(-part.stop // _ALIGNMENT) * _ALIGNMENT
    return packed, parts


def _unpack_and_do(do: Callable[[Task], Result], packed: bytes, parts: list[slice]) -> Result:
    """What `do` makes of a task from `_pack`. Runs in a worker."""
    arrays = [_shared[part].toreadonly() for part in parts]
    return do(pickle.loads(packed, buffers=arrays))  # noqa: S301 - it comes from `_pack`


@contextmanager
def _pool(jobs: int, memory: Any, module: str | None) -> Iterator[ProcessPoolExecutor]:
    # Spawned, not forked: a fork would copy torch's threads' locks without the threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_begin_worker, initargs=(memory, module)
    )
    try:
        with _ignored_interrupt():
            # Processes start when they are first needed: here, so that they inherit the signal's
            # setting, and Ctrl-C is this process's to handle alone.
            for _ in range(jobs):
                pool.submit(os.getpid)
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


def _begin_worker(memory: Any, module: str | None) -> None:
    global _shared  # noqa: PLW0603 - a worker is told once, and tasks come as arguments
    # Inherited, except on Windows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared = memoryview(memory).cast("B")
    # Said by the process that the user sees.
    warnings.filterwarnings("ignore", message="no font here has")
    _end_with_parent()
    if module is not None:
        importlib.import_module(module)


def _end_with_parent() -> None:
    """Make this worker end when its parent is gone, which a killed parent cannot ask for."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
