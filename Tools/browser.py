#!/usr/bin/env python3
"""Drives a headless Chromium over its debugging pipe, with the standard library alone.

    Tools/browser.py PAGE.html STEPS.json

STEPS is an array; each step is an object with one key:
    {"size": [WIDTH, HEIGHT]}        the window's size
    {"scheme": "dark"}               what prefers-color-scheme is
    {"open": true}                   loads the page, and waits until it has loaded
    {"evaluate": "EXPRESSION"}       prints its value as a line of JSON
    {"key": "ArrowDown"}             presses and releases a key where the focus is
    {"text": "curl"}                 types
    {"screenshot": "FILE.png"}       what the window shows; {"full": "FILE.png"} all of the page
Prints at the end a line {"requests": [...], "errors": [...]}: what the page asked for beside itself,
and what was written to its console or thrown.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "ArrowLeft": (37, ""), "ArrowUp": (38, ""),
        "ArrowRight": (39, ""), "ArrowDown": (40, ""), "Home": (36, ""), "End": (35, ""),
        "PageUp": (33, ""), "PageDown": (34, ""), " ": (32, " ")}


class Browser:
    def __init__(self, folder):
        program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        if program is None:
            sys.exit("browser.py: there is no chromium-headless-shell, expected it to be installed: "
                     "apt-get install chromium-headless-shell")
        to_browser, from_browser = os.pipe(), os.pipe()

        def descriptors():
            # The browser reads from 3 and writes to 4.
            read, write = os.dup(to_browser[0]), os.dup(from_browser[1])
            os.dup2(read, 3)
            os.dup2(write, 4)

        # No sandbox: it needs user namespaces or a setuid helper, which tests' machines may not have.
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"],
            close_fds=False, preexec_fn=descriptors,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser[0])
        os.close(from_browser[1])
        self.input = os.fdopen(to_browser[1], "wb", buffering=0)
        self.output = os.fdopen(from_browser[0], "rb", buffering=0)
        self.number = 0
        self.rest = b""
        self.session = None
        self.requests = []
        self.errors = []
        self.loaded = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.call(domain + ".enable")

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.output.fileno(), 1 << 20)
            if not more:
                sys.exit("browser.py: the browser has ended")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        method, values = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = values["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded":
            self.errors.append(values["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded += 1

    def call(self, method, **values):
        self.number += 1
        request = {"id": self.number, "method": method, "params": values}
        if self.session:
            request["sessionId"] = self.session
        self.input.write(json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"browser.py: {method}: {message['error']['message']}")
                return message["result"]
            self.note(message)

    def open(self, url):
        before = self.loaded
        self.call("Page.navigate", url=url)
        while self.loaded == before:
            self.note(self.message())

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit("browser.py: " + result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def key(self, name):
        code, text = KEYS[name]
        for kind in ["keyDown" if text else "rawKeyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, text=text,
                      windowsVirtualKeyCode=code)

    def screenshot(self, path, full):
        values = {"captureBeyondViewport": full}
        if full:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            values["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"],
                              "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", **values)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def end(self):
        self.input.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    page, steps = pathlib.Path(sys.argv[1]).resolve(), json.loads(pathlib.Path(sys.argv[2]).read_text())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            for step in steps:
                (name, value), = step.items()
                if name == "size":
                    browser.call("Emulation.setDeviceMetricsOverride", width=value[0],
                                 height=value[1], deviceScaleFactor=1, mobile=False)
                elif name == "scheme":
                    browser.call("Emulation.setEmulatedMedia",
                                 features=[{"name": "prefers-color-scheme", "value": value}])
                elif name == "open":
                    browser.open(page.as_uri())
                elif name == "evaluate":
                    print(json.dumps(browser.evaluate(value)))
                elif name == "key":
                    browser.key(value)
                elif name == "text":
                    browser.call("Input.insertText", text=value)
                elif name in ("screenshot", "full"):
                    browser.screenshot(value, name == "full")
                else:
                    sys.exit(f"browser.py: there is no step {name}")
            others = [url for url in browser.requests if url != page.as_uri()]
            print(json.dumps({"requests": others, "errors": browser.errors}))
        finally:
            browser.end()


main()
