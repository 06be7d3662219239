"""Pictures of HTML pages, by a browser without a window."""

import base64
import json
import shutil
import time
from pathlib import Path
from typing import Any

from selenium import webdriver

WIDTH, HEIGHT = 1280, 960
CELL = 1000  # of a notebook
# What anywidget does with a widget: its style, and its `render` with the model and an element.
_HOST = """<!doctype html><meta charset=utf-8><style>%s</style><div id=out></div>
<script type=module>%s
const bytes = Uint8Array.from(atob("%s"), (c) => c.charCodeAt(0));
const values = {data: %s, block: new DataView(bytes.buffer), picture: ""};
const el = document.querySelector("#out");
render({model: {get: (name) => values[name]}, el});
</script>"""


def screenshot(page: Path, fragment: str = "", width: int = WIDTH) -> bytes:
    """A PNG of what a browser shows of a page: its upper 960 pixels.

    Args:
        page: The file.
        fragment: What stands behind the # in its address.
        width: Of the window, in pixels.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(f"{page.as_uri()}#{fragment}")
        time.sleep(2)  # until all is drawn
        return driver.get_screenshot_as_png()
    finally:
        driver.quit()


def widget_page(widget: Any) -> Path:
    """A page that holds what a widget of snnviz shows in a notebook's cell."""
    block = base64.b64encode(widget.block).decode()
    page = Path("widget.html").resolve()
    text = _HOST % (widget._css, widget._esm, block, json.dumps(widget.data))  # noqa: SLF001
    page.write_text(text, encoding="utf-8")
    return page
