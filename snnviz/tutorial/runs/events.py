"""TensorBoard events: four scalars an epoch as the tutorial logs them, six with held-out images."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from snnviz.files import cannot_write, make_folder
from snnviz.tutorial.runs.tags import TAGS
from snnviz.tutorial.training import EpochResult

# The tutorial's name for the folder of the events.
EVENTS = "fmnist_logs"


class EventWriter:
    """Scalars of a run as TensorBoard events.

    Args:
        folder: Where the files of events go.
        first_epoch: The epoch that comes next; what earlier files say of it and of later epochs is
            marked as void.
    """

    def __init__(self, folder: Path, first_epoch: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow, for runs only

        self._folder = folder
        self._held = ExitStack()
        _await_next_second(folder)
        try:
            named = self._held.enter_context(_in_utf8(folder))
            self._writer = SummaryWriter(named, purge_step=first_epoch)
        except OSError as error:
            self._held.close()
            raise cannot_write(folder, error) from error

    def add(self, result: EpochResult) -> None:
        """Write the scalars of an epoch, through to the file.

        Raises:
            ExportError: It cannot be written.
        """
        try:
            for tag in TAGS:
                if (value := getattr(result, tag)) is not None:
                    self._writer.add_scalar(tag, value, result.epoch)
            self._writer.flush()
        except OSError as error:
            raise cannot_write(self._folder, error) from error

    def close(self) -> None:
        """Close the file; `add` has written everything, so that nothing is lost if it fails."""
        with self._held:
            try:
                self._writer.close()
            except OSError as error:
                raise cannot_write(self._folder, error) from error


@contextmanager
def _in_utf8(folder: Path) -> Iterator[str]:
    """A name of `folder` that TensorBoard can encode, as long as the block runs.

    On Linux a name may be any bytes, and TensorBoard knows UTF-8 only.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        make_folder(folder, argument="folder")
        handle = os.open(folder, os.O_RDONLY)
        try:
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
    else:
        yield str(folder)


def _await_next_second(folder: Path) -> None:
    """Return when a new file of events is the last one of `folder`.

    Their names begin with the second in which they were begun, and TensorBoard takes them in the
    order of their names. Of two files of one second the earlier could void the later.
    """
    seconds = [path.name.split(".")[3] for path in folder.glob("events.out.tfevents.*")]
    latest = max((int(second) for second in seconds if second.isdecimal()), default=0)
    if latest == int(time.time()):
        time.sleep(max(0.0, latest + 1 - time.time()))
