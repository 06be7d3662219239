"""Pages in a real browser, without a window; skipped where there is none."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.data import Sample, garments
from snnviz.report import About, render_page, report_data

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """A page in the browser."""

    def __init__(self, driver, folder):
        self.driver = driver
        self._folder = folder

    def open(self, html, fragment=""):
        path = self._folder / "page.html"
        path.write_text(html, encoding="utf-8")
        self.driver.get("about:blank")
        self.complaints(), self.requests()  # of what was shown before
        self.driver.get(f"{path.as_uri()}{fragment}")
        self.wait("return document.querySelector('#snnviz').snnviz !== undefined")
        return self

    def show(self, encoder, samples, T, fragment="", **more):
        data, block = report_data(encoder, samples, T, About(), **more)
        return self.open(render_page(data, block), fragment)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, seconds=10):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(
            lambda driver: driver.execute_script(script)
        )

    def state(self, *names):
        state = self.js("return document.querySelector('#snnviz').snnviz.state")
        return state[names[0]] if len(names) == 1 else [state[name] for name in names]

    def set(self, **change):
        self.js("document.querySelector('#snnviz').snnviz.set(arguments[0])", change)

    def find(self, selector):
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def keys(self, selector, *keys):
        element = self.find(selector)
        self.js("arguments[0].focus()", element)
        self.driver.switch_to.active_element.send_keys(*keys)

    def button(self, text):
        return self.driver.find_element("xpath", f"//button[normalize-space()='{text}']")

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def grid(self, K, H, W, selector="section.maps .maps-canvas"):
        """The colours of all maps as they are on the canvas, uint8 [K, H, W, 3]."""
        values = self.js(_READ, selector, K, H, W)
        return np.array(values, np.uint8).reshape(K, H, W, 3)

    def complaints(self):
        return [each["message"] for each in self.driver.get_log("browser")]

    def requests(self):
        """What was fetched from anywhere but the page itself; not what its policy held back."""
        logged = [
            json.loads(each["message"])["message"] for each in self.driver.get_log("performance")
        ]
        held = {
            each["params"]["requestId"]
            for each in logged
            if each["method"] == "Network.loadingFailed"
            and each["params"].get("blockedReason") == "csp"
        }
        asked = [
            each["params"]["request"]["url"]
            for each in logged
            if each["method"] == "Network.requestWillBeSent"
            and each["params"]["requestId"] not in held
        ]
        return [url for url in asked if not url.startswith(("data:", "blob:", "about:"))]


_READ = """
const canvas = document.querySelector(arguments[0]), [K, H, W] = [...arguments].slice(1);
const [cell, columns, gap] = ['cell', 'columns', 'gap'].map((name) => Number(canvas.dataset[name]));
const paper = new OffscreenCanvas(canvas.width, canvas.height);
const copy = paper.getContext('2d', {willReadFrequently: true});
copy.drawImage(canvas, 0, 0);
const {data, width} = copy.getImageData(0, 0, canvas.width, canvas.height);
const found = [];
for (let k = 0; k < K; k++) for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) {
  const row = gap + Math.floor(k / columns) * (H * cell + gap) + y * cell + (cell >> 1);
  const column = gap + (k % columns) * (W * cell + gap) + x * cell + (cell >> 1);
  found.push(...data.slice(4 * (row * width + column), 4 * (row * width + column) + 3));
}
return found;
"""


@pytest.fixture(scope="session")
def driver():
    """One browser for all pages; the tests are skipped where there is none."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    service = shutil.which("chromedriver")
    if program is None or service is None:
        missing = "chromium and chromedriver (Debian: chromium, chromium-driver)"
        if os.environ.get("SNNVIZ_NEEDS_BROWSER"):
            pytest.fail(f"needs {missing}")
        pytest.skip(f"needs {missing}")
    if not os.environ.get("SNNVIZ_NEEDS_BROWSER"):
        pytest.importorskip("selenium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                     "--window-size=1280,900"):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    yield started
    started.quit()


@pytest.fixture
def page(driver, tmp_path):
    shown = Page(driver, tmp_path)
    shape(shown, 1280, 900)
    yield shown
    driver.get("about:blank")


def shape(page, width, height, *, dark=False, ratio=1):
    """Give the browser a window of that size, and a theme."""
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


@pytest.fixture
def chain(network):
    """The small network's encoder as a chain; map 0 is silent, map 1 saturated."""
    return ChainEncoder.of(network.static_conv, network.conv[0], 8)


@pytest.fixture
def samples():
    return list(garments(40).samples([3, 11, 27]))


@pytest.fixture
def colour_samples(rng):
    """Two pictures in colour that are not square, of different sizes."""
    found = []
    for n, size in enumerate([(10, 15), (12, 9)]):
        colours = rng.integers(0, 256, (3, *size)).astype(np.uint8)
        found.append(Sample(n, colours[0], source=f"picture {n}.png", colour=colours))
    return found


@pytest.fixture
def event_samples(rng):
    found = []
    for n in range(2):
        frames = rng.poisson(0.2, (6, 2, 9, 13)).astype(np.float32)
        picture = rng.integers(0, 256, (3, 9, 13)).astype(np.uint8)
        found.append(Sample(n, picture[0], source="events.npy", colour=picture, frames=frames))
    return found


class SteppedLeaky(nn.Module):
    """A network of snnTorch that loops over time itself."""

    def __init__(self, num_steps=10):
        import snntorch

        super().__init__()
        self.num_steps = num_steps
        self.conv, self.lif = nn.Conv2d(1, 5, 5), snntorch.Leaky(beta=0.9)
        with torch.no_grad():
            generator = torch.Generator().manual_seed(4)
            self.conv.weight.normal_(0.05, 0.3, generator=generator)
            self.conv.bias.zero_()

    def forward(self, x):
        mem, out = self.lif.init_leaky(), []
        for _ in range(self.num_steps):
            spikes, mem = self.lif(self.conv(x), mem)
            out.append(spikes)
        return torch.stack(out)


class Integrating(nn.Module):
    """A convolution and integrate-and-fire neurons of SpikingJelly."""

    def __init__(self, C, K=4, *, stride=1, padding=1, **neurons):
        from spikingjelly.activation_based import neuron

        super().__init__()
        self.conv = nn.Conv2d(C, K, 3, stride=stride, padding=padding)
        self.norm, self.node = nn.BatchNorm2d(K), neuron.IFNode(**neurons)
        generator = torch.Generator().manual_seed(6)
        with torch.no_grad():
            self.conv.weight.normal_(0.05, 0.2, generator=generator)
            self.conv.bias.uniform_(-0.2, 0.2, generator=generator)
            self.norm.running_var.uniform_(0.2, 0.6, generator=generator)
            self.norm.running_mean.uniform_(-0.2, 0.2, generator=generator)

    def forward(self, x):
        return self.node(self.norm(self.conv(x)))
