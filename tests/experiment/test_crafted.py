"""Archives with a right checksum in which one thing is wrong: each is refused in words, by whoever reads it."""

import json
import shutil

import numpy as np
import pytest

import den_ref
from den_ref.cli import main
from den_ref.experiment import kept_steps
from den_ref.experiment.disk.archives import read_archive, write_archive

RUNS = {
    "den": ("den", {"hidden": (6, 5), "tau": 0.0, "sigma": 0.01, "epochs_eq2": 3, "epochs_eq4": 2, "epochs_eq5": 2,
                    "epochs_eq6": 2}),
    "ewc": ("ewc", {"hidden": (4,), "epochs": 1}),
    "mtl": ("mtl", {"hidden": (4,), "epochs": 1}),
    "stl": ("stl", {"hidden": (4,), "epochs": 1}),
    "progressive": ("progressive", {"hidden": (4, 3), "epochs": 1}),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Small runs of three tasks, by method, with their steps."""
    folder = tmp_path_factory.mktemp("runs")
    for name, (method, settings) in RUNS.items():
        den_ref.run(method, "toy", settings=settings, n_tasks=3, out=folder / name, keep_steps=True)
    return folder


# --- one fault each: a function of the header and the arrays, which it changes --------------------------------------


def gone(name):
    return lambda header, arrays: arrays.pop(name)


def other(name, change):
    def fault(header, arrays):
        arrays[name] = change(arrays[name])
    return fault


def of_meta(change):
    def fault(header, arrays):
        facts = json.loads(arrays["meta"].tobytes())
        change(facts)
        arrays["meta"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    return fault


def of_header(change):
    return lambda header, arrays: change(header["results"])


def entry(index, value):
    def changed(array):
        array = array.copy()
        array[index] = value
        return array
    return changed


def shorter(array):
    return array[:-1]


def longer(array):
    return np.concatenate([array, array[-1:]])


def texts(array):
    return np.frombuffer(b"not JSON", np.uint8)


def put(place, value):
    """Change what stands at a place of nested lists and dicts."""
    def change(facts):
        *way, last = place
        for key in way:
            facts = facts[key]
        facts[last] = value
    return change


def remove(place):
    def change(facts):
        *way, last = place
        for key in way:
            facts = facts[key]
        del facts[last]
    return change


CHANGES = {"shorter": shorter, "longer": longer, "bool": lambda a: a.astype(bool), "complex": lambda a: a.astype(complex),
           "flat": lambda a: a.ravel()[None], "scalar": lambda a: a.ravel()[0], "empty": lambda a: a[:0],
           "float16": lambda a: a.astype(np.float16), "nan": entry(0, np.nan), "text": lambda a: a.astype("U3")}
OF_INTEGERS = ("nan", "float16")

DEN = {f"{name} {what}": other(name, change)
       for name in ("weights/0", "biases/1", "heads/1/weights", "heads/0/bias", "birth/weights/1", "birth/biases/0")
       for what, change in CHANGES.items()}
DEN |= {f"{name} {what}": other(name, change) for name in ("introduced/0", "retired/1")
        for what, change in CHANGES.items() if what not in OF_INTEGERS}
DEN |= {f"{name} missing": gone(name) for name in (
    "weights/1", "biases/0", "introduced/1", "retired/0", "heads/2/weights", "heads/0/bias", "birth/weights/0", "meta")}
DEN |= {
    "retired before introduced": other("retired/0", entry(0, 0)),
    "retired when introduced": other("retired/0", entry(0, 1)),
    "retired after the last stage": other("retired/0", entry(0, 9)),
    "introduced at stage 0": other("introduced/0", entry(0, 0)),
    "introduced after the last stage": other("introduced/0", entry(-1, 9)),
    "introduced out of order": other("introduced/0", lambda a: np.where(np.arange(len(a)) == 0, 2, a).astype(a.dtype)),
    "an array more": lambda header, arrays: arrays.update({"weights/7": arrays["weights/1"]}),
    "a foreign array": lambda header, arrays: arrays.update({"more": np.zeros(2, np.float32)}),
    "all in float64": lambda header, arrays: arrays.update(
        {name: a.astype(float) for name, a in arrays.items() if a.dtype.kind == "f"}),
    "meta is not JSON": other("meta", texts),
    "meta is a list": other("meta", lambda a: np.frombuffer(b"[]", np.uint8)),
    "meta is deep": other("meta", lambda a: np.frombuffer(b"[" * 100_000, np.uint8)),
    "meta has NaN": of_meta(lambda facts: facts.update(layers=float("nan"))),
    "meta without heads": of_meta(remove(["heads"])),
    "meta without generator": of_meta(remove(["rng"])),
    "meta of another generator": of_meta(put(["rng", "bit_generator"], "MT19937")),
    "meta with a text for a state": of_meta(put(["rng", "state"], "x")),
    "meta with other layers": of_meta(put(["layers"], 5)),
    "fewer stages than heads": of_header(lambda results: results["stages"].pop()),
    "fewer heads than stages": of_meta(lambda facts: facts["heads"].pop()),
    "a head of another stage": of_meta(put(["heads", 1, "stage"], 3)),
    "a head of stage 0": of_meta(put(["heads", 0, "stage"], 0)),
    "a head of stage True": of_meta(put(["heads", 0, "stage"], True)),
    "a head of a text for a stage": of_meta(put(["heads", 0, "stage"], "1")),
    "a head of an unknown loss": of_meta(put(["heads", 0, "loss"], "hinge")),
    "a head of another loss": of_meta(put(["heads", 0, "loss"], "softmax")),
    "a head of another task": of_meta(put(["heads", 0, "task"], 7)),
    "two heads of a task": of_meta(put(["heads", 0, "task"], 1)),
    "a head of a dict for a task": of_meta(put(["heads", 0, "task"], {})),
    "a head without loss": of_meta(remove(["heads", 0, "loss"])),
    "no record": lambda header, arrays: header.pop("results"),
    "a list for a record": lambda header, arrays: header.update(results=[]),
    "an unknown method": of_header(put(["run", "method"], "dem")),
    "an unknown option": of_header(put(["run", "options", "more"], 1)),
    "a bad option": of_header(put(["run", "options", "k"], -1)),
    "a dict for an option": of_header(put(["run", "options", "hidden"], {})),
    "another precision": of_header(put(["run", "options", "dtype"], "float64")),
    "other inputs": of_header(put(["run", "stream", "n_inputs"], 3)),
    "a task more": of_header(lambda results: results["run"]["tasks"].append(9)),
    "a stage of another number": of_header(put(["stages", 1, "stage"], 7)),
    "a stage of another task": of_header(put(["stages", 1, "task"], 0)),
    "complete though it is not": of_header(put(["complete"], False)),
    "R above 1": of_header(put(["R", "auroc", 0, 0], 1.5)),
    "R of what is unseen": of_header(put(["R", "auroc", 0, 2], 0.5)),
    "a text in R": of_header(put(["R", "accuracy", 1, 0], "high")),
    "a ragged R": of_header(lambda results: results["R"]["auroc"][1].pop()),
    "another capacity": of_header(put(["stages", 2, "capacity", "allocated"], 5)),
    "other widths": of_header(put(["stages", 2, "capacity", "widths"], [1, 2])),
    "a size per task too few": of_header(lambda results: results["stages"][2]["capacity"]["per_task"].pop()),
    "steps out of order": of_header(put(["stages", 0, "steps", 0, "number"], 4)),
}
OTHERS = {
    ("ewc", "body missing"): gone("body/W1"), ("ewc", "Fisher of another shape"): other("fisher/W1", shorter),
    ("ewc", "Fisher missing"): gone("fisher/b1"), ("ewc", "bool"): other("body/W1", CHANGES["bool"]),
    ("stl", "a head of another shape"): other("networks/0/V", longer),
    ("stl", "bias missing"): gone("networks/1/b1"), ("stl", "complex"): other("networks/2/W1", CHANGES["complex"]),
    ("stl", "a network more"): lambda header, arrays: arrays.update({"networks/3/W1": arrays["networks/0/W1"]}),
    ("mtl", "weights of another shape"): other("network/W1", shorter), ("mtl", "head missing"): gone("network/V0"),
    ("mtl", "places"): of_meta(lambda facts: facts.update(places=[])),
    ("progressive", "meta"): other("meta", texts),
}
OTHERS |= {("progressive", f"array {i} {what}"): (i, CHANGES[what])
           for i in (0, 3, 9, 14) for what in ("shorter", "bool", "nan")}
CASES = [*(("den", name, fault) for name, fault in DEN.items()),
         *((method, name, fault) for (method, name), fault in OTHERS.items())]


def crafted(runs, method, fault, tmp_path, file="network.npz"):
    """The run with a fault in one of its archives, whose checksum is right."""
    folder = tmp_path / "run"
    shutil.copytree(runs / method, folder)
    kind = "network" if file == "network.npz" else "step"
    header, arrays = read_archive(folder / file, kind)
    if isinstance(fault, tuple):
        number, change = fault
        fault = other(sorted(name for name in arrays if arrays[name].dtype.kind == "f")[number], change)
    fault(header, arrays)
    header = {name: value for name, value in header.items() if name not in ("format", "version", "sha256")}
    write_archive(folder / file, kind, header, arrays)
    return folder


def test_there_are_a_hundred():
    assert len(CASES) >= 100


def test_what_is_not_crafted_opens(runs):
    for method in RUNS:
        assert den_ref.load(runs / method).tasks == [0, 1, 2]
        assert len(list(kept_steps(runs / method))) >= 3


@pytest.mark.parametrize("method, name, fault", CASES, ids=[f"{method}: {name}" for method, name, _ in CASES])
def test_a_crafted_checkpoint_is_refused(runs, tmp_path, capsys, method, name, fault):
    folder = crafted(runs, method, fault, tmp_path)
    with pytest.raises(ValueError, match=r"network\.npz|method: expected|options: |expected"):
        den_ref.load(folder)
    options = [f"{key}={','.join(map(str, value)) + ',' if isinstance(value, tuple) else value}"
               for key, value in RUNS[method][1].items()]
    before = (folder / "network.npz").read_bytes()
    status = main(["run", "--method", RUNS[method][0], "--stream", "toy", "--tasks", "3", "--set", *options,
                   "--out", str(folder), "--resume"])
    said = capsys.readouterr().err
    assert status == 2 and said.startswith("den-ref: ") and said.count("\n") == 1, said
    assert (folder / "network.npz").read_bytes() == before


def of_step(change):
    return lambda header, arrays: change(header)


def changed_weight(what):
    """A change of the first array of the model that a step holds."""
    def fault(header, arrays):
        name = sorted(name for name in arrays if name.startswith("after/") and arrays[name].dtype.kind == "f")[0]
        arrays[name] = CHANGES[what](arrays[name])
    return fault


STEPS = {"no box": of_step(remove(["box"])), "a number for a title": of_step(put(["title"], 3)),
         "a text for heads": of_step(put(["heads"], "x")), "a list for facts": of_step(put(["facts"], [])),
         "removed numbers": of_step(put(["removed"], [1])), "not first": of_step(put(["first"], False)),
         **{what: changed_weight(what) for what in ("shorter", "longer", "bool", "complex", "scalar", "text")}}


@pytest.mark.parametrize("method", ["den", "stl"])
@pytest.mark.parametrize("name", STEPS)
def test_a_crafted_step_is_refused(runs, tmp_path, capsys, method, name):
    folder = crafted(runs, method, STEPS[name], tmp_path, "steps/001.npz")
    assert main(["report", str(folder)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("den-ref: ") and said.count("\n") == 1 and not (folder / "report.html").exists()
