"""Draw the picture of the report's page in the documentation, in a browser without a window.

Needs Debian's chromium and chromium-driver, or Chrome and its driver on the path.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "report.png"

options = webdriver.ChromeOptions()
options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=1280,960"):
    options.add_argument(argument)
with tempfile.TemporaryDirectory() as folder:
    page = Path(folder) / "page.html"
    command = ["report", "--dataset", "garments", "-T", "8", "-o", str(page), "-q"]
    subprocess.run([sys.executable, "-m", "snnviz", *command], check=True)  # noqa: S603
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 1280, "height": 960, "deviceScaleFactor": 1, "mobile": False},
    )
    driver.get(page.as_uri())
    time.sleep(2)
    driver.save_screenshot(str(PICTURE))
    driver.quit()
print(PICTURE)
