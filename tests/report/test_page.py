"""The page around the maps: its table, its address, its themes, its safety."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import Sample
from snnviz.report import About, render_page, report_data
from tests.report.conftest import Integrating, shape

HOSTILE = "</script><img src=x onerror='document.title=1'><script>document.title=2</script>"


def channels(page):
    return page.js(
        "return [...document.querySelectorAll('.table tbody tr')].map(r => +r.dataset.channel)"
    )


def test_the_table_is_sorted_by_any_column(page, chain, samples):
    page.show(chain, samples, 8)
    assert channels(page) == [0, 1, 2, 3, 4, 5]
    images = np.stack([sample.image for sample in samples])[:, np.newaxis] / np.float32(255)
    rates = chain.encode(images, 8).count(7).mean((0, 2, 3))
    page.driver.find_element("xpath", "//thead//button[.='Rate, 3 images']").click()
    assert channels(page) == np.argsort(-rates, kind="stable").tolist()
    assert page.find("[aria-sort='descending']").text.startswith("Rate, 3 images")
    page.driver.find_element("xpath", "//thead//button[.='Rate, 3 images']").click()
    assert channels(page) == np.argsort(rates, kind="stable").tolist()
    # The rate of the image that is shown follows it.
    page.driver.find_element("xpath", "//thead//button[.='Rate, this image']").click()
    for place in (2, 1):
        page.set(image=place)
        here = chain.encode(images[place : place + 1], 8).count(7).mean((0, 2, 3))
        assert channels(page) == np.argsort(-here, kind="stable").tolist()
        shown = page.text(f".table tr[data-channel='{channels(page)[1]}'] td:nth-child(4) span")
        assert shown == f"{sorted(here / 8)[-2]:.1%}".replace("%", " %")


def test_the_table_is_filtered_and_the_grid_follows(page, chain, samples):
    page.show(chain, samples, 8)
    page.keys("input[type=search]", "0, 2-4")
    assert channels(page) == [0, 2, 3, 4]
    page.find("input[type=search]").clear()
    page.keys("input[type=search]", "silent")
    assert channels(page) == [0]
    assert "1 of 6" in page.text(".channels")
    page.keys("input[type=search]", "ent 3")
    assert channels(page) == []
    page.set(filter="1-5", sort="channel", down=True)
    page.button("as this table").click()
    tiles = page.js("return [...document.querySelectorAll('.tile')].map(t => +t.dataset.channel)")
    assert tiles == [5, 4, 3, 2, 1]
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    counts = chain.encode(images, 8).count(7)[0]
    page.set(scale="shared")
    drawn = page.grid(5, 28, 28)
    np.testing.assert_array_equal(drawn[0, ..., 0], (255 * (counts[5] / 8)).round())
    page.set(channel=0)
    page.find(".table tr[data-channel='3']").click()
    assert page.state("channel") == 3


def test_the_table_is_one_stop_of_the_tab_key(page, chain, samples):
    from selenium.webdriver.common.keys import Keys

    page.show(chain, samples, 8)
    stops = "return [...document.querySelectorAll('.channels tr button')].filter(b => !b.tabIndex)"
    rows = f"{stops}.map(b => b.textContent).filter(t => /^\\d+$/.test(t))"
    page.set(channel=3, sort="rate", down=True)
    assert page.js(rows) == ["3"]
    order = page.js(
        "return [...document.querySelectorAll('tbody tr')].map(r => +r.dataset.channel)"
    )
    page.keys("tbody tr.chosen button", Keys.HOME, Keys.ARROW_DOWN)
    assert page.state("channel") == order[1]
    assert page.js("return document.activeElement.textContent") == str(order[1])
    assert page.js(rows) == [str(order[1])]
    page.set(filter="0-1", channel=4)
    assert len(page.js(rows)) == 1


def test_the_time_stays_in_sight_while_maps_are_scrolled(page, chain, samples):
    shape(page, 1280, 500)
    page.show(chain, samples, 8)
    page.js("scrollTo(0, 300)")
    box = page.js("const b = document.querySelector('.time').getBoundingClientRect();"
                  "return [b.top, b.bottom, scrollY]")  # fmt: skip
    assert box[2] > 150
    assert 0 <= box[0] < box[1] <= 120


def test_the_address_brings_a_view_back(page, chain, samples):
    page.show(chain, samples, 8)
    page.set(image=2, t=5, channel=4, y=9, x=20, mode="step", sort="rate", down=True, filter="1-4")
    page.find(".neuron .row").find_element("xpath", ".//button[.='Pin']").click()
    page.wait("return location.hash.includes('pin=')")
    address = page.js("return location.href")
    assert "#image=2&t=5&channel=4" in address
    page.driver.get("about:blank")
    page.driver.get(address)
    page.wait("return document.querySelector('#snnviz').snnviz !== undefined")
    names = ("image", "t", "channel", "y", "x", "mode", "sort", "down", "filter", "pins")
    assert page.state(*names) == [2, 5, 4, 9, 20, "step", "rate", True, "1-4", ["2.4.9.20"]]
    assert page.text(".neuron h2") == "Channel 4"
    # An address that is edited by hand takes effect at once.
    page.js("location.hash = '#image=0&t=1&channel=2'")
    page.wait("return document.querySelector('#snnviz').snnviz.state.channel === 2")
    assert page.state("image", "t") == [0, 1]


@pytest.mark.parametrize(
    "fragment",
    ["#image=99&t=-1&channel=1e3&y=x", "#%E0%A4%A", "#mode=evil&sort=__proto__&pin=9.9.9.9,a.b",
     "#channel=999999999999&view=training&down=perhaps", "#image=own", "#image=own&own=AAAA",
     "#image=own&own=%00!&pin=own.0.1.1"],
)  # fmt: skip
def test_an_address_that_says_nonsense_is_no_harm(page, chain, samples, fragment):
    page.show(chain, samples, 8, fragment)
    assert page.state("image", "t", "mode", "view", "pins") == [0, 7, "count", "maps", []]
    assert page.complaints() == []


def test_names_that_are_markup_are_text(page, chain, samples):
    image = samples[0].image
    hostile = [Sample(0, image, 1, HOSTILE), Sample(1, image, source=HOSTILE + ".png")]
    about = About(HOSTILE, {"file": HOSTILE}, [HOSTILE])
    data, block = report_data(chain, hostile, 8, about)
    page.open(render_page(data, block))
    page.set(image=1)
    assert page.js("return document.title") == HOSTILE
    assert page.js("return document.querySelectorAll('img').length") == 0
    assert HOSTILE in page.text(".about")
    assert page.js("return document.querySelector('.thumb').title").startswith(HOSTILE)
    assert page.complaints() == []


def test_no_other_script_or_style_runs_and_nothing_is_loaded(page, chain, samples):
    data, block = report_data(chain, samples, 8)
    html = render_page(data, block)
    evil = "<script>document.title='taken'</script><style>body{display:none}</style>"
    page.open(html.replace("<noscript>", f"{evil}<img src='https://example.org/x.png'><noscript>"))
    assert page.js("return document.title") == data["title"]
    assert page.js("return getComputedStyle(document.body).display") == "block"
    complaints = page.complaints()
    assert len(complaints) == 3
    assert all("Content Security Policy" in each for each in complaints)
    assert all("example.org" not in url for url in page.requests())


def luminance(colour):
    values = np.array(colour) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


CONTRAST = """
const seen = [], ground = (e) => {
  for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (c !== 'rgba(0, 0, 0, 0)') return c;
  }
};
for (const e of document.querySelectorAll('.snnviz *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.getClientRects().length || e.closest('.hidden, svg')) continue;
  seen.push([e.className + ' ' + e.textContent.slice(0, 30), getComputedStyle(e).color, ground(e)]);
}
for (const e of document.querySelectorAll('.potential text')) {
  seen.push([e.textContent, getComputedStyle(e).fill, ground(e.closest('section'))]);
}
return seen;
"""


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_has_contrast_in_both_themes(page, chain, samples, dark):
    shape(page, 1280, 900, dark=dark)
    page.show(chain, samples, 8)
    page.js("document.querySelector('details').open = true")
    page.set(pins=["0.3.4.6"], channel=4, y=10, x=10)
    texts = page.js(CONTRAST)
    assert len(texts) > 80
    ground = [int(v) for v in re.findall(r"\d+", texts[0][2])[:3]]
    assert (np.mean(ground) < 80) == dark
    for text, ink, under in texts:
        levels = sorted(
            luminance([int(v) for v in re.findall(r"\d+", each)[:3]]) for each in (ink, under)
        )
        assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5, (text, ink, under)


def test_the_theme_is_chosen_by_hand_too(page, chain, samples):
    page.show(chain, samples, 8)
    light = page.js("return getComputedStyle(document.querySelector('#snnviz')).backgroundColor")
    maps = page.grid(6, 28, 28)
    page.button("Dark").click()
    dark = page.js("return getComputedStyle(document.querySelector('#snnviz')).backgroundColor")
    assert light != dark
    np.testing.assert_array_equal(page.grid(6, 28, 28), maps)  # which read alike in both
    page.button("Light").click()
    assert page.state("theme") == "light"


def test_the_theme_follows_the_system(page, chain, samples):
    page.show(chain, samples, 8)
    shape(page, 1280, 900, dark=True)
    page.wait("return document.querySelector('.top button').textContent === 'Light'")
    shape(page, 1280, 900)
    page.wait("return document.querySelector('.top button').textContent === 'Dark'")


def test_a_phone_has_tabs_and_a_time_bar_that_stays(page, chain, samples):
    shape(page, 400, 800, ratio=3)
    page.show(chain, samples, 8)

    def visible():
        names = ["section.maps", "section.neuron", "section.channels", "section.own"]
        return [name for name in names if page.find(name).is_displayed()]

    assert visible() == ["section.maps"]
    for tab, expected in (("Neuron", ["section.neuron"]), ("Channels", ["section.channels"]),
                          ("Draw", ["section.maps", "section.own"])):  # fmt: skip
        page.button(tab).click()
        assert visible() == expected
        bar = page.find(".time").rect
        assert bar["y"] + bar["height"] <= 800
        assert page.find(".time").is_displayed()
        assert page.js("return document.documentElement.scrollWidth") <= 400
    page.button("Maps").click()
    # A tap chooses a map, which the tab names; a second one leads to its neuron.
    page.find('section.maps .tile[data-channel="4"]').click()
    assert visible() == ["section.maps"]
    tab = "return getComputedStyle(document.querySelector('.tabs [data-value=neuron]'), '::after')"
    assert page.js(f"{tab}.content").replace('"', "").split() == ["4"]
    page.find('section.maps .tile[data-channel="4"]').click()
    assert visible() == ["section.neuron"]
    page.button("Maps").click()
    assert int(page.find("section.maps .maps-canvas").get_attribute("data-cell")) >= 3
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    page.set(scale="shared")
    counts = chain.encode(images, 8).count(7)[0, 2:]
    np.testing.assert_array_equal(page.grid(6, 28, 28)[2:, ..., 0], (255 * (counts / 8)).round())


@pytest.mark.parametrize("width", [360, 768, 1000, 1280, 1920])
def test_nothing_sticks_out_at_any_width(page, chain, samples, width):
    shape(page, width, 900)
    page.show(chain, samples, 8)
    assert page.js("return document.documentElement.scrollWidth") <= width
    outside = page.js(
        "const sticks = (e) => { const box = e.getBoundingClientRect(), own = e.closest('section')"
        ".getBoundingClientRect(); return box.width && box.right > own.right + 1; };"
        "return [...document.querySelectorAll('.neuron *, .own *, section.maps > *')]"
        ".filter(sticks).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert outside == []


def test_on_paper_all_parts_follow_each_other_without_controls(page, chain, samples):
    shape(page, 700, 900, dark=True)
    page.show(chain, samples, 8, "#view=neuron&theme=dark")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    tops = []
    for name in ("section.maps", "section.channels", "section.neuron"):
        assert page.find(name).is_displayed()
        tops.append(page.find(name).rect["y"])
    assert tops == sorted(tops)
    for name in (".play", ".tabs", ".savers", ".own", "input[type=search]"):
        assert not page.find(name).is_displayed()
    ink = page.js("return getComputedStyle(document.querySelector('.neuron h2')).color")
    assert max(int(v) for v in re.findall(r"\d+", ink)) < 80  # dark ink, in whichever theme
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_large_picture_is_shown_small(page, rng):
    pixels = rng.integers(0, 256, (200, 260)).astype(np.uint8)
    page.show(split_encoder(Integrating(1, stride=2)), [Sample(0, pixels, source="a.png")], 4)
    for name, most in ((".trio canvas", 113), (".thumb canvas", 57), (".own canvas", 130)):
        assert max(page.find(name).rect["width"], page.find(name).rect["height"]) <= most
    page.js(
        "const e = document.querySelector('.trio figure:last-child canvas'), box = "
        "e.getBoundingClientRect(); e.dispatchEvent(new MouseEvent('click', {bubbles: true, "
        "clientX: box.right - .3, clientY: box.top + .2}))"
    )
    y, x = page.state("y", "x")  # events have whole pixels, of which each shows more than one here
    assert (y, x >= 128) == (0, True)


def test_a_step_redraws_the_grid_and_rebuilds_nothing(page, chain, samples):
    page.show(chain, samples, 8)
    page.js(
        "window.built = []; new MutationObserver((all) => built.push(...all.filter((m) => "
        "m.addedNodes.length).map((m) => m.target.className))).observe("
        "document.querySelector('#snnviz'), {childList: true, subtree: true})"
    )
    page.set(t=3)
    page.set(t=4)
    built = set(page.js("return new Promise((done) => setTimeout(() => done(built), 400))"))
    assert built <= {"now", "meaning", "hidden", "", "dim"}
    assert not built & {"why", "tiles", "plot", "table"}


def saved(page, name):
    """What a button saves, caught on its way into a file."""
    page.js(
        "window.caught = null; const real = URL.createObjectURL; URL.createObjectURL = (blob) => {"
        "blob.arrayBuffer().then((data) => { window.kept ??= []; kept.push([blob.type, btoa("
        "Array.from(new Uint8Array(data), (b) => String.fromCharCode(b)).join(''))]); });"
        "return real(blob); }; window.kept = []; HTMLAnchorElement.prototype.click = () => {};"
    )
    kind = f"image/{'svg+xml' if name.endswith('SVG') else 'png'}"
    page.js("arguments[0].click()", page.find(f"[aria-label='Save {name}']"))
    page.wait(f"return window.kept.some(([type]) => type === '{kind}')")
    found = page.js("return window.kept")
    return base64.b64decode(next(data for type_, data in found if type_ == kind))


@pytest.mark.parametrize("part", ["maps", "neuron", "channels"])
def test_each_view_saves_as_png_and_svg(page, chain, samples, part):
    import xml.etree.ElementTree as ET

    page.show(chain, samples, 8)
    root = ET.fromstring(saved(page, f"{part} as SVG"))
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    expected = {"maps": "saturated", "neuron": "threshold", "channels": "Follows"}[part]
    assert any(expected in text for text in texts)
    assert "Trouser, image 3, t = 7 of 0 to 7, A spiking encoder" in texts
    assert next(root.iter("{http://www.w3.org/2000/svg}image")).get("href").startswith("data:")
    picture = Image.open(io.BytesIO(saved(page, f"{part} as PNG")))
    assert picture.size[0] == 2 * int(root.get("width"))
    assert len(set(picture.convert("L").tobytes())) > 20
    assert page.complaints() == []


def own_counts(page, K, H, W):
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 'own'")
    page.set(t=7, scale="shared")
    return np.rint(page.grid(K, H, W)[..., 0] / 255 * 8).astype(int)


def drawn_bytes(page):
    return np.array(page.js("return [...document.querySelector('#snnviz').snnviz.own.bytes]"))


def test_an_image_that_is_drawn_spikes_as_in_pytorch(page, chain, samples):
    from selenium.webdriver import ActionChains

    page.show(chain, samples, 8)
    sheet = page.find(".own canvas")
    page.js("arguments[0].scrollIntoView({block: 'center'})", sheet)
    ActionChains(page.driver).move_to_element(sheet).click_and_hold().move_by_offset(
        30, 22
    ).move_by_offset(-40, 3).release().perform()
    counts = own_counts(page, 6, 28, 28)
    bytes_ = drawn_bytes(page).astype(np.uint8).reshape(1, 1, 28, 28)
    assert 30 < (bytes_ > 0).sum() < 400
    record = chain.encode(bytes_ / np.float32(255), 8)
    expected = record.count(7)[0]
    varied = [k for k in range(6) if expected[k].max() > 0 and expected[k].min() < 8]
    assert len(varied) >= 3
    np.testing.assert_array_equal(counts[varied], expected[varied])
    assert page.text(".neuron figcaption") == "your drawing"
    page.button("Clear").click()
    page.wait("return document.querySelector('#snnviz').snnviz.own.bytes.every((b) => !b)")
    page.set(image=1)
    page.button("Edit this").click()
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 'own'")
    np.testing.assert_array_equal(drawn_bytes(page), samples[1].image.ravel())
    assert page.complaints() == []


def test_keys_draw_too(page, chain, samples):
    from selenium.webdriver.common.keys import Keys

    page.show(chain, samples, 8)
    page.keys(".own canvas", Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.SPACE)
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 'own'")
    drawn = drawn_bytes(page).reshape(28, 28)
    assert drawn[15, 15] == drawn.max() == 255
    assert drawn[:12].max() == 0


def test_a_link_holds_the_image_that_was_drawn(page, chain, samples):
    from selenium.webdriver.common.keys import Keys

    page.show(chain, samples, 8)
    page.keys(".own canvas", Keys.SPACE)
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 'own'")
    page.set(channel=3, y=14, x=13)
    page.button("Pin").click()
    assert page.state("pins") == ["own.3.14.13"]
    assert "Your drawing" in page.find(".card .go").get_attribute("title")
    page.wait("return location.hash.includes('own=')")
    drawn, counts, address = (
        drawn_bytes(page),
        own_counts(page, 6, 28, 28),
        page.js("return location.href"),
    )
    page.driver.get("about:blank")
    page.driver.get(address)
    page.wait("return document.querySelector('#snnviz').snnviz !== undefined")
    assert page.state("image", "channel", "pins") == ["own", 3, ["own.3.14.13"]]
    np.testing.assert_array_equal(drawn_bytes(page), drawn)
    np.testing.assert_array_equal(own_counts(page, 6, 28, 28), counts)
    # A link without it leads back to the images of the page; the pin stays while the image does.
    page.js("location.hash = '#image=1&channel=2&pin=1.2.0.0,own.1.2.3'")
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 1")
    assert page.state("pins") == ["1.2.0.0", "own.1.2.3"]
    page.button("Clear").click()
    page.wait("return document.querySelector('#snnviz').snnviz.own.bytes.every((b) => !b)")
    assert page.complaints() == []


DROP = """
const data = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0)), all = new DataTransfer();
all.items.add(new File([data], arguments[1], {type: arguments[2]}));
const target = document.querySelector('.maps');
for (const type of ['dragover', 'drop']) {
  target.dispatchEvent(new DragEvent(type, {dataTransfer: all, bubbles: true, cancelable: true}));
}
"""


def test_a_picture_that_is_dropped_is_encoded(page, rng):
    encoder = split_encoder(
        Integrating(3), mean=(0.4, 0.5, 0.3), std=(0.2, 0.3, 0.25)
    )  # found from its drive
    pixels = rng.integers(0, 256, (12, 9, 3)).astype(np.uint8)
    sample = Sample(0, pixels[..., 0], source="a.png", colour=pixels.transpose(2, 0, 1)[:, :, ::-1])
    page.show(encoder, [sample], 8, mean=(0.4, 0.5, 0.3), std=(0.2, 0.3, 0.25))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    page.js(DROP, base64.b64encode(file.getvalue()).decode(), HOSTILE, "image/png")
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 'own'")
    np.testing.assert_array_equal(drawn_bytes(page), pixels.transpose(2, 0, 1).ravel())
    counts = own_counts(page, 4, 12, 9)
    inputs = pixels.transpose(2, 0, 1)[np.newaxis] / np.float32(255)
    expected = encoder.encode(np.ascontiguousarray(inputs), 8).count(7)[0]
    assert (counts != expected).mean() < 0.005
    assert 0 < expected.mean() < 8
    page.js(DROP, base64.b64encode(b"no picture").decode(), HOSTILE, "image/png")
    page.wait("return document.querySelector('[aria-live]').textContent.includes('no picture')")
    assert page.complaints() == []


def test_where_others_cannot_be_encoded_the_page_says_why(page, samples):
    class Adapting(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.node = nn.Conv2d(1, 2, 3), neuron.EIFNode()

        def forward(self, x):
            return self.node(self.conv(x))

    page.show(split_encoder(Adapting()), samples, 10)
    words = "cannot encode other images: how the potential of EIFNode of SpikingJelly moves is not"
    assert words in page.text(".own")
    assert page.js("return document.querySelectorAll('.own canvas').length") == 0


def test_everything_that_acts_has_a_name(page, chain, samples):
    page.show(chain, samples, 8)
    nameless = page.js(
        "return [...document.querySelectorAll('button, input, [tabindex], [role=img]')]"
        ".filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim()))"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert nameless == []
    focusable = page.js("return document.querySelectorAll('.tile[tabindex=\"0\"]').length")
    assert focusable == 1
