"""What a network takes images for, found while something else is done with them."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from snnviz.batching import batches
from snnviz.data import Sample
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.predicting import Answers

# Images a pass, where the network's spikes are not counted.
_BATCH = 128


class PredictedBeside:
    """Samples with what a network takes each for, which a thread finds from now on.

    What is compiled runs beside Python, so that one processor predicts while another draws. Called,
    it waits and returns all samples, see `snnviz.scoring.predicting.with_predictions`.

    Args:
        net: A whole network, which nobody else uses before the answers are there.
        samples: Images of the size that the network takes.
        threads: How many of them. As many as draw meanwhile: who is done first leaves them the
            processors.
    """

    def __init__(self, net: Classifier, samples: Sequence[Sample], *, threads: int = 1) -> None:
        self._samples = samples
        self._found: list[int] = []
        self._failures: list[BaseException] = []
        self._said: list[Answers] = []
        self._is_needed = True
        # A daemon, since who is interrupted twice does not wait for answers.
        self._thread = threading.Thread(target=self._look, args=(net, threads), daemon=True)
        self._thread.start()

    def __call__(self) -> list[Sample]:
        """All samples, each with its predicted class.

        Raises:
            ShapeError: An image is of another size or number of channels.
        """
        self._thread.join()
        for error in self._failures:
            raise error
        for answers in self._said:
            answers.warn()
        return [
            replace(sample, predicted=predicted)
            for sample, predicted in zip(self._samples, self._found, strict=True)
        ]

    def stop(self) -> None:
        """End the thread, which takes up to a second, where nobody needs the answers any more."""
        self._is_needed = False
        self._thread.join()

    def _look(self, net: Classifier, threads: int) -> None:
        try:
            answers = Answers(net, len(self._samples), threads=threads)
            self._said.append(answers)
            for some in batches(len(self._samples), max(_BATCH, answers.batch)):
                if not self._is_needed:
                    return
                self._found.extend(answers.of(self._samples[some]))
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            self._failures.append(error)
