"""The page that plays a run, in a real browser without network: what a teacher presses, and what the class sees."""

import base64
import contextlib
import re
import time

import pytest

import den_ref
from den_ref.experiment import write_player
from tests.helpers import headless_browser

pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(headless_browser.CHROMIUM is None, reason="no Chromium (apt-get install chromium)")]

SHOWN = "[...document.querySelectorAll('article')].filter(box => box.checkVisibility())"
STATE = f"""(() => {{
  const [box, ...others] = {SHOWN};
  const img = box.querySelector("img");
  return {{ others: others.length, id: box.id, sentence: box.querySelector(".sentence").textContent,
    picture: img.src, width: img.naturalWidth, alt: img.alt,
    seen: img.getBoundingClientRect().width, hash: location.hash,
    place: document.getElementById("place").textContent, progress: document.getElementById("progress").value,
    current: document.querySelector("nav [aria-current]").getAttribute("href"),
    previous: document.getElementById("previous").disabled, next: document.getElementById("next").disabled }};
}})()"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run that is quickly learnt and drawn: one box for each of four tasks."""
    folder = tmp_path_factory.mktemp("played")
    den_ref.run("mtl", "toy", out=folder, keep_steps=True, settings={"hidden": (4,), "epochs": 2})
    return write_player(folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with headless_browser.chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser, written):
    """The page, just opened at its first box, on a small projector; in the end it must not have complained."""
    browser.events.clear()
    browser.resize(1280, 800)
    browser.open("about:blank")
    browser.open(written.as_uri())
    yield browser
    assert not browser.heard("Runtime.exceptionThrown") + browser.heard("Log.entryAdded")
    assert not browser.heard("Runtime.consoleAPICalled")
    asked = {request["request"]["url"].partition(":")[0] for request in browser.heard("Network.requestWillBeSent")}
    assert {"file"} <= asked <= {"file", "data", "about"}


def state(page, number):
    """What is seen once the box with this number is: exactly that box, whole."""
    end = time.monotonic() + 10
    while (now := page.value(STATE))["id"] != str(number) or not now["width"]:
        if time.monotonic() > end:
            pytest.fail(f"expected box {number}, got {now}")
        time.sleep(0.02)
    assert now["others"] == 0 and now["seen"] > 300 and now["sentence"] in now["alt"]
    assert now["place"] == f"box {number} of 4" and now["progress"] == number and now["current"] == f"#{number}"
    assert (now["previous"], now["next"]) == (number == 1, number == 4)
    return now


def test_it_opens_at_the_first_box(page):
    assert state(page, 1)["sentence"].startswith("trained")


def test_next_and_previous_change_what_is_seen(page):
    first = state(page, 1)
    page.click("#next")
    second = state(page, 2)
    assert all(first[name] != second[name] for name in ("sentence", "alt", "picture", "hash"))
    page.click("#previous")
    assert state(page, 1) == {**first, "hash": "#1"}


def test_keys(page):
    state(page, 1)
    for key, number in (("ArrowRight", 2), ("PageDown", 3), ("ArrowLeft", 2), ("PageUp", 1), ("End", 4),
                        ("ArrowRight", 4), ("Home", 1), ("ArrowLeft", 1)):
        page.press(key)
        state(page, number)


def test_keys_of_the_browser_stay_its_own(page):
    page.value("addEventListener('keydown', event => { window.taken = event.defaultPrevented; })")
    for modifier in (1, 2, 4, 8):                                  # Alt, Ctrl, Meta, Shift
        page.press("End", modifier)
        assert page.value("window.taken") is False
    assert page.value("location.hash") == ""


def test_the_list_leads_to_a_box_and_opens_its_task(page):
    state(page, 1)
    page.click("nav details:nth-of-type(3) summary")
    page.click('nav a[href="#3"]')
    state(page, 3)
    assert page.value("[...document.querySelectorAll('nav details')].map(task => task.open)") == [False, False, True, False]


def test_space_plays_and_pauses(page):
    page.value("(() => { window.every = setInterval; window.ticks = [];"
               " window.setInterval = (f, ms) => { ticks.push(f); return 1; }; })()")
    page.press(" ")
    assert page.value("document.getElementById('play').textContent") == "Pause"
    for number in (2, 3, 4):
        page.value("ticks[0]()")
        state(page, number)
    page.value("ticks[0]()")
    assert page.value("document.getElementById('play').textContent") == "Play"
    page.click("#play")                                            # at the end it begins again
    state(page, 1)
    page.click("#play")
    assert page.value("[document.getElementById('play').textContent, ticks.length]") == ["Play", 2]


def test_the_address_keeps_the_place(page, written):
    page.open("about:blank")
    page.open(f"{written.as_uri()}#3")
    state(page, 3)
    page.open("about:blank")
    page.open(f"{written.as_uri()}#nonsense")
    assert page.value(STATE)["id"] == "1"


@pytest.mark.parametrize("width, height", [(1920, 1080), (1280, 800), (400, 800)])
def test_nothing_sticks_out(page, width, height):
    page.resize(width, height)
    state(page, 1)
    assert page.value("document.documentElement.scrollWidth") <= width
    outside = ("[...document.querySelectorAll('button, #place, progress, h2, .sentence, .formula, table')]"
               f".filter(e => e.checkVisibility()).filter(e => e.getBoundingClientRect().right > {width}).length")
    assert page.value(outside) == 0


def test_printed_every_box_is_there(page):
    state(page, 1)
    page.value("document.querySelectorAll('article').forEach((box, i) => box.classList.toggle('beside', i % 2))")
    page.ask("Emulation.setEmulatedMedia", media="print")
    try:
        assert page.value(f"{SHOWN}.length") == 4
        assert page.value("document.querySelector('.controls').checkVisibility()") is False
    finally:
        page.ask("Emulation.setEmulatedMedia", media="")
    pdf = base64.b64decode(page.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 4


def test_the_check_bites(browser, tmp_path):
    """A page that loads something, and one that throws, are noticed."""
    bad = tmp_path / "bad.html"
    bad.write_text("<img src='http://example.invalid/a.png'><script>nothing()</script>")
    browser.events.clear()
    browser.open(bad.as_uri())
    with contextlib.suppress(AssertionError):
        browser.value("undefined()")
    assert any(r["request"]["url"].startswith("http:") for r in browser.heard("Network.requestWillBeSent"))
    assert browser.heard("Runtime.exceptionThrown") and browser.heard("Log.entryAdded")
