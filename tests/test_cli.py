"""The command: what it accepts, what it refuses and how it says so."""

import argparse
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import den_ref
from den_ref.cli import main, parser
from den_ref.commands import compare, ending, tune
from den_ref.commands.common import way_on
from den_ref.experiment.tune.search import BUDGETS, Budget
from den_ref.methods import REGISTRY
from den_ref.tasks import STREAMS

STL = REGISTRY["stl"]


def command(text):
    return main(f"run --method stl --stream toy --hidden 4 {text}".split())


def test_a_run_leaves_its_files_and_prints_its_table(tmp_path, capsys):
    assert command(f"--tasks 2 --set mu=0.2 epochs=2 --hidden 5 3 --out {tmp_path}") == 0
    printed = capsys.readouterr()
    results = den_ref.experiment.read_results(tmp_path)
    options = results["run"]["options"]
    assert (options["mu"], options["epochs"], options["hidden"]) == (0.2, 2, [5, 3])
    assert f"{results['R']['auroc'][1].mean():.4f}" in printed.out and str(tmp_path) in printed.out
    assert den_ref.load(tmp_path).tasks == [0, 1]


def test_options_reach_the_stream(tmp_path):
    assert command(f"--order 3,1 --seed 7 --data dtype=float64 --out {tmp_path}") == 0
    stream = den_ref.experiment.read_results(tmp_path)["run"]["stream"]
    assert (stream["order"], stream["seed"], stream["dtype"]) == ([3, 1], 7, "float64")


def test_a_file_is_a_stream(tmp_path, capsys):
    rows = [f"{i % 7 / 3:.2f},{-1 if i % 3 else 1},{'abc'[i % 3]}" for i in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(["x,z,label", *rows]))
    run = f"run --method stl --hidden 4 --set epochs=1 --data-file {tmp_path}/mine.csv"
    assert main(f"{run} --data against_rest=true --order c,a --out {tmp_path}/run".split()) == 0
    facts = den_ref.experiment.read_results(tmp_path / "run")["run"]["stream"]
    assert (facts["file"], facts["order"], facts["labels"][2]) == ("mine.csv", ["c", "a"], ["rest", "c"])
    assert main(f"{run} --data against_rest=1".split()) == 2
    assert "against_rest: expected True or False, got 1" in capsys.readouterr().err
    assert main(f"run --data-file {tmp_path}/mine.csv --stream toy".split()) == 2
    assert "--data-file: expected an option of toy" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(f"run --stream toy --data-file {tmp_path}/mine.csv".split())
    assert "--data-file: expected no --stream beside it, got toy" in capsys.readouterr().err


def test_a_branch(tmp_path, capsys):
    command(f"--tasks 1 --set epochs=1 --out {tmp_path}/run")
    assert main(f"run --from {tmp_path}/run --out {tmp_path}/branch --tasks 2 --set epochs=2".split()) == 0
    assert f"branched from {tmp_path}/run after 1 of 3 tasks" in capsys.readouterr().out
    there = den_ref.experiment.read_results(tmp_path / "branch")["run"]
    assert (there["method"], there["tasks"], there["options"]["epochs"]) == ("stl", [0, 1, 2], 2)
    assert (there["from"]["options"], there["from"]["stages"]) == ({"epochs": 1}, 1)
    for text, words in (("--hidden 5", "hidden: expected [4], with which"),
                        ("--method mtl", "method: 'stl' there, 'mtl' here"),
                        ("--set epoch=1", "options of stl: set: unknown name 'epoch' (did you mean 'epochs'?)"),
                        ("--seed 3", "seed: 0 there, 3 here"), ("--order 0", "has not learnt, got 0")):
        assert main(f"run --from {tmp_path}/run --out {tmp_path}/refused {text}".split()) == 2
        assert words in capsys.readouterr().err


def test_a_warning_is_a_line_of_words(monkeypatch):
    monkeypatch.setattr("warnings.formatwarning", None)
    ending.plain_warnings()
    assert warnings.formatwarning(UserWarning("too large"), UserWarning, "a.py", 3) == "den-ref: note: too large\n"


def options_of(parser, name="den-ref"):
    """(command, option) of every option of the command and of its commands."""
    for action in parser._actions:
        for word, command in (action.choices or {}).items() if isinstance(action, argparse._SubParsersAction) else ():
            yield from options_of(command, f"{name} {word}")
        yield name, action


def test_the_defaults_that_help_tells_are_the_defaults():
    told = {}
    for command, option in options_of(parser()):
        said = re.search(r"\(default: ([\w./-]+)\)", option.help or "")
        if said and option.default is not None:
            told[command, option.dest] = (said[1], f"{option.default:g}" if isinstance(option.default, float)
                                          else str(option.default))
    assert {dest for _, dest in told} >= {"method", "stream", "seed", "timeout"} and len(told) >= 6
    assert [key for key, (said, default) in told.items() if said != default] == []


def test_the_tries_that_help_tells_are_the_searchs():
    told = {option.dest: [int(n) for n in re.findall(r"\d+", (option.help or "").partition("(default:")[2])]
            for command, option in options_of(parser()) if command == "den-ref tune"}
    special = BUDGETS["attributes"], BUDGETS["mnist-back with filters"]
    assert told["tries"] == [Budget().tries, *(budget.tries for budget in special)]
    assert told["second"] == [Budget().second, *(budget.second for budget in special)]


@pytest.mark.slow
def test_photographs_are_known_by_a_checksum(tmp_path):
    """Whatever the command: results say which pictures were behind the digits."""
    (tmp_path / "mine").mkdir()
    np.save(tmp_path / "mine" / "a.npy", np.random.default_rng(0).random((40, 40)))
    small = f"--stream mnist-back --backgrounds {tmp_path}/mine --tasks 1 --per-class 3 2 2 --out {tmp_path}"
    assert main(f"run --method stl --set epochs=1 hidden=3,2 {small}/run".split()) == 0
    assert main(f"compare --methods stl --seeds 0 --set stl.epochs=1 stl.hidden=3,2 {small}/grid".split()) == 0
    run, cell = (den_ref.experiment.read_results(tmp_path / name)["run"]["stream"]
                 for name in ("run", "grid/cells/stl/seed-0"))
    assert run["backgrounds"] == cell["backgrounds"] and len(run["backgrounds"]["sha256"]) == 64
    plan = den_ref.experiment.read_grid(tmp_path / "grid").facts["stream"]["options"]
    assert plan["backgrounds"] == str(tmp_path / "mine")


def test_without_out_it_says_that_nothing_is_written(capsys):
    assert command("--tasks 1") == 0
    assert "nothing is written without --out DIR" in capsys.readouterr().out


def test_resume_of_a_finished_run_prints_the_same_table(tmp_path, capsys):
    command(f"--tasks 2 --out {tmp_path}")
    table = capsys.readouterr().out.partition("AUROC of task")[2]
    assert command(f"--tasks 2 --out {tmp_path} --resume") == 0
    assert capsys.readouterr().out.partition("AUROC of task")[2] == table != ""


@pytest.mark.parametrize("text, words", [
    ("--method dem", "--method: expected one of"), ("--method dem", "got 'dem' (did you mean 'den'?)"),
    ("--stream tov", "--stream: expected one of"), ("--stream tov", "got 'tov' (did you mean 'toy'?)"),
    ("--set epochs=-1", "epochs: expected an integer >= 0, got -1"),
    ("--set epoch=3", "options of stl: set: unknown name 'epoch' (did you mean 'epochs'?)"),
    ("--set epochs", "options of stl: set: expected name=value, got 'epochs'"),
    ("--set mu=-1", "options of stl: mu: expected a number >= 0 (or one per layer), got -1"),
    ("--hidden 0", "hidden: expected integers >= 1, one per hidden layer, got (0,)"),
    ("--data noise=1", "noise: expected an option of toy"),
    ("--data noise", "--data: expected name=value, got 'noise'"),
    ("--data seed=3", "--data: expected an option of the stream that has no flag of its own, got 'seed'"),
    ("--data mu=0.3", 'did you mean settings={"mu": 0.3} (--set mu=0.3)?'),
    ("--tasks 0", "den-ref: --tasks: expected an integer from 1 to 4, got 0"),
    ("--order 1,1", "--order: expected task ids, each once"),
    ("--seed -1", "--seed: expected an integer >= 0, got -1"),
    ("--resume", "--resume: expected a folder with the run to go on with; give --out DIR"),
    ("--data amplitude=0.5 --stream permuted-mnist", "amplitude: expected an option of permuted-mnist"),
    ("--keep-steps", "--keep-steps: expected a folder"),
    ("--stream mnist-variation --mnist /nowhere", "got '/nowhere', which is no folder"),
    ("--stream mnist-back --backgrounds /nowhere", "backgrounds: expected a folder, got '/nowhere'"),
    ("--stream mnist-back --amat /nowhere", "amat: expected a folder, got '/nowhere', which is no folder"),
    ("--backgrounds .", "backgrounds: expected an option of toy"),
    ("--stream mnist-back --data amat=.", "--data: expected an option of the stream that has no flag of its own"),
    ("--stream mnist-back --amat . --mnist .", "mnist: expected nothing beside amat"),
    ("--out {tmp}/file", "out: expected a folder that can be made"),
    ("--out {tmp}/run", "already holds a run"),
    ("--out {tmp}/run --resume --seed 3", "seed: 0 there, 3 here"),
    ("--out {tmp}/damaged --resume", "damaged"),
])
def test_misuse_is_status_2_and_one_line(tmp_path, capsys, text, words):
    (tmp_path / "file").write_text("")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "network.npz").write_bytes(b"PK\x03\x04 and no more")
    command(f"--tasks 1 --out {tmp_path}/run")
    capsys.readouterr()
    assert command(text.format(tmp=tmp_path)) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and printed.out == ""


@pytest.mark.parametrize("text", ["walk", "run --bogus", "run --tasks two", "run --step=3", "options den extra"])
def test_arguments_that_do_not_parse_are_status_2(capsys, text):
    with pytest.raises(SystemExit) as caught:
        main(text.split())
    assert caught.value.code == 2 and "usage: den-ref" in capsys.readouterr().err


@pytest.mark.parametrize("text, meant", [("runn", "run"), ("comapre --quick", "compare"), ("golden chek", "check")])
def test_a_command_that_is_nearly_one_is_told(capsys, text, meant):
    with pytest.raises(SystemExit):
        main(text.split())
    assert f"(did you mean '{meant}'?)" in capsys.readouterr().err


def test_the_command_alone_prints_its_help(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == parser().format_help()


@pytest.mark.parametrize("text, words", [
    ("tune", "METHOD: expected one (den-ref options lists them), or --paper"), ("tune dem", "METHOD: expected one that can be tuned"),
    ("compare --methods stl,dem --stream toy --out {tmp}", "--methods: expected one of"),
    ("compare --methods stl --seeds -1 --stream toy --out {tmp}", "--seeds: expected an integer"),
    ("run --from {tmp} --out {tmp}/b", "--from: expected the folder of a run"),
    ("plot {tmp}", "DIR: expected the folder of a comparison"), ("report {tmp}", "DIR: expected that of a run"),
    ("tune stl --stream toy --tasks 9 --out {tmp}", "--tasks: expected an integer from 1 to 4, got 9")])
def test_arguments_are_called_what_was_typed(tmp_path, capsys, text, words):
    assert main(text.format(tmp=tmp_path).split()) == 2
    assert capsys.readouterr().err.startswith(f"den-ref: {words}")


@pytest.mark.parametrize("name, text, unknown", [
    ("plot", "plot a b", "b"), ("options", "options den extra", "extra"), ("run", "run --bogus", "--bogus"),
    ("report", "report a --bogus 1", "--bogus 1"), ("golden list", "golden list all", "all")])
def test_misuse_of_a_command_shows_its_own_usage(capsys, name, text, unknown):
    with pytest.raises(SystemExit) as caught:
        main(text.split())
    said = capsys.readouterr().err
    assert caught.value.code == 2 and f"usage: den-ref {name} [-h]" in said
    assert f"den-ref {name}: error: expected no more arguments, got {unknown}\n" in said


def test_an_error_of_ours_is_not_taken_for_misuse(monkeypatch):
    def broken(*_):
        raise ValueError("a bug")

    monkeypatch.setattr(STL, "scores", broken)
    with pytest.raises(ValueError, match="a bug"):
        command("--tasks 1")


@pytest.mark.parametrize("text, words", [
    ("--help", "den-ref run --out runs/den"), ("run --help", "den-ref run --stream toy --pause"),
    ("options --help", "den-ref options den"), ("--version", den_ref.__version__),
])
def test_help_shows_an_example(capsys, text, words):
    with pytest.raises(SystemExit) as caught:
        main(text.split())
    assert caught.value.code == 0 and words in capsys.readouterr().out


def test_options_lists_methods_and_what_set_knows(capsys):
    assert main(["options"]) == 0
    methods, streams = (text.splitlines() for text in capsys.readouterr().out.split("\n\n"))
    assert [line.split()[0] for line in methods[1:]] == ["den", *(name for name in REGISTRY if name != "den")]
    assert [line.split()[0] for line in streams[1:]] == list(STREAMS)
    assert [line for line in methods if line.startswith("  stl ")][0].endswith(STL.__doc__.partition("\n")[0])
    assert all(words.endswith(":") for words in (methods[0], streams[0]))
    assert main(["options", "stl"]) == 0
    heading, _, options = capsys.readouterr().out.partition("\n\n")
    assert heading.startswith("options of stl, for --set NAME=VALUE") and options == STL.Config.explain() + "\n"
    assert main(["options", "dem"]) == 2


@pytest.mark.parametrize("flag", ["--pause", "--step"])             # --step was its name once
def test_pause_waits_for_enter(monkeypatch, capsys, flag):
    class Keyboard:
        asked = 0

        def readline(self):
            self.asked += 1
            return "\n"

    keyboard = Keyboard()
    monkeypatch.setattr(sys, "stdin", keyboard)
    assert command(f"--tasks 2 {flag}") == 0 and keyboard.asked == 2


def test_ctrl_c_before_learning_is_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr("den_ref.commands.run._plan", lambda arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    assert command("") == 130 and "interrupted" in capsys.readouterr().err


def test_python_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "den_ref", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"den-ref {den_ref.__version__}\n")


def test_importing_the_package_is_light():
    code = "import sys, den_ref; sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        den_ref.walk


def test_run_and_load_are_the_experiments():
    assert den_ref.run is den_ref.experiment.run and den_ref.load is den_ref.experiment.load
    assert np.isnan(den_ref.run("stl", "toy", n_tasks=2, settings={"hidden": (4,)}).R["auroc"][0, 1])


# --- small parts -------------------------------------------------------------------------------------------------


def test_the_command_that_goes_on_has_nothing_twice():
    assert way_on(["run", "--out", "a b"], "--resume") == "den-ref run --out 'a b' --resume"
    assert way_on(["run", "--resume", "--out", "a"], "--resume") == "den-ref run --resume --out a"


@pytest.mark.parametrize("words", ["a b c", "1 2", "1 2 -3", "all 1 2", "1.5 2 3"])
def test_images_per_class_are_three_whole_numbers_or_all(words, capsys):
    assert main(["run", "--per-class", *words.split()]) == 2
    assert "--per-class: expected three integers (training, validation, test) or all, got " in capsys.readouterr().err


def test_a_row_of_searches_tells_the_minutes_left(capsys):
    row = {"seed": 1, "validation": 0.75, "share": 0.5, "seconds": 9.0, "settings": {"mu": 0.1}}
    where = dict(search=argparse.Namespace(method="l2"), place=2, searches=3, made=7, runs=66)
    for left, said in ((1500.0, ", about 25 min left] "), (None, "; run 7 of 66] ")):
        tune._print_progress(row, argparse.Namespace(**where, left=left))
        out = capsys.readouterr().out
        assert out.startswith("[l2, 2 of 3; run 7 of 66") and said in out and out.endswith("9 s: mu=0.1\n")


@pytest.mark.parametrize(("missing", "asked", "others", "status"), [
    (3, 0, 3, 0), (3, 1, 2, 1), (1, 1, 0, 1), (0, 0, 0, 0)])
def test_runs_that_were_not_asked_for_are_counted_apart(missing, asked, others, status, capsys):
    grid = argparse.Namespace(missing=[0] * missing, results={}, folder="here")
    assert compare._ended(grid, argparse.Namespace(missing=[0] * asked, failures=[])) == status
    assert (f": {others} other runs of this comparison" in capsys.readouterr().out) == (others > 0)
