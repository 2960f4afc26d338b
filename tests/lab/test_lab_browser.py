"""The lab in a real browser without network: what a student drags and presses, and what is seen then."""

import base64
import re
import time
from dataclasses import asdict

import pytest

from den_ref.den import DENConfig
from den_ref.golden import cases
from den_ref.lab import MATHEMATICS
from den_ref.lab.page import lab_page, operations_of
from den_ref.lab.questions import questions
from tests.helpers import headless_browser
from tests.helpers.toy_in_node import OPTIONS

pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(headless_browser.CHROMIUM is None, reason="no Chromium (apt-get install chromium)")]

ROOMS = ["shrinkage", "walk", "columns", "selection", "split", "stamps", "stream", "golden", "questions"]
SLIDERS = "[...document.querySelectorAll('input[type=range]')]"
#: What a section shows, its controls left out.
SEEN = "[...document.querySelectorAll('#{} :is(.pictures, .words, table)')].map(e => e.innerHTML).join()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with headless_browser.chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser, tmp_path):
    (tmp_path / "lab.html").write_text(lab_page(), "utf-8")
    with browser.alone((tmp_path / "lab.html").as_uri(), 1280, 900, own=["blob"]) as page:
        yield page


def words(page, room):
    return page.value(f"document.getElementById('{room}-words').textContent")


#: What a key is to the browser: its code, and what it types.
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "),
        "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, "")}


def key(page, name):
    """Press a key and let it go."""
    code, text = KEYS[name]
    page.ask("Input.dispatchKeyEvent", type="keyDown", key=name, windowsVirtualKeyCode=code, text=text)
    page.ask("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)


def drag(page, room, name, value):
    page.value(f"(() => {{ const one = slider('{room}', '{name}'); one.value = {value};"
               " one.dispatchEvent(new Event('input', { bubbles: true })); })()")


def press(page, selector):
    """Click an element, wherever on the page it is."""
    page.value(f"document.querySelector('{selector}').scrollIntoView({{ block: 'center', behavior: 'instant' }})")
    page.click(selector)


def seen(page, room):
    return page.value(SEEN.replace("{}", room))


def test_every_section_shows_something(page):
    assert page.value("[...document.querySelectorAll('section')].map(e => e.id)") == ROOMS
    drawn = page.value("[...document.querySelectorAll('.pictures')]"
                       ".map(e => e.querySelectorAll('line, path, rect').length)")
    assert min(drawn[:-1]) > 5 and len(drawn) == 7


def test_every_slider_changes_its_picture(page):
    for room, name in page.value(f"{SLIDERS}.map(e => [e.closest('section').id, e.name])"):
        if room == "stream":                                       # these are read when it learns
            continue
        drag(page, room, name, f"slider('{room}', '{name}').min")
        before = seen(page, room)
        drag(page, room, name, f"slider('{room}', '{name}').max")
        assert seen(page, room) != before, (room, name)


def test_what_the_pictures_are_there_to_say(page):
    drag(page, "shrinkage", "mu", 0.1)
    assert "0 of 2" in words(page, "shrinkage")
    drag(page, "shrinkage", "mu", 0.8)
    assert "1 of 2" in words(page, "shrinkage")
    counts = {}
    for mu, gamma in ((0, 0), (0.01, 0), (0, 0.04)):
        drag(page, "columns", "mu", mu)
        drag(page, "columns", "gamma", gamma)
        counts[mu, gamma] = tuple(map(int, re.findall(r"(\d+) of", words(page, "columns"))))
    assert counts[0, 0] == (0, 0) and counts[0.01, 0][0] > 10
    assert counts[0, 0.04][1] > 3 and counts[0, 0.04][0] == 6 * counts[0, 0.04][1]     # whole columns, nothing else
    learnt, now, unsplit, unstamped = re.findall(r"\d\.\d{3}", words(page, "stamps"))
    assert learnt == now and len({learnt, unsplit, unstamped}) == 3


def test_golden_cases_on_the_page(page):
    press(page, "#run-golden")
    many = len(cases(*operations_of(MATHEMATICS.read_text("utf-8"))))
    assert words(page, "golden").startswith(f"{many} of {many} cases")
    page.value("operations.soft_threshold = () => ({ w: Float64Array.of(0) })")
    press(page, "#run-golden")
    assert words(page, "golden").startswith(f"{many - len(cases('soft_threshold'))} of {many}")


def learn(page):
    """Press Learn; R as texts, a list for each row."""
    press(page, "#learn")
    end = time.monotonic() + 120
    while not words(page, "stream").startswith("Learnt") and time.monotonic() < end:
        drag(page, "shrinkage", "mu", 0.3)
        time.sleep(0.05)
    assert words(page, "stream").startswith("Learnt")
    return page.value("[...document.querySelectorAll('#stream-matrix tr')]"
                      ".map(row => [...row.cells].map(cell => cell.textContent))")


def test_it_begins_with_the_options_of_the_toy_stream(page):
    ours = {name: page.value(f"Number(slider('stream', '{name}').value)") for name in ("gamma", "tau", "sigma", "k", "mu_head")}
    assert ours == {name: OPTIONS[name] for name in ours}
    assert [page.value(f"slider('stream', '{name}').value") for name in ("mu", "lam")] == ["1", "1"]
    told = {name: tuple(value) if isinstance(value, list) else value for name, value in page.value("TOY_OPTIONS").items()}
    default = asdict(DENConfig(**OPTIONS))
    assert {name: default[name] for name in told} == told and set(OPTIONS) - {"dtype"} <= set(told)


@pytest.mark.parametrize("seed", [1, 8])
def test_the_stream_is_learnt_while_the_page_answers(page, seed):
    drag(page, "stream", "seed", seed)
    rows = learn(page)
    assert [sum(bool(text) for text in row[1:]) for row in rows] == [1, 2, 3, 4]
    assert all(float(text) > 0.9 for row in rows for text in row[1:] if text)
    boxes = page.value("[...document.querySelectorAll('#stream-boxes li')].map(e => e.textContent)")
    assert len(boxes) > 20 and any("grow" in box for box in boxes)


@pytest.mark.parametrize("seed, low, high", [(3, 0.5, 0.5), pytest.param(9, 0.84, 0.88, marks=pytest.mark.slow)])
def test_mu_that_takes_what_the_first_task_needs(page, seed, low, high):
    """As the page says of mu × 1, of mu × 0.5 and of seeds 3 and 9."""
    drag(page, "stream", "seed", seed)
    assert all(low <= float(row[1]) <= high for row in learn(page))
    drag(page, "stream", "mu", 0.5)
    assert all(float(row[1]) > 0.9 for row in learn(page))


def test_questions_mark_themselves(page):
    for one in questions()[:3]:
        page.value(f"document.querySelectorAll('#{one.id} input')[{one.answer}].click()")
    wrong = questions()[3]
    page.value(f"document.querySelectorAll('#{wrong.id} input')[{(wrong.answer + 1) % 3}].click()")
    assert words(page, "questions").startswith("3 right of 4 answered")
    said = page.value(f"document.querySelector('#{wrong.id} output').textContent")
    assert said == f"✗ {wrong.feedback[(wrong.answer + 1) % 3]}"


def test_in_korean(page):
    page.value("document.querySelectorAll('#zeros input')[0].click()")
    page.click("#language")
    visible = page.value("document.body.innerText")
    assert "분할" in visible and "Why L1" not in visible and page.value("document.documentElement.lang") == "ko"
    assert questions("ko")[0].feedback[0] in visible               # an answer given stays given
    page.click("#language")
    assert "Why L1" in page.value("document.body.innerText")


#: What can be operated, in the order of the page; a group of radio buttons is one stop.
STOPS = ("[...document.querySelectorAll('a[href], button, input')].filter(e => e.checkVisibility() "
         "&& !(e.type === 'radio' && e.value !== '0'))")


def stop(page):
    """Where the focus is, as its number among the stops, and what it stands on; None outside of the page."""
    return page.value(f"(() => {{ const e = document.activeElement, at = {STOPS}.indexOf(e); return at < 0 ? null : "
                      "[at, e.type || e.localName, e.closest('section')?.id ?? '', e.name || e.id,"
                      " e.matches(':focus-visible') && getComputedStyle(e).outlineStyle !== 'none']; })()")


def test_the_keyboard_alone(page):
    """Tab leads through everything, once, in order and out again; on its way each thing obeys its keys."""
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    reached, many = [], page.value(f"{STOPS}.length")
    try:
        key(page, "Tab")
        while (now := stop(page)) and len(reached) <= many:
            number, kind, room, name, outlined = now
            assert outlined, now
            reached.append(number)
            if kind != "a":
                obeys(page, kind, room, name)
            assert stop(page) == now                               # operating it does not lose the place
            key(page, "Tab")
    finally:
        page.ask("Emulation.setEmulatedMedia", features=[])
    assert reached == list(range(many)) and many > 60


def obeys(page, kind, room, name):
    """What has the focus does what it is there for, by its own keys."""
    value = "document.activeElement.value"
    before = page.value(value)
    if kind == "range":
        key(page, "ArrowLeft" if page.value(f"{value} === document.activeElement.max") else "ArrowRight")
        assert page.value(value) != before, (room, name)
    elif kind == "checkbox":
        key(page, " ")
        assert page.value("document.activeElement.checked")
    elif kind == "radio":
        key(page, " ")
        assert page.value("document.activeElement.checked && document.querySelector(`#${document.activeElement.name} output`).value")
        for press, answer in (("ArrowDown", "1"), ("ArrowUp", "0")):
            key(page, press)
            assert page.value(value) == answer
    elif name == "language":
        for press, language in ((" ", "ko"), ("Enter", "en")):
            key(page, press)
            assert page.value("document.documentElement.lang") == language
    elif name == "learn":
        key(page, "Enter")
        assert words(page, "stream") == "Learning …"
        page.value("worker.terminate()")
    elif name == "run-golden":
        key(page, " ")
        assert words(page, "golden")
    else:                                                          # it plays a slider to its end
        slide = f"slider('{room}', document.activeElement.dataset.play)"
        page.value(f"{slide}.value = {slide}.min")
        key(page, "Enter")
        assert page.value(f"{slide}.value === {slide}.max"), room


def test_links_lead_to_their_sections(page):
    for room in ROOMS:
        page.value(f"document.querySelector('nav [href=\"#{room}\"]').focus()")
        key(page, "Enter")
        key(page, "Tab")                                           # the next stop is the section's first
        assert stop(page)[2] == room


def test_every_slider_has_a_name(page):
    assert page.value(f"{SLIDERS}.filter(e => !e.labels.length || !e.labels[0].innerText.trim()).length") == 0


@pytest.mark.parametrize("width", [1920, 1280, 390])
def test_nothing_sticks_out(page, width):
    page.resize(width, 800)
    assert page.value("document.documentElement.scrollWidth") <= width
    outside = f"[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > {width})"
    assert page.value(f"{outside}.filter(e => e.checkVisibility() && !e.closest('svg')).length") == 0


def test_who_wants_no_motion_sees_the_end_at_once(page):
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    try:
        page.value("document.querySelector('#selection [data-play]').click()")
        assert page.value("slider('selection', 'steps').value") == "3" and "inputs" in words(page, "selection")
    finally:
        page.ask("Emulation.setEmulatedMedia", features=[])


def test_dark_and_printed(page):
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = page.value("getComputedStyle(document.documentElement).backgroundColor")
    page.ask("Emulation.setEmulatedMedia", media="print", features=[])
    try:
        assert dark == "rgb(21, 24, 27)"
        assert page.value("document.getElementById('learn').checkVisibility()") is False
        pdf = base64.b64decode(page.ask("Page.printToPDF")["data"])
        assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20
    finally:
        page.ask("Emulation.setEmulatedMedia", media="", features=[])
