"""A headless Chromium to ask and to click in, by the DevTools protocol over a pair of pipes; standard library only.

``--remote-debugging-pipe``: Chromium reads commands from file descriptor 3 and writes answers and events to 4, JSON
texts that each end with a zero byte.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Puts two inherited descriptors where Chromium wants them, then becomes Chromium.  Copied upwards first: one of them
# may be the other's place.
LAUNCH = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(text), fcntl.F_DUPFD, 10) for text in sys.argv[1:3])
os.dup2(reads, 3), os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"]


class Page:
    """One page of a browser, without network.  ``events`` is everything the page reported, in order."""

    def __init__(self, reads: int, writes: int, patience: float = 60.0):
        self.reads, self.writes, self.patience = reads, writes, patience
        self.unread, self.number, self.session, self.events = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)

    @contextlib.contextmanager
    def alone(self, address: str, width: int, height: int, own: Sequence[str] = ()):
        """A page just opened; in the end it must not have complained, nor asked for anything but what it brought.

        ``own``: schemes of its own that it may ask for, besides its file and its data.
        """
        self.events.clear()
        self.resize(width, height)
        self.open("about:blank")
        self.open(address)
        yield self
        complaints = "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"
        assert not [event for name in complaints for event in self.heard(name)]
        asked = {request["request"]["url"].partition(":")[0] for request in self.heard("Network.requestWillBeSent")}
        assert {"file"} <= asked <= {"file", "data", "about", *own}

    def ask(self, method: str, **params):
        """Send a command; its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writes, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _receive(self) -> dict:
        end = time.monotonic() + self.patience
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.reads], [], [], max(end - time.monotonic(), 0))
            more = os.read(self.reads, 1 << 16) if ready else b""
            assert more, "the browser has gone, or does not answer"
            self.unread += more
        text, _, self.unread = self.unread.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message

    def heard(self, method: str) -> list[dict]:
        """What the page reported under a name so far."""
        return [event["params"] for event in self.events if event["method"] == method]

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        loads = len(self.heard("Page.loadEventFired"))
        self.ask("Page.navigate", url=url)
        while len(self.heard("Page.loadEventFired")) == loads:
            self._receive()

    def value(self, expression: str):
        """What an expression comes to; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key and let it go; Alt is modifier 1."""
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = self.value(f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                          " return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def resize(self, width: int, height: int) -> None:
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot")["data"])


@contextlib.contextmanager
def chromium(profile):
    """A Page of a browser of its own, whose profile is a new folder."""
    child_reads, writes = os.pipe()
    reads, child_writes = os.pipe()
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen([sys.executable, "-c", LAUNCH, str(child_reads), str(child_writes), *command],
                               pass_fds=(child_reads, child_writes), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(child_reads), os.close(child_writes)
    try:
        yield Page(reads, writes)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(reads), os.close(writes)
