"""What a run shows: plain lines, a live line on a terminal, one box at a time."""

import io
import re

import pytest

from den_ref.experiment import Lines, Live, Stepping, run
from den_ref.experiment.one_run.display import Display
from tests.helpers.tiny_method import Tiny

OPTIONS = {"n_tasks": 2, "settings": {"epochs": 2}}


def shown(make, **options):
    out = io.StringIO()
    done = run(Tiny, "toy", display=make(out), **OPTIONS, **options)
    return out.getvalue(), done


def test_lines_say_every_box_and_end_with_the_table():
    text, done = shown(Lines)
    lines = text.splitlines()
    assert lines[0] == "tiny on toy, seed 0: 2 tasks"
    assert lines.count("  Draw: drew a head [0.00 s]") == 2
    loss = done.stages[1]["steps"][1]["facts"]["loss"]
    assert f"  Eq. 0: loss {loss:.3f} [0.25 s]" in lines
    assert f"AUROC {done.R['auroc'][1, 1]:.4f}, mean of 2 so far {done.R['auroc'][1].mean():.4f}" in text
    assert text.endswith(f"\n{done.table()}\n")
    assert "\r" not in text and "epoch" not in text


def test_a_finished_run_resumed_prints_its_table_again(tmp_path):
    run(Tiny, "toy", out=tmp_path, **OPTIONS)
    text, done = shown(Lines, out=tmp_path, resume=True)
    assert "resumed after 2 of 2 tasks" in text and text.endswith(f"{done.table()}\n") and "drew a head" not in text


def test_another_environment_is_noted(tmp_path, monkeypatch):
    run(Tiny, "toy", out=tmp_path, n_tasks=1)
    monkeypatch.setenv("OMP_NUM_THREADS", "17")
    out = io.StringIO()
    run(Tiny, "toy", out=tmp_path, resume=True, display=Lines(out), n_tasks=1)
    assert "note: begun in another environment" in out.getvalue()


def test_the_live_line_is_rewritten_and_erased(monkeypatch):
    monkeypatch.setattr(Live, "PAUSE", 0.0)
    terminal = io.StringIO()
    text, _ = shown(lambda out: Live(out, terminal))
    assert text == shown(Lines)[0]                            # the lines are the same; the rest is the terminal's
    screen = terminal.getvalue()
    assert screen.count("Eq. 0: epoch 1 of 2, validation loss") == 2 and "epoch 2 of 2" in screen
    width = len("  0 of 2 tasks learnt; Eq. 0: epoch 2 of 2, validation loss 1.0000")
    assert f"\r{' ' * width}\r" in screen and "\n" not in screen
    assert re.search(r"  1 of 2 tasks learnt, about \d+ s left; Eq. 0: epoch 1 of 2", screen)


def test_the_live_line_is_not_rewritten_more_often_than_the_eye_can_see(monkeypatch):
    monkeypatch.setattr(Live, "PAUSE", 1e9)
    live = Live(io.StringIO(), io.StringIO())
    for epoch in range(1000):
        live.progress("Eq. 0", epoch, 1000, 0.5)
    assert live.terminal.getvalue().count("\r") == 1


def test_the_live_line_never_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    live = Live(io.StringIO(), io.StringIO())
    live.progress("a very long name of what is solved", 1, 2, 0.5)
    assert live.terminal.getvalue() == "\r" + "  a very long name of what is solved"[:19]


class Keys(io.StringIO):
    """A keyboard that counts how often it was asked."""

    asked = 0

    def readline(self, *_):
        self.asked += 1
        return super().readline()


@pytest.mark.parametrize("pressed, asked", [("\n" * 9, 4), ("\n", 2), ("", 1)])
def test_stepping_waits_after_each_box_until_the_input_ends(pressed, asked, capsys):
    keys = Keys(pressed)
    text, _ = shown(lambda out: Stepping(Lines(out), keys))
    assert keys.asked == asked                                # 4 boxes; after the end of the input never again
    assert ("going on without waiting" in text) == (len(pressed) < 4)
    assert capsys.readouterr().err.count("[Enter goes on]") == asked


def test_stepping_shows_all_else_as_the_other_display_does():
    """Whatever a display may be told, a new word too, reaches the one that is shown."""
    live = Live(io.StringIO(), io.StringIO())
    stepping = Stepping(live, io.StringIO())
    told = {name for name in vars(Display) if name[0] != "_"} - {"step"}
    assert {name for name in told if getattr(stepping, name) == getattr(live, name)} == told
    stepping.progress("Eq. 2", 3, 20, 0.5)
    assert "Eq. 2: epoch 3 of 20, validation loss 0.5000" in live.terminal.getvalue()
