# SPDX-License-Identifier: MIT
"""A headless Chromium for the tests of the page: opens files, types, drags, and remembers what the page asked for."""
import json
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--no-first-run",
    # Whatever the page would ask for goes nowhere, and is in the log.
    "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND",
]


class Browser:
    def __init__(self):
        options = Options()
        for argument in ARGUMENTS:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_script_timeout(60)

    def quit(self):
        self.driver.quit()

    def open(self, path, width=1280, height=900, scheme="light", scripts=True):
        command = self.driver.execute_cdp_cmd
        command("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme},
                                                            {"name": "prefers-reduced-motion", "value": "reduce"}]})
        command("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.driver.get("about:blank")
        self.complaints(), self.requests()
        self.driver.get(f"file://{path}")
        if scripts:
            self.until("return document.documentElement.dataset.ready === 'yes'")
            # Charts are drawn when their width is known.
            self.until("const c = document.querySelector('canvas.flame'); return !c || c.dataset.boxes !== undefined")

    def until(self, script):
        WebDriverWait(self.driver, 20, 0.05).until(lambda driver: driver.execute_script(script))

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return " ".join(self.js("return document.querySelector(arguments[0]).textContent", selector).split())

    def texts(self, selector):
        return [" ".join(text.split()) for text in
                self.js("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)]

    def actions(self):
        return ActionChains(self.driver, duration=20)

    def at(self, selector, x, y):
        """Actions that start over this point of an element, counted from its upper left corner."""
        element = self.one(selector)
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        size = element.size
        return self.actions().move_to_element_with_offset(element, round(x - size["width"] / 2), round(y - size["height"] / 2))

    def keys(self, *keys):
        self.actions().send_keys(*keys).perform()

    def fill(self, selector, text):
        element = self.one(selector)
        element.clear()
        element.send_keys(text)

    def complaints(self):
        """What is in the console since the last call."""
        return [f'{entry["level"]}: {entry["message"]}' for entry in self.driver.get_log("browser")]

    def requests(self):
        """Addresses asked for since the last call, the page itself and the page before it not counted."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                asked.append(message["params"]["url"])
        return asked


__all__ = ["Browser", "By", "Keys"]
