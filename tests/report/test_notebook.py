"""The page in notebooks."""

import base64
import io
import json
import warnings

import numpy as np
import pytest
from PIL import Image

from snnviz.errors import ConfigError, ShapeError
from snnviz.report import embedded, report_data, widget
from snnviz.report.notebook import as_samples
from snnviz.report.page import asset, module
from tests.report.test_explorer import drawn


def test_floats_become_the_bytes_that_they_are(samples):
    images = np.stack([sample.image for sample in samples])[:, np.newaxis] / np.float32(255)
    for made, sample in zip(as_samples(images), samples, strict=True):
        np.testing.assert_array_equal(made.image, sample.image)
    colours = np.repeat(images, 3, axis=1)
    assert as_samples(colours)[1].channels.shape == (3, 28, 28)
    with pytest.raises(ShapeError, match=r"in \[0, 1\], got 0 to 255"):
        as_samples(images * 255)
    with pytest.raises(ShapeError, match="1 or 3 channels"):
        as_samples(images[0])


def test_the_widget_holds_what_the_page_holds(chain, samples):
    pytest.importorskip("anywidget")
    made = widget(chain, samples, 8)
    data, block = report_data(chain, samples, 8)
    assert json.loads(json.dumps(made.data)) == json.loads(json.dumps(data))
    assert made.block == block.compressed()
    assert "render" in made._esm


def test_an_encoder_gives_its_own_widget(chain, samples):
    pytest.importorskip("anywidget")
    own, expected = chain.widget(samples, 4), widget(chain, samples, 4)
    assert own.data == expected.data
    assert own.block == expected.block


def test_without_anywidget_the_remedy_is_said(chain, samples, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ConfigError, match=r'pip install "snnviz\[widget\]"'):
        widget(chain, samples, 8)


def test_a_frame_of_a_notebook_shows_the_page(page, chain, samples):
    data, block = report_data(chain, samples, 8)
    path = page._folder / "frame.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{embedded(data, block)}")
    page.driver.get("about:blank")
    page.complaints()
    page.driver.get(path.as_uri())
    page.driver.switch_to.frame(page.find("iframe"))
    page.wait("return document.querySelector('#snnviz')?.snnviz !== undefined")
    record = chain.encode(samples[0].image[np.newaxis, np.newaxis] / np.float32(255), 8)
    page.set(t=3)
    np.testing.assert_array_equal(page.grid(6, 28, 28), drawn(record.count(3)[0], 3, 8))
    page.set(channel=4, y=3)
    page.js("return new Promise((done) => setTimeout(done, 300))")
    assert page.complaints() == []
    page.driver.switch_to.default_content()


HOST = """<!doctype html><meta charset=utf-8><style>CSS</style>
<img class=snnviz-still><div id=out></div>
<script type=module>MODULE
const bytes = Uint8Array.from(atob("BLOCK"), (c) => c.charCodeAt(0));
const values = {data: DATA, block: new DataView(bytes.buffer), picture: "still"};
for (const n of [0, 1]) {
  const el = document.createElement('div');
  document.querySelector('#out').append(el);
  window.end = await render({model: {get: (name) => values[name]}, el});
}
window.ready = true;
</script>"""


def test_a_frame_is_shown_without_a_warning(chain, samples):
    display = pytest.importorskip("IPython.display")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display.HTML(embedded(*report_data(chain, samples, 8)))


def test_render_draws_into_an_element_and_takes_it_away(page, chain, samples):
    """As anywidget calls it, twice in one document."""
    data, block = report_data(chain, samples, 8)
    html = HOST.replace("CSS", asset("page.css")).replace("DATA", json.dumps(data))
    html = html.replace("BLOCK", base64.b64encode(block.compressed()).decode())
    path = page._folder / "host.html"
    path.write_text(html.replace("MODULE", module()), encoding="utf-8")
    page.driver.get("about:blank")
    page.complaints()
    page.driver.get(path.as_uri())
    page.wait("return window.ready === true")
    still = "getComputedStyle(document.querySelector('.snnviz-still'))"
    assert page.js(f"return {still}.display") == "none"
    page.js("document.querySelectorAll('.snnviz')[1].snnviz.set({t: 2, channel: 5})")
    first, second = page.js(
        "return [...document.querySelectorAll('.snnviz')].map((e) => e.snnviz.state.t)"
    )
    assert (first, second) == (7, 2)
    assert page.js("return location.hash") == ""
    record = chain.encode(samples[0].image[np.newaxis, np.newaxis] / np.float32(255), 8)
    shown = page.grid(6, 28, 28, "#out > div:last-child .maps-canvas")
    np.testing.assert_array_equal(shown, drawn(record.count(2)[0], 2, 8))
    # In a narrow cell nothing lies over the rest of the notebook.
    page.js("document.querySelector('#out > div:last-child').style.width = '600px'")
    page.wait("return document.querySelectorAll('.snnviz')[1].classList.contains('narrow')")
    for name in (".time", ".tabs"):
        kind = "return getComputedStyle(document.querySelectorAll('.snnviz')[1].querySelector"
        assert page.js(f"{kind}('{name}')).position") == "sticky"
    page.js("window.end()")
    assert page.js("return document.querySelectorAll('.snnviz').length") == 1
    assert page.complaints() == []


@pytest.mark.slow
def test_the_widget_lives_in_a_real_kernel(tmp_path):
    pytest.importorskip("anywidget")
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    cells = [
        (
            "import snnviz\nfrom snnviz.report import widget\n"
            "w = widget(snnviz.load_encoder(), list(snnviz.garments(2).samples(range(2))), T=4)\nw"
        ),
        "print(w.data['K'], w.data['T'], len(w.block) > 1000, w.comm is not None)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    # Two outputs: a converted notebook shows of the second what the widgets' scripts make of it,
    # which without a network is nothing.
    still, shown = (output["data"] for output in notebook.cells[0].outputs)
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert set(still) == {"image/png", "text/html", "text/plain"}
    picture = Image.open(io.BytesIO(base64.b64decode(still["image/png"])))
    assert picture.size[0] > 400  # for where no kernel runs
    assert notebook.cells[1].outputs[0]["text"] == "128 4 True True\n"
    # What the front end was sent is whole.
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    state = next(each for each in states.values() if "anywidget" in str(each))
    assert state["state"]["data"]["K"] == 128
    assert state["buffers"][0]["path"] == ["block"]
    assert f'class="snnviz-{state["state"]["picture"]}"' in still["text/html"]


def test_the_module_is_one_that_exports_render():
    assert module().rstrip().endswith("export default { render };")
    assert not [line for line in module().splitlines() if line.startswith("import ")]
    assert b"\r" not in asset("page.css").encode()
    assert issubclass(ConfigError, ValueError)
