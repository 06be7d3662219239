"""Images in the forms that networks take: which number lands where."""

import pytest
import torch

from snnviz.adapters.feeding import Source, by_step, in_axes
from snnviz.errors import ShapeError

STILL = torch.arange(3.0 * 2 * 5).reshape(3, 2, 5)  # [N, ...]
SEQUENCE = torch.arange(4.0 * 3 * 2 * 5).reshape(4, 3, 2, 5)  # [T, N, ...]


def test_images_are_counted_and_taken_on_their_axis():
    assert len(Source(STILL)) == 3
    assert len(Source(SEQUENCE, sequence=True)) == 3
    assert torch.equal(Source(STILL).take([2, 0, 2]).values, STILL[[2, 0, 2]])
    taken = Source(SEQUENCE, sequence=True).take([2, 0])
    assert taken.sequence
    assert torch.equal(taken.values, SEQUENCE[:, [2, 0]])


def test_a_flat_image_is_one_row():
    assert torch.equal(Source(STILL).flat().values, STILL.reshape(3, 10))
    flat = Source(SEQUENCE, sequence=True).flat()
    assert torch.equal(flat.values, SEQUENCE.reshape(4, 3, 10))
    assert flat.sequence


def test_each_step_sees_a_copy_of_its_own():
    still, sequence = Source(STILL.clone()), Source(SEQUENCE.clone(), sequence=True)
    assert torch.equal(still.step(3), STILL)
    assert torch.equal(sequence.step(3), SEQUENCE[3])
    for source in (still, sequence):
        source.step(1).zero_()  # as neurons do that write into their input
        source.all_steps(4, "time first").zero_()
    assert torch.equal(still.values, STILL)
    assert torch.equal(sequence.values, SEQUENCE)


@pytest.mark.parametrize("values", [STILL, SEQUENCE])
def test_all_steps_lie_as_they_are_asked_for(values):
    sequence = values is SEQUENCE
    source = Source(values, sequence)
    want = SEQUENCE[:3] if sequence else torch.stack([STILL] * 3)
    first, second, together = (
        source.all_steps(3, feed) for feed in ("time first", "images first", "together")
    )
    assert torch.equal(first, want)
    assert second.shape == (3, 3, 2, 5)
    for n in range(3):
        for t in range(3):
            assert torch.equal(second[n, t], want[t, n])
            assert torch.equal(together[3 * n + t], want[t, n])  # an image's steps side by side


def test_memory_layout_of_images_does_not_reach_the_network():
    odd = torch.rand(3, 4, 5, 6).to(memory_format=torch.channels_last)
    assert Source(odd).step(0).is_contiguous()
    assert Source(odd).all_steps(2, "together").is_contiguous()


def test_a_sequence_that_is_too_short_is_refused():
    source = Source(SEQUENCE, sequence=True)
    for feed in ("time first", "images first", "together"):
        with pytest.raises(ShapeError, match="has 4 steps, T is 5; ask for fewer"):
            source.all_steps(5, feed)


@pytest.mark.parametrize("axes", ["time first", "images first", "together"])
def test_what_layers_take_and_emit_comes_back_by_step(axes):
    given = in_axes(SEQUENCE, axes)
    assert torch.equal(by_step(given, axes, images=3), SEQUENCE)
    if axes == "images first":
        assert torch.equal(given[2, 1], SEQUENCE[1, 2])
    if axes == "together":
        assert torch.equal(given[2 * 4 + 1], SEQUENCE[1, 2])


def test_one_step_is_one_step():
    assert torch.equal(by_step(STILL, "step", images=3), STILL.unsqueeze(0))
    assert torch.equal(in_axes(STILL.unsqueeze(0), "step"), STILL)


def test_a_layer_that_takes_one_number_of_steps_tells_how_many_images_there_are():
    rows = torch.arange(12.0).reshape(12, 1)
    # Told of two images, but each takes four steps: there are three.
    found = by_step(rows, "together", images=2, steps=4)
    assert found.shape == (4, 3, 1)
    assert found[:, 1, 0].tolist() == [4, 5, 6, 7]
