"""Maps of where an encoder spikes, on the page."""

import numpy as np

from snnviz.adapters.network import split_encoder
from snnviz.metrics import first_spike_maps, resize_maps, spike_activation_maps
from snnviz.records.spikes import SpikeRecord
from snnviz.report.packing import Block
from snnviz.report.where import where_maps
from snnviz.scoring.explained import map_levels
from tests.report.conftest import Integrating

_READ_MAP = """
const canvas = document.querySelector(`.where canvas[data-map='${arguments[0]}']`);
const cell = Number(canvas.dataset.cell), {width, height} = canvas;
const data = canvas.getContext('2d').getImageData(0, 0, width, height).data, found = [];
for (let y = cell >> 1; y < height; y += cell) for (let x = cell >> 1; x < width; x += cell)
  found.push(data[4 * (y * width + x)]);
return found;
"""


def expected(record):
    maps = {"sam": spike_activation_maps(record).sum(0), "first-spike": first_spike_maps(record)}
    return {name: map_levels(resize_maps(each, (28, 28))) for name, each in maps.items()}


def test_the_maps_of_each_image_are_on_the_page(page, samples):
    encoder = split_encoder(Integrating(1, stride=2))
    page.show(encoder, samples, 6)
    images = np.stack([s.image for s in samples])[:, None] / np.float32(255)
    maps = expected(encoder.encode(images, 6))
    for place in (0, 2):
        page.set(image=place)
        for name, levels in maps.items():
            shown = np.array(page.js(_READ_MAP, name)).reshape(28, 28)
            assert np.ptp(shown) == 255
            np.testing.assert_array_equal(shown, levels[place])
    captions = page.js("return [...document.querySelectorAll('.where figcaption')]"
                       ".map((each) => each.textContent)")  # fmt: skip
    assert captions == ["spike activation map", "early first spikes"]
    assert page.complaints() == []


def test_what_has_no_map_has_none():
    block = Block()
    cells = SpikeRecord.from_first_spike(np.zeros((1, 5, 1, 1), int), 4)
    assert where_maps(cells, (8, 8), block) is None
    one_step = SpikeRecord.from_first_spike(np.zeros((1, 5, 2, 3), int), 1)
    places = where_maps(one_step, (4, 9), block)
    assert list(places) == ["first-spike"]
    assert places["first-spike"][2] == [4, 9]
