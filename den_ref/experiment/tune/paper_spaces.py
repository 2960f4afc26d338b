"""What ``den-ref tune`` tries on the paper's stream: of every method, DEN's ablations and DEN-Finetune included.

All networks start from 312-128.  The first try of every method are its defaults, which were tuned on uniform noise;
that of DEN's variants is where DEN's search ended, if it did (``all_searches``).  DEN's own first try, DENS_START, had
been seen to do well on two seeds of another stream with textures when *test* data were looked at, and DEN's and its
ablations' strengths are drawn from ranges around such values (weight_decay .003 to .005, mu_l2 .002 to .003, sigma .2
to .25, k 20).

DEN's draws stand together by the boxes that read them, so that an ablation has those of the boxes it has.
"""

from collections.abc import Mapping
from typing import Any

from den_ref.describe import Draw, Space, Wish, choice, each, log_uniform
from den_ref.experiment.one_run.measure import STL_HIDDEN
from den_ref.methods import REGISTRY

Draws = Mapping[str, Draw]

#: How many tasks a method's tries learn, if not all: Progressive's cost grows with the square of their number.
TASKS = {"progressive": 4}

#: Eq. 2 and weight decay.  How sparse the first network is above its first layer, and the head (Eq. 3), decides how
#: much of the first layer Algorithm 2 selects: hence a strength of L1 for W_1 and one for all above.
FIRST = {"weight_decay": log_uniform(2e-3, 6e-3), "epochs_eq2": choice(20, 40),
         "mu": each(choice(1e-5, 3e-5, 1e-4), log_uniform(3e-5, 3e-3))}

#: Eq. 3 and 4.
SELECTION = {"mu_head": log_uniform(1e-4, 1e-3), "mu_l2": log_uniform(1.5e-3, 4e-3), "epochs_eq4": choice(10, 20)}

#: Algorithm 3.  Validation losses after Eq. 4 lie between .22 and .32 there, so that all tau but the first decide.
EXPANSION = {"k": choice(5, 10, 20), "gamma": choice(3e-4, 1e-3, 3e-3), "tau": choice(0.05, 0.22, 0.25, 0.28)}

#: The pull to W^{t-1}.
PULL = {"lam": each(log_uniform(0.03, 0.3), log_uniform(3e-4, 5e-3))}

#: Algorithm 4, with the readings that the paper leaves open.
SPLIT = {"sigma": log_uniform(0.2, 0.4), "eq6": choice("all", "all", "new"),
         "anchor_before_split": choice("eq4", "eq4", "eq6")}

#: What becomes of originals; a network without timestamps keeps them.
ORIGINALS = {"split_original": choice("retire", "retire", "retire", "keep")}

#: The last box of DEN-Finetune.
LAST = {"finetune_epochs": choice(5, 10, 20, 40), "finetune_step": log_uniform(0.1, 1)}

#: DEN has at most the paper's size, 163.5 % of MTL's parameters, here in parts of STL's (995.9 % of MTL's).
PAPERS_SHARE = 1.635 / 9.959

#: Units that the paper's DNN-Selective selects in layers 1 and 2 (Figure 4b), 43 and 53 % if its network is 312-128.
PAPERS_SELECTED = (134, 68)


def indecision(told: Mapping[str, Any]) -> float:
    """0 if tau let some tasks expand and others not, else 1."""
    return float(not 0 < told["expanded"] < told["tasks"])


def from_papers_selection(told: Mapping[str, Any]) -> float:
    """The larger distance from the paper's of the units selected, mean over tasks, in parts of 312 and 128."""
    return max(abs(ours - theirs) / n for ours, theirs, n in zip(told["selected"], PAPERS_SELECTED, STL_HIDDEN))


DECIDES = Wish("one whose tau lets some tasks expand and others not", indecision)
SELECTS = Wish("the one whose selection is nearest to the paper's 134 and 68 of 312 and 128 units",
               from_papers_selection)


def space(method: str, draws: Draws, held: Mapping[str, Any] | None = None, start: Mapping[str, Any] | None = None,
          **more) -> Space:
    """A space that starts at the method's defaults, but for ``start``; all its networks at 312-128, with the options
    held."""
    usual = REGISTRY[method].Config().to_dict() | (start or {})
    return Space({name: usual[name] for name in draws}, draws, unnamed={"hidden": STL_HIDDEN, **(held or {})}, **more)


def plain(method: str) -> Space:
    """That of a plain network: what is drawn is what was drawn on uniform noise."""
    return space(method, REGISTRY[method].space.draws)


DENS = FIRST | SELECTION | EXPANSION | PULL | SPLIT

#: What differs from DEN's defaults in its first try.
DENS_START = {"weight_decay": 3e-3, "mu_l2": 2e-3, "sigma": 0.2}

#: Method -> its space.
PAPER_SPACES: dict[str, Space] = {
    "den": space("den", DENS | ORIGINALS, start=DENS_START, largest_share=PAPERS_SHARE, wish=DECIDES),
    **{method: plain(method) for method in ("stl", "mtl", "finetune", "l2", "ewc", "progressive")},
    "dnn-l1": space("dnn-l1", FIRST),
    "dnn-selective": space("dnn-selective", FIRST | SELECTION, wish=SELECTS),
    "dnn-l2-selective": space("dnn-l2-selective", FIRST | SELECTION | PULL),
    "dnn-dynamic": space("dnn-dynamic", FIRST | SELECTION | EXPANSION, largest_share=PAPERS_SHARE),
    "den-dynamic": space("den-dynamic", FIRST | SELECTION | EXPANSION | PULL, largest_share=PAPERS_SHARE),
    "dnn-constant": space("dnn-constant", FIRST | SELECTION, {"k": 13}),
    "den-constant": space("den-constant", FIRST | SELECTION | PULL, {"k": 13}),
    "den-no-timestamps": space("den-no-timestamps", DENS, largest_share=PAPERS_SHARE),
    "den-finetune": space("den-finetune", DENS | ORIGINALS | LAST, largest_share=PAPERS_SHARE),
}
