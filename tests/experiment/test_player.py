"""The page that plays a run: whole, self-contained, and everything of the run in it as text."""

import base64
import re
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib.woff2 import WOFF2DirectoryEntry, woff2DirectorySize

import den_ref
from den_ref.cli import main
from den_ref.core.result import Result
from den_ref.den import DEN, explained
from den_ref.den.explained import BOXES
from den_ref.den.finetune import FineTuned
from den_ref.describe import LETTERS
from den_ref.experiment import Display, kept_steps, write_player
from den_ref.experiment.pages.player import article, html_page as player
from den_ref.experiment.pages.player.learnt import learnt
from den_ref.experiment.pages.player.markup import as_math, with_math
from den_ref.experiment.pages.player.opening import _as_html, opening
from den_ref.experiment.pages.player.outcome import outcome
from den_ref.methods import REGISTRY
from den_ref.methods.shared.network import NetworkMethod
from den_ref.protocol import Step
from den_ref.tasks import STREAMS
from den_ref.tasks.arrays import stream_from_arrays

VOID = {"meta", "link", "img"}
QUICK = {"hidden": (5, 4), "epochs_eq2": 2, "epochs_eq4": 1, "epochs_eq5": 2, "epochs_eq6": 1, "sigma": 0.0}
NASTY = '<b>&"\'</script>'


class Reader(HTMLParser):
    """Reads a page strictly: every element closed in its order; (tag, attributes) of all, and each article's text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts, self.titles = [], [], {}, []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == "article":
            self.texts[attributes["id"]] = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another"

    def handle_data(self, data):
        if "article" in self.open:
            self.texts[list(self.texts)[-1]] += data
        if self.open[-1:] == ["title"]:
            self.titles.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def nasty_stream(n_tasks=2):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))

    def task(i):
        y = (x[:, i] > 0).astype(int)
        return {"id": f"{NASTY}{i}"} | {f"{a}_{s}": v for s in ("train", "valid", "test") for a, v in (("x", x), ("y", y))}

    return stream_from_arrays([task(i) for i in range(n_tasks)])


@pytest.fixture(scope="module")
def nasty_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    den_ref.run("den", nasty_stream(), out=folder, keep_steps=True, settings=QUICK)
    return folder, write_player(folder).read_text("utf-8")


@pytest.fixture
def no_pictures(monkeypatch):
    """Pictures cost time, and most tests are not about them."""
    monkeypatch.setattr(article, "drawn", lambda figure: article.Image(300, 100, "data:,", "not drawn"))


def test_every_step_has_its_article(nasty_run):
    folder, text = nasty_run
    read, steps = Reader(text), list(kept_steps(folder))
    boxes = {str(i): step for i, step in enumerate(steps, 1)}
    ends = [name for name, step in boxes.items() if step.stage == 1][-1], list(boxes)[-1]
    order = ["start"]
    for name in boxes:
        order += [name, *(f"learnt-{stage}" for stage, end in enumerate(ends, 1) if name == end)]
    assert list(read.texts) == [*order, "end"] and len(steps) >= 8
    for name, step in boxes.items():
        for words in (step.title, step.sentence, f"task {step.task}, learnt "):
            assert article.begun(words) in read.texts[name]
        assert step.about.why in read.texts[name]
    listed = [a["href"] for a in read.all("a")][-len(read.texts):]
    assert listed == [f"#{name}" for name in read.texts]
    assert read.all("progress")[0]["max"] == str(len(read.texts))


def test_pictures_are_told_in_words_of_their_own(nasty_run):
    """What is written in them, not the sentence once more; and a caption."""
    folder, text = nasty_run
    images, captions = Reader(text).all("img"), re.findall("<figcaption>(.+?)</figcaption>", text)
    assert len(images) == len(captions) == len(list(kept_steps(folder))) + 3
    sentences = [step.sentence for step in kept_steps(folder)]
    for image in images:
        assert re.match(r"Panel 1: \S", image["alt"]) and not any(sentence in image["alt"] for sentence in sentences)
    assert "loss over epoch; training, validation" in images[0]["alt"]


def test_what_comes_from_data_is_text(nasty_run):
    _, text = nasty_run
    read = Reader(text)
    assert all(NASTY in said for name, said in read.texts.items() if name != "end")
    assert "b" not in {tag for tag, _ in read.tags} and text.count("</script>") == 1


def test_pictures_are_svg_of_the_size_said(nasty_run):
    for img in Reader(nasty_run[1]).all("img"):
        kind, _, data = img["src"].partition(",")
        svg = ElementTree.fromstring(unquote(data))
        assert kind == "data:image/svg+xml" and svg.tag.endswith("}svg")
        inches = [float(svg.attrib[side].removesuffix("pt")) / 72 for side in ("width", "height")]
        assert [int(img[side]) for side in ("width", "height")] == pytest.approx([96 * i for i in inches], abs=1)
        for embedded in re.findall(r'href="data:image/png;base64,([^"]+)"', unquote(data)):
            assert base64.b64decode(embedded)[:4] == b"\x89PNG"


def test_nothing_is_loaded_from_anywhere(nasty_run):
    read = Reader(nasty_run[1])
    links = [a[name] for tag, a in read.tags for name in ("src", "href", "srcset", "action", "data") if name in a]
    assert len(links) >= 17 and all(link.startswith(("data:", "#")) for link in links)
    own = re.sub(r'src="[^"]*"', "", nasty_run[1])
    assert not re.search(r"https?://|@import|url\((?!.data:)|fetch\(|XMLHttpRequest|import\(", own)
    policy, = [m["content"] for m in read.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "http" not in policy


def test_same_step_same_text(nasty_run):
    folder, text = nasty_run
    assert player.box(next(kept_steps(folder)), 1, den_ref.experiment.read_results(folder)["run"]) in text


def test_strengths_are_those_of_the_run(no_pictures, tmp_path):
    den_ref.run("den", "toy", n_tasks=2, out=tmp_path, keep_steps=True, settings={**QUICK, "gamma": 0.0321, "tau": 0.0, "k": 4})
    said, = [t for t in Reader(write_player(tmp_path).read_text("utf-8")).texts.values() if "Algorithm 3, Eq. 5" in t]
    assert re.search(r"γ = 0\.0321\b", said) and "added4, 4" in said


def test_a_box_of_ones_own_needs_no_formula_and_no_facts(no_pictures):
    text = player.box(Step(1, "a", "mine", "My box", "something happened"), 3, {})
    read = Reader(text)
    assert "Something happened" in read.texts["3"] and "formula" not in text


class Drawing(Display):
    def __init__(self, stop=None):
        self.told, self.stop = [], stop

    def drawing(self, number, total):
        self.told.append((number, total))
        if number == self.stop:
            raise KeyboardInterrupt


def test_every_picture_is_announced(nasty_run, no_pictures, tmp_path):
    watch = Drawing()
    write_player(nasty_run[0], tmp_path / "page.html", watch)
    n = len(list(kept_steps(nasty_run[0]))) + 3                     # two tasks are learnt, and the end
    assert watch.told == [(i, n) for i in range(1, n + 1)]


def test_interrupted_the_old_page_stays(nasty_run, no_pictures, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_player(nasty_run[0], page, Drawing(stop=3))
    assert page.read_text() == "old" and list(tmp_path.iterdir()) == [page]


def test_a_page_that_cannot_be_moved_into_place_leaves_nothing(nasty_run, no_pictures, tmp_path):
    (tmp_path / "page").mkdir()
    with pytest.raises(OSError):
        write_player(nasty_run[0], tmp_path / "page")
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


# --- what stands before and after the boxes ----------------------------------------------------------------------


def test_the_first_page_has_tasks_options_and_a_map(no_pictures, tmp_path):
    den_ref.run("den", "toy", n_tasks=2, out=tmp_path, keep_steps=True, settings=QUICK)
    text = write_player(tmp_path).read_text("utf-8")
    start = text[text.index('<article id="start"'):text.index('<article id="1"')]
    assert "Four binary tasks" in start and "task 1:  y = 1  iff  q &gt; 0" in start and "train: 1,000" in start
    changed, default = start.split("<details>")
    assert re.search(r'<th scope="row">sigma .*?</th><td>0</td><td>', changed)           # other than its default: first
    assert re.search(r'<th scope="row">beta1</th>', default) and "beta1" not in changed
    map_, = re.findall(r'<nav class="map".*?</nav>', start, flags=re.DOTALL)
    head, *rows = re.findall(r"<tr>(.*?)</tr>", map_)
    columns = re.findall(r'<th scope="col">(.*?)</th>', head)
    assert columns.index("Eq. 2") < columns.index("Eq. 3") < columns.index("removal") < columns.index("learnt, AUROC")
    steps = list(kept_steps(tmp_path))
    for stage, row in enumerate(rows, 1):
        links = re.findall(r'href="#(.*?)"', row)
        own = [str(i) for i, step in enumerate(steps, 1) if step.stage == stage]
        assert sorted(links) == sorted([*own, f"learnt-{stage}"])
        cells = re.findall(r"<td>(.*?)</td>", row)
        assert {column: cell for column, cell in zip(columns[1:], cells)}["Eq. 2"].count("<a") == (stage == 1)


def results_of(R, tasks=("a", "b", "c"), complete=True):
    """results.json of a run with this matrix, in which every stage adds a unit."""
    size = {"nonzero": 3, "arrays": 9, "stored": {}, "stl": 1000, "allocated_share": 0.1, "nonzero_share": 0.1}
    stages = [{"stage": i, "task": task, "seconds": 1.0, "steps": [],
               "capacity": {**size, "allocated": 100 * i, "widths": [i, 7], "per_task": [1] * i}}
              for i, task in enumerate(tasks[:len(R)], 1)]
    run = {"method": "none of ours", "options": {"own": 1}, "seed": 0, "tasks": list(tasks), "stream": {"name": "mine"}}
    return {"complete": complete, "run": run, "R": {"auroc": np.array(R), "accuracy": np.array(R)}, "stages": stages}


NAN = np.nan
FALLING = [[0.9, NAN, NAN], [0.8, 0.95, NAN], [0.85, 0.65, 0.7]]


def test_a_learnt_task_is_held_against_the_stage_before(no_pictures):
    text = learnt(results_of(FALLING), 3)
    rows = [re.sub("<.*?>", "|", row) for row in re.findall("<tr>(.*?)</tr>", text)]
    assert "|task a||0.9000||0.8000||0.8500||+0.0500|" in rows and "|task b||0.9500||0.9500||0.6500||-0.3000|" in rows
    assert "|task c||0.7000||-||0.7000||-|" in rows and "||mean AUROC|||0.8500||0.8750||0.7333|||" in rows
    assert "AUROC 0.7000 on task c." in text and "moved by -0.1250 in the mean; task b fared least well: -0.3000" in text
    assert "300 parameters; +100 for this task." in text and "|units per hidden layer||2, 7||3, 7|" in rows


def test_the_last_page_says_what_was_forgotten(no_pictures):
    text = outcome(results_of(FALLING))
    assert "Mean AUROC 0.7333 at the end, 0.8500 just after each task was learnt." in text
    assert {("mean AUROC at the end", "0.7333"), ("mean AUROC just learnt", "0.8500"), ("forgetting", "0.1750"),
            ("backward transfer", "-0.1750"), ("parameters, allocated", "300"), ("of these nonzero", "3")
            } <= set(numbers_of(text))
    assert all(f"<dt>{term}</dt>" in text for term in ("residual", "duality gap", "objective", "drift"))


def test_where_all_classes_are_asked_for_pages_are_of_accuracy(no_pictures):
    """The scenario says which score is looked at: AUROC stands in one row, as the other one."""
    results = results_of(FALLING)
    results["run"]["stream"]["scenario"] = "class-incremental"
    results["R"]["auroc"] = np.where(np.isnan(FALLING), NAN, 0.99)
    text = learnt(results, 3)
    assert "Accuracy 0.7000 on task c." in text and "mean accuracy</abbr>" in text and "AUROC" not in text
    text = outcome(results)
    assert "Mean accuracy 0.7333 at the end" in text
    assert {("mean accuracy at the end", "0.7333"), ("mean AUROC at the end", "0.9900")} <= set(numbers_of(text))
    assert "learnt, accuracy" in opening(results, [(1, Step(1, "a", "b", "c", "d"))])


@pytest.mark.parametrize("R", [[[0.9, NAN, NAN]], [[NAN, NAN, NAN], [NAN, NAN, NAN]]])
def test_what_was_not_measured_has_a_dash(R):
    """One task, and scores of a test split with a single class; drawn as well."""
    results = results_of(R, complete=False)
    for text in (learnt(results, len(R)), outcome(results)):
        assert "nan" not in re.sub('src="[^"]*"', "", text).lower()


# --- runs that are not whole -------------------------------------------------------------------------------------


def learn_some(folder, n_tasks, **options):
    """The first tasks of a run of three, then as if interrupted."""
    class Stop(Display):
        def learnt(self, run):
            if len(run.stages) == n_tasks:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        den_ref.run("stl", "toy", n_tasks=3, out=folder, display=Stop(), settings={"hidden": (4,), "epochs": 1},
                    **options)


def test_steps_from_a_later_task_on(no_pictures, tmp_path):
    learn_some(tmp_path, 2)
    den_ref.run("stl", "toy", n_tasks=3, out=tmp_path, resume=True, keep_steps=True,
                settings={"hidden": (4,), "epochs": 1})
    text = write_player(tmp_path).read_text("utf-8")
    assert list(Reader(text).texts) == ["start", "3", "learnt-3", "end"]
    assert "The first 2 boxes were not kept." in text


def test_an_unfinished_run_says_so(no_pictures, tmp_path):
    learn_some(tmp_path, 2, keep_steps=True)
    text = write_player(tmp_path).read_text("utf-8")
    assert list(Reader(text).texts) == ["start", "1", "learnt-1", "2", "learnt-2", "end"]
    assert "Unfinished: 2 of these tasks are learnt." in text and "What the run came to so far" in text
    assert Reader(text).titles == ["stl on toy, seed 0, 3 tasks"]


def test_a_run_without_results_yet(no_pictures, tmp_path):
    learn_some(tmp_path, 1, keep_steps=True)
    (tmp_path / "results.json").unlink()
    read = Reader(write_player(tmp_path).read_text("utf-8"))
    assert read.titles == ["A run whose first task is unfinished"] and list(read.texts) == ["1"]


# --- the commands ------------------------------------------------------------------------------------------------


RUN = "run --method stl --stream toy --hidden 4 --tasks 2 --set epochs=1"


def test_run_with_report_writes_the_page(no_pictures, tmp_path, capsys):
    assert main(f"{RUN} --out {tmp_path} --report".split()) == 0
    printed = capsys.readouterr().out
    assert len(Reader((tmp_path / "report.html").read_text("utf-8")).texts) == 6
    assert "drawing 5 pictures" in printed and (tmp_path / "report.html").as_uri() in printed
    assert main(f"report {tmp_path} --out {tmp_path / 'other.html'}".split()) == 0
    assert (tmp_path / "other.html").read_bytes() == (tmp_path / "report.html").read_bytes()


def test_without_kept_steps_it_says_how_to_get_them(tmp_path, capsys):
    main(f"{RUN} --out {tmp_path}".split())
    assert main(["report", str(tmp_path)]) == 2
    assert "--keep-steps" in capsys.readouterr().err and not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("text, words", [
    ("report {tmp}", "DIR: expected that of a run"),
    ("report {tmp}/none", "DIR: expected that of a run"),
    (RUN + " --report", "--report: expected a folder"),
])
def test_what_is_refused(tmp_path, capsys, text, words):
    assert main(text.format(tmp=tmp_path).split()) == 2
    assert words in capsys.readouterr().err


def test_ctrl_c_while_drawing(monkeypatch, tmp_path, capsys):
    def interrupted(figure):
        raise KeyboardInterrupt

    monkeypatch.setattr(article, "drawn", interrupted)
    assert main(f"{RUN} --out {tmp_path} --report".split()) == 130
    assert f"den-ref report {tmp_path}" in capsys.readouterr().err
    assert not list(tmp_path.glob("*report*")) and (tmp_path / "results.json").exists()


# --- the numbers -------------------------------------------------------------------------------------------------


def numbers_of(text):
    """Names and numbers of a box, without what is said of the names."""
    cells = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', text)
    return [(re.sub("<.*?>", "", name), number) for name, number in cells]


def test_numbers_stand_beside_their_names(no_pictures):
    """Of a box that solves Eq. 3: facts, then the solve, each number another."""
    solve = Result(nit=7, fun=0.25, residual=0.5, gap=0.125, prox_residual=0.0625, message="converged", history={})
    step = Step(1, 0, "eq3", "A title", "a sentence", facts={"head_units": 3, "shares": [0.5, None]}, solve=solve,
                seconds=1.25)
    assert numbers_of(player.box(step, 1, {})) == [("head units", "3"), ("shares", "0.5, -"), ("iterations", "7"), ("objective", "0.25"),
        ("residual", "0.5"), ("duality gap", "0.125"), ("prox residual", "0.0625"), ("seconds", "1.25")]


def test_a_certificate_of_0_is_shown(no_pictures):
    step = Step(1, 0, "eq3", "A title", "a sentence", solve=Result(nit=0, fun=0.0, residual=0.0, gap=None))
    assert numbers_of(player.box(step, 1, {})) == [
        ("iterations", "0"), ("objective", "0"), ("residual", "0"), ("seconds", "0.00")]


def test_what_a_solve_did_not_say_has_no_line(no_pictures):
    step = Step(1, 0, "eq4", "A title", "a sentence", solve=Result(nit=4, fun=1e-7))
    assert numbers_of(player.box(step, 1, {})) == [
        ("iterations", "4"), ("objective", "1·10⁻⁷"), ("seconds", "0.00")]


# --- the formulas ------------------------------------------------------------------------------------------------


OF_METHODS = [(name, box) for name, method in REGISTRY.items() for box in method.explained]


def formula(method, box, options=None):
    """What a method says that a box computes, with options other than its defaults."""
    kind = REGISTRY[method]
    return kind.explained[box].formula_with(vars(kind.Config()) | (options or {}))


def test_every_box_has_its_formula():
    package = Path(den_ref.__file__).parent
    sources = [path.read_text("utf-8") for path in (package / "den").glob("*.py")]
    boxes = {box for source in sources for box in re.findall(r'stage\.(?:step|retrained)\(\s*"(\w+)"', source)}
    assert len(boxes) > 10 and boxes == set(FineTuned.explained) == {*DEN.explained, "finetune"}
    plain = {name: set(method.explained) for name, method in REGISTRY.items()
             if issubclass(method, NetworkMethod) and name not in ("nonparametric", "tree")}
    assert len(plain) > 5 and all(boxes == {"train"} for boxes in plain.values())
    assert all(formula(method, box).text for method, box in OF_METHODS)


def test_every_box_says_what_it_is_there_to_find_out():
    asked = {(method, box): REGISTRY[method].explained[box].why for method, box in OF_METHODS}
    assert all(why and why[0].isupper() and why.endswith("?") and len(why) < 100 for why in asked.values()), asked
    plain = [box for box in OF_METHODS if not issubclass(REGISTRY[box[0]], DEN)]
    assert len(set(asked.values())) == len(set(BOXES) | {"finetune"}) + len(plain)       # no two boxes ask the same


@pytest.mark.parametrize("method, box", OF_METHODS)
def test_a_formula_names_code_and_options_that_exist(method, box):
    known = formula(method, box)
    path, _, name = known.code.partition(": ")
    thing = import_module(path.removesuffix(".py").replace("/", "."))
    for part in name.split(".") if name else ():
        thing = getattr(thing, part)
    assert name or REGISTRY[method].__module__ == thing.__name__   # not the file of the method that it is built on
    options = REGISTRY[method].Config()
    for option in known.options:
        assert hasattr(options, option)
        assert option not in LETTERS or LETTERS[option].partition("_")[0] in known.text + known.note
    Reader(as_math(known.text) + with_math(known.note))


@pytest.mark.parametrize("box, options, there", [
    ("eq4", {"anchor_before_split": "eq4"}, "λ"), ("eq4", {"eq4_norm": "squared"}, "/ 2"),
    ("split", {"drift": "relative"}, "/"), ("eq5", {"gamma_scaling": "sqrt_size"}, "√"), ("eq6", {"eq6": "all"}, "λ"),
])
def test_formulas_follow_the_options(box, options, there):
    other = {"anchor_before_split": "eq6", "eq4_norm": "unsquared", "drift": "absolute", "gamma_scaling": "none",
             "eq6": "new"}
    assert there in formula("den", box, options).text
    assert there not in formula("den", box, {name: other[name] for name in options}).text


@pytest.mark.slow
def test_an_option_that_is_younger_than_the_run_has_its_default(tmp_path):
    den_ref.run("den", "toy", n_tasks=2, out=tmp_path, keep_steps=True, settings=QUICK)
    run = den_ref.experiment.read_results(tmp_path)["run"]
    step = next(step for step in kept_steps(tmp_path) if step.box == "split")
    complete = player.box(step, 1, run)
    assert run["options"].pop("drift") == DEN.Config().drift and player.box(step, 1, run) == complete
    assert 'class="formula"' in complete


@pytest.mark.parametrize("method, box", [("den", "eq2"), ("ewc", "train"), ("progressive", "train"), ("tree", "leaf")])
def test_with_filters_the_norm_is_that_of_edges(method, box):
    """As ``den.equations.sparsity`` has it."""
    dense, filtered = (formula(method, box, {"filters": filters}).text for filters in ((), (3,)))
    assert explained.L1 in dense and explained.L1 not in filtered
    assert filtered == dense.replace(explained.L1, "Σ_l μ_l Σ_{i j} ‖W_{l, i j}‖")


def test_unknown_boxes_have_no_formula(tmp_path):
    den_ref.run("den", "toy", n_tasks=1, out=tmp_path)
    run = den_ref.experiment.read_results(tmp_path)["run"]
    assert "formula" not in player.box(Step(1, 0, "eq2", "A title", "of another method"), 1, run)
    assert "formula" in player.box(Step(1, 0, "eq2", "A title", "of DEN", about=DEN.explained["eq2"]), 1, run)


@pytest.mark.parametrize("stream", STREAMS)
def test_what_is_said_of_tasks_has_no_marks(stream):
    said = " ".join(_as_html(STREAMS[stream].__doc__))
    assert said.startswith("<p>") and ":`" not in said and "``" not in said


def mathml(text):
    """A formula's elements, as nested lists: [name, ...], the text of one without any."""
    def of(element):
        return [element.tag, *map(of, element)] if len(element) else element.text or ""

    return [of(math) for math in ElementTree.fromstring(f"<p>{as_math(text)}</p>")]


@pytest.mark.parametrize("text, pieces", [
    ("W^N_l", [["math", ["msubsup", "W", "l", "N"]]]),                        # stacked, in either order
    ("W_l^N", [["math", ["msubsup", "W", "l", "N"]]]),
    ("Σ_{i ∈ S_l} w_i", [["math", ["mrow", ["munder", "∑", ["mrow", "i", "∈", ["msub", "S", "l"]]], ["msub", "w", "i"]]]]),
    ("√n_j", [["math", ["msqrt", ["msub", "n", "j"]]]]),
    ("a + b", [["math", "a"], ["math", ["mrow", "+", "b"]]]),                  # a line may break before the sum's term
    ("[ + b ]", [["math", ["mrow", "[", "+", "b", "]"]]]),
    ("V_{j k} for k", [["math", ["mrow", ["msub", "V", ["mrow", "j", "", "k"]], "", "for", "", "k"]]]),
])
def test_mathml_of_a_formula(text, pieces):
    assert mathml(text) == pieces


def test_variables_in_prose():
    assert with_math("a unit of l2 < W^{t−1}, the m-th") == (
        "a unit of l2 &lt; <math><msup><mi>W</mi><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow></msup></math>, "
        "the <math><mi>m</mi></math>-th")


def test_the_font_of_formulas_is_small_and_has_what_mathml_needs():
    """The table MATH: where scripts stand, which signs grow."""
    font = (Path(player.__file__).parent / "math.woff2").read_bytes()
    assert font[:4] == b"wOF2" and len(font) < 150_000
    tables, rest = set(), font[woff2DirectorySize:]
    for _ in range(int.from_bytes(font[12:14], "big")):
        entry = WOFF2DirectoryEntry()
        rest = entry.fromString(rest)
        tables.add(str(entry.tag))
    assert {"MATH", "cmap", "glyf"} <= tables
