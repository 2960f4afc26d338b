"""How long the lab's page takes to learn the toy stream in a headless Chromium.  Run by hand:

    python -m tests.benchmarks.bench_lab [RUNS]

Of every run the seconds that the page itself tells, the CPU seconds of the browser's processes meanwhile (which include
drawing), and the load of the machine.  On a busy machine the first grow, the second hardly.  *Goal*: at most 3 s on two
cores that have nothing else to do.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

from den_ref.lab.page import lab_page
from tests.helpers import headless_browser

SAID = "document.getElementById('stream-words').textContent"


def cpu_seconds(page) -> float:
    """What all processes of the browser have used; the browser is asked, not its page."""
    session, page.session = page.session, None
    try:
        return sum(process["cpuTime"] for process in page.ask("SystemInfo.getProcessInfo")["processInfo"])
    finally:
        page.session = session


def learnt(page, seed: int) -> tuple[float, float]:
    """(seconds, CPU seconds) of one stream."""
    page.value(f"slider('stream', 'seed').value = {seed}")
    before = cpu_seconds(page)
    page.value("document.getElementById('learn').click()")
    while not (told := re.search(r"Learnt in ([\d.]+) s", page.value(SAID))):
        time.sleep(0.5)
    return float(told[1]), cpu_seconds(page) - before


def main(runs: int = 5) -> None:
    with tempfile.TemporaryDirectory() as folder, headless_browser.chromium(f"{folder}/profile") as page:
        file = Path(folder, "lab.html")
        file.write_text(lab_page(), "utf-8")
        with page.alone(file.as_uri(), 1280, 900, own=["blob"]):
            for seed in range(1, runs + 1):
                seconds, cpu = learnt(page, seed)
                print(f"seed {seed}: {seconds:.1f} s, CPU {cpu:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
