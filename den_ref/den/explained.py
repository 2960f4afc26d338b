"""What DEN says of itself (``describe``): what each box computes and how it is shown, and what of it may be tuned."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from den_ref.describe import Box, Formula, Space, choice, each, log_uniform

# --- terms of the objectives -------------------------------------------------------------------------------------

L1 = "Σ_l μ_l Σ_{i j} |W_{l, i j}|"
PULL = "Σ_l λ_l ‖(W_l, b_l) − (W_l, b_l)^{t−1}‖^2"
FISHER_PULL = "Σ_l λ_l Σ_{i ∈ (W_l, b_l)} F_i (w_i − w_i^{t−1})^2"
DECAY = "Σ_l (ω_l / 2) ‖W_l‖^2"

_EQUATIONS = "den_ref/den/equations.py"
_EXTRA = "In brackets: l2, which the paper names but does not write here."

#: What DEN's options are to a formula.
Options = Mapping[str, Any]

# --- formulas that the options change ----------------------------------------------------------------------------


def pull(options: Options) -> str:
    """The pull to W^{t-1}, on all weights alike or times their Fisher information."""
    return FISHER_PULL if options["anchor_weights"] == "fisher" else PULL


def sparse(options: Options) -> str:
    """L1, with the norm of every edge in the place of its one weight's size if there are filters."""
    return "Σ_l μ_l Σ_{i j} ‖W_{l, i j}‖" if options.get("filters") else L1


def eq2(options: Options) -> Formula:
    """Eq. 2."""
    return Formula(f"minimise  L(W; D_t) + {sparse(options)} [ + {DECAY} ]",
                   f"Free: the whole network; the head counts as the last W. {_EXTRA}",
                   ("mu", "weight_decay"), f"{_EQUATIONS}: eq2")


def eq4(options: Options) -> Formula:
    """Eq. 4, with the pull of Eq. 6 if drift is measured after it, and with L1 if there is any."""
    anchored, sparse = options["anchor_before_split"] == "eq4", bool(np.any(options["mu_eq4"]))
    squared = options["eq4_norm"] == "squared"
    penalty = "Σ_l (μ_{l2,l} / 2) ‖W_{S,l}‖^2" if squared else "μ_{l2} ‖W_S‖"
    terms = [penalty, *(["Σ_l μ_{4,l} Σ_{i j} |W_{S,l, i j}|"] if sparse else []),
             *([pull(options).replace("W_l", "W_{S,l}")] if anchored else [])]
    edges = "all" if options["dense_selection"] else "the nonzero"
    return Formula(f"minimise  L(W_S; D_t) + {' + '.join(terms)}",
                   f"Free: {edges} edges among the selected units, and the selected rows of the head."
                   + (" The pull is that of Eq. 6, here before the split." if anchored else ""),
                   ("mu_l2", *(["mu_eq4"] if sparse else []), *(["lam"] if anchored else [])), f"{_EQUATIONS}: eq4")


def loss_against_tau(options: Options) -> Formula:
    """When Algorithm 1 expands."""
    return Formula("expand if L_t > τ", f"L_t: the loss on the {options['loss_split']} split, without penalties.",
                   ("tau",), "den_ref/den/algorithm.py: DEN.boxes_of")


def eq5(options: Options) -> Formula:
    """Eq. 5, with the scaling of its groups."""
    size = "√n_j " if options["gamma_scaling"] == "sqrt_size" else ""
    return Formula(f"minimise  L(W^N; W, D_t) + Σ_l μ_l Σ_{{i j}} |W^N_{{l, i j}}| "
                   f"+ Σ_l γ_l Σ_{{j new}} {size}‖W^N_{{l,·j}}‖ [ + Σ_l (ω_l / 2) ‖W^N_l‖^2 ]",
                   "Free: what k new units per layer bring, and the head. Groups: all that comes into one new unit. "
                   + _EXTRA, ("k", "mu", "gamma", "weight_decay"), f"{_EQUATIONS}: eq5")


def split(options: Options) -> Formula:
    """Drift, and what becomes of a unit that is split."""
    over = " / ‖(w_i, b_i)^{t−1}‖" if options["drift"] == "relative" else ""
    original = "retires" if options["split_original"] == "retire" else "stays"
    return Formula(f"ρ_i = ‖(w_i, b_i)^t − (w_i, b_i)^{{t−1}}‖{over};   split i if ρ_i > σ_l",
                   f"The copy takes the new weights; the original gets those of W^{{t−1}} back and {original}."
                   + (" Relative to its old norm, a unit that was almost 0 drifts most." if over else ""),
                   ("sigma",), "den_ref/den/splitting.py: split_and_duplicate")


def eq6(options: Options) -> Formula:
    """Eq. 6, on all that the stage sees or on what is new."""
    if options["eq6"] == "new":
        return Formula(f"minimise  L(W^N; W, D_t) [ + {DECAY} ]", f"Free: what the stage brought in. {_EXTRA}",
                       ("weight_decay",), f"{_EQUATIONS}: eq6")
    return Formula(f"minimise  L(W; D_t) + {pull(options)} [ + {DECAY} ]",
                   f"Free: the nonzero weights that the stage sees; only what is older than it is pulled. {_EXTRA}",
                   ("lam", "weight_decay"), f"{_EQUATIONS}: eq6")


# --- the boxes ---------------------------------------------------------------------------------------------------

#: Box -> what is known of it, in the order of the algorithm.
BOXES = {
    "eq2": Box(eq2, ("solve", "zeros", "all_filters", "first_maps"),
               why="Which weights does the task need at all?"),
    "eq3": Box(Formula("minimise  L(V_t, c_t; W^{t−1}, D_t) + μ_{head} Σ_{j k} |V_{t, j k}|",
                       "Free: the head of the new task, on the features of all units it sees. Convex.",
                       ("mu_head",), f"{_EQUATIONS}: eq3"), ("head", "solve"), counted=False,
               why="Which of the units that exist can the new head use?"),
    "select": Box(Formula("S_m = { j : V_{j k} ≠ 0 for some k },   S_{l−1} = { i : W_{l, i j} ≠ 0 for some j ∈ S_l }",
                          "The m-th hidden layer is the top one; S_0 are input features.",
                          (), "den_ref/den/selective.py: select_units"),
                  ("selection", "filters_selected", "selected_shares"), per_layer=("selected", "visible"),
                  why="Which part of the network feeds the units that the new head uses?"),
    "eq4": Box(eq4, ("solve", "changes"), why="How good does that part become if it is trained for the new task?"),
    "loss": Box(loss_against_tau, ("decision",), why="Is that good enough, or must the network grow?"),
    "eq5": Box(eq5, ("norms", "solve", "decision"), per_layer=("added",),
               why="How many new units does the task need, and how much do they help?"),
    "undo": Box(Formula("undo if L_t after > L_t before", "An expansion that raised the loss is not kept.",
                        (), "den_ref/den/expansion.py: dynamic_expansion"), ("decision",),
                why="Did the new units help at all?"),
    "prune": Box(Formula("remove new unit j if W_{l,·j} = 0 or W_{l+1,j·} = 0",
                         "Without incoming weights it is the constant max(b_j, 0), which is folded into new biases.",
                         (), "den_ref/den/surgery.py: useless_units"), ("removal", "kept_shares"), per_layer=("kept",),
                 why="Which new units can go without a change of any score?"),
    "eq6": Box(eq6, ("solve", "changes"), why="How well is the task learnt close to what older tasks were left with?"),
    "split": Box(split, ("drifts", "split_units"), per_layer=("split", "older"),
                 why="Which old units have come to mean something else, so that older tasks need them back?"),
    "eq6_after": Box(eq6, ("solve", "staircase"),
                     why="What is left to learn now that older tasks have back what drifted, if anything did?"),
}

#: The box that DEN-Finetune adds.
FINETUNE = Box(Formula(f"minimise  (1 / T) Σ_t L_t(W; D_t) + {DECAY}",
                       "Free: the nonzero weights and all heads, on the data of all T tasks seen.",
                       ("weight_decay",), "den_ref/den/finetune.py: train_jointly"), ("solve", "changes"),
               why="How good does the same network become if it sees the data of all tasks again?")

#: What ``den-ref tune den`` tries.
SPACE = Space(
    start={"anchor_before_split": "eq4", "undo_worse_expansion": True, "weight_decay": 2e-2, "mu": 1e-4,
           "mu_head": 3e-4, "mu_l2": 2e-3, "lam": (0.03, 0.001), "sigma": (0.3, 0.05), "gamma": 1e-3},
    draws={
        "anchor_before_split": choice("eq6", "eq4"),
        "undo_worse_expansion": choice(True, False),
        "weight_decay": log_uniform(5e-3, 5e-2),
        "mu": choice(1e-5, 1e-4, 3e-4),
        "mu_head": choice(1e-4, 3e-4, 1e-3),
        "mu_l2": log_uniform(5e-4, 1e-2),
        "lam": each(log_uniform(3e-3, 0.1), log_uniform(3e-4, 1e-2)),
        "sigma": each(log_uniform(0.15, 0.6), log_uniform(0.02, 0.3)),
        "gamma": choice(3e-4, 1e-3, 3e-3),
        "step": choice(5e-4, 1e-3, 2e-3),
        "batch": choice(64, 128),
        "k": choice(5, 10, 20),
        "epochs_eq4": choice(10, 20),
    },
    later={"hidden": choice((64, 32), (96, 48), (128, 64))},
    unnamed={"hidden": (64, 32), "init_scale": 0.1, "step": 1e-3, "batch": 128, "k": 10, "epochs_eq4": 10},
    largest_share=0.12)
