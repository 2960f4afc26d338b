"""What each box of the algorithm computes, as a line that a browser shows without any library."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from den_ref.den.config import DENConfig

#: Options that an equation has in a letter of its own.
LETTERS = {"mu": "μ", "mu_head": "μ_{head}", "mu_l2": "μ_{l2}", "gamma": "γ", "lam": "λ", "tau": "τ", "sigma": "σ",
           "weight_decay": "ω", "k": "k"}


@dataclass(frozen=True)
class Formula:
    """``text`` as :func:`as_html` reads it; a line on what is free or meant; the options that stand in it; its code."""

    text: str
    note: str
    options: tuple[str, ...]
    code: str


def formula(box: str, method: str = "den", options: Mapping[str, Any] | None = None) -> Formula | None:
    """What a box computes with these options of the method (DEN's defaults unless given); None if it is not known."""
    chosen = vars(DENConfig()) | dict(options or {})
    make = TRAININGS.get(method) if box == "train" else BOXES.get(box)
    return make(chosen) if make else None


def as_html(text: str) -> str:
    """Markup for a formula: ``_x``, ``^x``, ``_{...}`` and ``^{...}`` lower and raise, single letters are variables.

    >>> as_html("Σ_l norm(w_l)^2 < μ")
    'Σ<sub><var>l</var></sub> norm(<var>w</var><sub><var>l</var></sub>)<sup>2</sup> &lt; <var>μ</var>'
    """
    tags = {"_": "sub", "^": "sup"}
    moved = re.sub(r"([_^])(?:\{([^}]*)\}|(\w))", lambda m: f"<{tags[m[1]]}>{m[2] or m[3]}</{tags[m[1]]}>",
                   html.escape(text))
    return re.sub(r"(?<![^\W\d_])(?![Σ&])([^\W\d_])(?![^\W\d_])", r"<var>\1</var>", moved)


# --- terms of the objectives -------------------------------------------------------------------------------------

_L1 = "Σ_l μ_l Σ |W_l|"
_PULL = "Σ_l λ_l ‖(W_l, b_l) − (W_l, b_l)^{t−1}‖^2"
_DECAY = "Σ_l (ω_l / 2) ‖W_l‖^2"
_EQUATIONS = "den_ref/den/equations.py"


def _eq2(options) -> Formula:
    return Formula(f"minimise  L(W; D_t) + {_L1} [ + {_DECAY} ]",
                   "Free: the whole network; the head counts as the last W. In brackets: not in the paper.",
                   ("mu", "weight_decay"), f"{_EQUATIONS}: eq2")


def _eq3(options) -> Formula:
    return Formula("minimise  L(V_t, c_t; W^{t−1}, D_t) + μ_{head} Σ |V_t|",
                   "Free: the head of the new task, on the features of all units it sees. Convex.",
                   ("mu_head",), f"{_EQUATIONS}: eq3")


def _select(options) -> Formula:
    return Formula("S_m = { j : V_{j k} ≠ 0 for some k },   S_{l−1} = { i : W_{l, i j} ≠ 0 for some j ∈ S_l }",
                   "The m-th hidden layer is the top one; S_0 are input features.",
                   (), "den_ref/den/selective.py: select_units")


def _eq4(options) -> Formula:
    pull = options["anchor_before_split"] == "eq4"
    squared = options["eq4_norm"] == "squared"
    penalty = "Σ_l (μ_{l2,l} / 2) ‖W_{S,l}‖^2" if squared else "μ_{l2} ‖W_S‖"
    anchored = " + Σ_l λ_l ‖(W_{S,l}, b_l) − (W_{S,l}, b_l)^{t−1}‖^2" if pull else ""
    edges = "all" if options["dense_selection"] else "the nonzero"
    return Formula(f"minimise  L(W_S; D_t) + {penalty}{anchored}",
                   f"Free: {edges} edges among the selected units, and the selected rows of the head."
                   + (" The pull is that of Eq. 6, here before the split." if pull else ""),
                   ("mu_l2", "lam") if pull else ("mu_l2",), f"{_EQUATIONS}: eq4")


def _loss(options) -> Formula:
    return Formula("expand if L_t > τ", f"L_t: the loss on the {options['loss_split']} split, without penalties.",
                   ("tau",), "den_ref/den/algorithm.py: DEN.boxes")


def _eq5(options) -> Formula:
    size = "√n_j " if options["gamma_scaling"] == "sqrt_size" else ""
    return Formula(f"minimise  L(W^N; W, D_t) + Σ_l μ_l Σ |W^N_l| + Σ_l γ_l Σ_{{j new}} {size}‖W^N_{{l,·j}}‖ "
                   "[ + Σ_l (ω_l / 2) ‖W^N_l‖^2 ]",
                   "Free: what k new units per layer bring, and the head. Groups: all that comes into one new unit. "
                   "In brackets: not in the paper.",
                   ("k", "mu", "gamma", "weight_decay"), f"{_EQUATIONS}: eq5")


def _undo(options) -> Formula:
    return Formula("undo if L_t after > L_t before", "An expansion that raised the loss is not kept.",
                   (), "den_ref/den/expansion.py: dynamic_expansion")


def _prune(options) -> Formula:
    return Formula("remove new unit j if W_{l,·j} = 0 or W_{l+1,j·} = 0",
                   "Without incoming weights it is the constant max(b_j, 0), which is folded into new biases.",
                   (), "den_ref/den/surgery.py: useless_units")


def _split(options) -> Formula:
    over = " / ‖(w_i, b_i)^{t−1}‖" if options["drift"] == "relative" else ""
    original = "retires" if options["split_original"] == "retire" else "stays"
    return Formula(f"ρ_i = ‖(w_i, b_i)^t − (w_i, b_i)^{{t−1}}‖{over};   split i if ρ_i > σ_l",
                   f"The copy takes the new weights; the original gets those of W^{{t−1}} back and {original}.",
                   ("sigma",), "den_ref/den/splitting.py: split_and_duplicate")


def _eq6(options) -> Formula:
    if options["eq6"] == "new":
        return Formula(f"minimise  L(W^N; W, D_t) [ + {_DECAY} ]",
                       "Free: what the stage brought in. In brackets: not in the paper.",
                       ("weight_decay",), f"{_EQUATIONS}: eq6")
    return Formula(f"minimise  L(W; D_t) + {_PULL} [ + {_DECAY} ]",
                   "Free: the nonzero weights that the stage sees; only what is older than it is pulled. "
                   "In brackets: not in the paper.", ("lam", "weight_decay"), f"{_EQUATIONS}: eq6")


def _finetune(options) -> Formula:
    return Formula(f"minimise  (1 / T) Σ_t L_t(W; D_t) + {_DECAY}",
                   "Free: the nonzero weights and all heads, on the data of all T tasks seen.",
                   ("weight_decay",), "den_ref/den/finetune.py: train_jointly")


# --- the compared systems, whose one box is a training -----------------------------------------------------------


def _plain(data: str, note: str, file: str, pull: str = "", more: tuple[str, ...] = ()):
    """Eq. 2's penalties around a loss, and a pull."""
    made = Formula(f"minimise  {data} + {_L1} + {_DECAY}{pull}", note, ("mu", "weight_decay", *more),
                   f"den_ref/methods/{file}.py")
    return lambda options: made


#: Box -> its Formula for some options.
BOXES = {"eq2": _eq2, "eq3": _eq3, "select": _select, "eq4": _eq4, "loss": _loss, "eq5": _eq5, "undo": _undo,
         "prune": _prune, "eq6": _eq6, "split": _split, "eq6_after": _eq6, "finetune": _finetune}

#: Method -> the Formula of its one box, "train".
TRAININGS = {
    "stl": _plain("L(W; D_t)", "Free: a network of its own for every task.", "stl"),
    "mtl": _plain("(1 / t) Σ_{s ≤ t} L_s(W; D_s)", "Free: one network, on the data of all tasks seen.", "mtl"),
    "finetune": _plain("L(W; D_t)", "Free: the body, from where the last task left it, and the task's head.",
                       "finetune"),
    "l2": _plain("L(W; D_t)", "Free: the body, pulled to where the last task left it, and the task's head.", "l2",
                 f" + {_PULL}", ("lam",)),
    "ewc": _plain("L(W; D_t)", "Free: the body and the task's head. F: Fisher information, times decay; A: the anchor.",
                  "ewc", " + (λ / 2) Σ_i F_i (W_i − A_i)^2", ("lam", "decay")),
    "progressive": _plain("L(W; D_t)", "Free: the column of the new task and its adapters from older columns, which "
                          "stand still.", "progressive"),
}
