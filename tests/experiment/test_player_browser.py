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
ORDER = ["start", *(name for i in "1234" for name in (i, f"learnt-{i}")), "end"]
STATE = f"""(() => {{
  const [box, ...others] = {SHOWN};
  const img = box.querySelector("img");
  return {{ others: others.length, id: box.id, sentence: box.querySelector(".sentence").textContent,
    picture: img?.src, alt: img?.alt, drawn: !img || img.naturalWidth > 0,
    seen: img ? img.getBoundingClientRect().width : 999, hash: location.hash,
    place: document.getElementById("place").textContent, progress: document.getElementById("progress").value,
    current: document.querySelector("#contents [aria-current]").getAttribute("href"),
    previous: document.getElementById("previous").disabled, next: document.getElementById("next").disabled }};
}})()"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run that is quickly learnt and drawn: one box for each of four tasks, and the pages around them."""
    folder = tmp_path_factory.mktemp("played")
    den_ref.run("mtl", "toy", out=folder, keep_steps=True, settings={"hidden": (4,), "epochs": 2})
    return write_player(folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with headless_browser.chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser, written):
    """The page, just opened at its first box, on a small projector."""
    with browser.alone(written.as_uri(), 1280, 800) as page:
        yield page


def state(page, name):
    """What is seen once the page of this name is: exactly that page, whole."""
    end = time.monotonic() + 10
    while (now := page.value(STATE))["id"] != name or not now["drawn"]:
        if time.monotonic() > end:
            pytest.fail(f"expected page {name}, got {now}")
        time.sleep(0.02)
    place = ORDER.index(name) + 1
    assert now["others"] == 0 and now["seen"] > 300
    assert now["place"] == f"page {place} of 10" and now["progress"] == place and now["current"] == f"#{name}"
    assert (now["previous"], now["next"]) == (name == "start", name == "end")
    return now


def go(page, name):
    """To a page by its address, without loading anew."""
    page.value(f"location.replace('#{name}')")
    return state(page, name)


def test_it_opens_with_tasks_options_and_the_map(page):
    assert "one after the other" in state(page, "start")["sentence"]


def test_next_and_previous_change_what_is_seen(page):
    first = go(page, "1")
    page.click("#next")
    second = state(page, "learnt-1")
    assert all(first[name] != second[name] for name in ("sentence", "alt", "picture", "hash"))
    page.click("#previous")
    assert state(page, "1") == first


def test_keys(page):
    state(page, "start")
    for key, name in (("ArrowRight", "1"), ("PageDown", "learnt-1"), ("ArrowLeft", "1"), ("PageUp", "start"),
                      ("End", "end"), ("ArrowRight", "end"), ("Home", "start"), ("ArrowLeft", "start")):
        page.press(key)
        state(page, name)


def test_the_map_is_walked_by_keys_and_leads_to_its_boxes(page):
    """A row per task: its box, and what it came to."""
    state(page, "start")
    page.value("document.querySelector('.map td a').focus()")
    for key, name in (("ArrowRight", "learnt-1"), ("ArrowDown", "learnt-2"), ("ArrowLeft", "2"), ("ArrowUp", "1"),
                      ("ArrowUp", "1"), ("ArrowDown", "2")):
        page.press(key)
        assert page.value("document.activeElement.getAttribute('href')") == f"#{name}"
    assert page.value("location.hash") == ""
    page.click('.map a[href="#learnt-2"]')
    state(page, "learnt-2")
    page.press("ArrowRight")                                       # the map is hidden: the key leads on again
    state(page, "3")


def test_keys_of_the_browser_stay_its_own(page):
    page.value("addEventListener('keydown', event => { window.taken = event.defaultPrevented; })")
    for modifier in (1, 2, 4, 8):                                  # Alt, Ctrl, Meta, Shift
        page.press("End", modifier)
        assert page.value("window.taken") is False
    assert page.value("location.hash") == ""


def test_the_list_leads_to_a_box_and_opens_its_task(page):
    state(page, "start")
    page.click("#contents details:nth-of-type(3) summary")
    page.click('#contents a[href="#3"]')
    state(page, "3")
    assert page.value("[...document.querySelectorAll('#contents details')].map(task => task.open)") == [False, False, True, False]


def test_space_plays_and_pauses(page):
    page.value("(() => { window.every = setInterval; window.ticks = [];"
               " window.setInterval = (f, ms) => { ticks.push(f); return 1; }; })()")
    go(page, "4")
    page.press(" ")
    assert page.value("document.getElementById('play').textContent") == "Pause"
    for name in ("learnt-4", "end"):
        page.value("ticks[0]()")
        state(page, name)
    page.value("ticks[0]()")
    assert page.value("document.getElementById('play').textContent") == "Play"
    page.click("#play")                                            # at the end it begins again
    state(page, "start")
    page.click("#play")
    assert page.value("[document.getElementById('play').textContent, ticks.length]") == ["Play", 2]


def test_the_address_keeps_the_place(page, written):
    page.open("about:blank")
    page.open(f"{written.as_uri()}#3")
    state(page, "3")
    page.open("about:blank")
    page.open(f"{written.as_uri()}#nonsense")
    assert page.value(STATE)["id"] == "start"


@pytest.mark.parametrize("width, height", [(1920, 1080), (1280, 800), (390, 844)])
@pytest.mark.parametrize("name", ["start", "1", "learnt-4", "end"])
def test_nothing_sticks_out(page, width, height, name):
    page.resize(width, height)
    go(page, name)
    assert page.value("document.documentElement.scrollWidth") <= width
    outside = ("[...document.querySelectorAll('button, #place, progress, h2, .sentence, .formula, .scroll')]"
               f".filter(e => e.checkVisibility()).filter(e => e.getBoundingClientRect().right > {width}).length")
    assert page.value(outside) == 0


@pytest.mark.parametrize("width, height", [(1400, 1000), (1920, 1080)])
@pytest.mark.parametrize("name", ["1", "learnt-4", "end"])
def test_projected_pictures_are_large(page, width, height, name):
    """Their letters, of 10 points, have at least 9; a box needs no scrolling, its picture takes the room that is left."""
    page.resize(width, height)
    go(page, name)
    scale, over, free = page.value("""(() => {
      const article = document.querySelector("article:not([hidden])"), img = article.querySelector("img");
      const main = document.querySelector("main"), seen = img.getBoundingClientRect();
      const scale = Math.min(seen.width / img.getAttribute("width"), seen.height / img.getAttribute("height"));
      return [scale, main.scrollHeight - main.clientHeight,
              main.getBoundingClientRect().bottom - article.getBoundingClientRect().bottom];
    })()""")
    assert scale >= 0.9
    assert name == "end" or (over == 0 and free < 30)


def test_what_is_wider_than_a_phone_says_so(page):
    hinted = "[...document.querySelectorAll('article:not([hidden]) .sideways')].length"
    page.resize(390, 844)
    go(page, "1")
    assert page.value(hinted) >= 1                                 # the picture
    page.resize(1400, 1000)
    for _ in range(100):
        if not page.value(hinted):
            return
        time.sleep(0.02)
    pytest.fail("expected no hint where everything has room")


def test_formulas_are_drawn_in_the_font_that_came_along(page):
    go(page, "1")
    for domain in ("DOM", "CSS"):
        page.ask(f"{domain}.enable")
    root = page.ask("DOM.getDocument")["root"]["nodeId"]
    found = page.ask("DOM.querySelector", nodeId=root, selector="article:not([hidden]) .text mi")["nodeId"]
    fonts = page.ask("CSS.getPlatformFontsForNode", nodeId=found)["fonts"]
    assert [(font["familyName"], font["isCustomFont"]) for font in fonts] == [("Noto Sans Math", True)]


def test_printed_every_box_is_there(page):
    state(page, "start")
    page.value("document.querySelectorAll('article').forEach((box, i) => box.classList.toggle('beside', i % 2))")
    page.ask("Emulation.setEmulatedMedia", media="print")
    try:
        assert page.value(f"{SHOWN}.length") == 10
        assert page.value("document.querySelector('.controls').checkVisibility()") is False
    finally:
        page.ask("Emulation.setEmulatedMedia", media="")
    pdf = base64.b64decode(page.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert len(ORDER) <= pages <= len(ORDER) + 3                   # options and terms may take two each


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
