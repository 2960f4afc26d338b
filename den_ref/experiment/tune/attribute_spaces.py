"""What ``den-ref tune`` tries on the fifty tasks of ``attributes``, of which a search learns the first ten.

A task has 1,500 training samples, 30 of them positive: networks need more weight decay in their first layer, as 500
features allow them to tell any 30 samples from the others, and a loss that no sample explains is .098 (an output of
.02), so that DEN's tau lies below.  Networks start from 312-128; the first try of every method are its defaults, which
were tuned on digits.
"""

from den_ref.describe import Space, choice, each, log_uniform
from .paper_spaces import DENS, ORIGINALS, space

ATTRIBUTES = "attributes"

#: Of Adam, for all that use it.
STEPS = {"step": choice(5e-4, 1e-3, 2e-3, 4e-3), "batch": choice(64, 128, 256)}

#: Of networks: W_1, and all above.
PLAIN = STEPS | {"weight_decay": each(log_uniform(1e-3, 0.1), log_uniform(1e-4, 0.01)),
                 "mu": choice(0.0, 1e-4, 3e-4, 1e-3), "epochs": choice(10, 20, 40)}

#: Of networks that go on from the last task, which forget more the longer they train.
ONWARD = PLAIN | {"epochs": choice(3, 5, 10, 20)}
PULLED = ONWARD | {"lam": each(log_uniform(1e-3, 10), log_uniform(1e-3, 10))}

#: Of linear models of shared bases.
LINEAR = {"components": choice(50, 85, 120), "mu": log_uniform(1e-6, 1e-2), "lam": log_uniform(1e-7, 1e-2),
          "ridge": log_uniform(1e-3, 1), "loss": choice("logistic", "squared")}
#: Ten tasks cannot tell how many bases fifty want: as many as the dense system allows in good time.
BASES = {"k": 20}

DEN = DENS | ORIGINALS | STEPS | {
    "weight_decay": log_uniform(2e-3, 0.03), "mu_l2": log_uniform(1e-3, 0.01),
    "mu": each(choice(1e-5, 1e-4, 3e-4, 1e-3), log_uniform(3e-5, 3e-3)), "tau": choice(0.03, 0.05, 0.07, 0.09),
    "sigma": log_uniform(0.1, 0.4), "lam": each(log_uniform(0.03, 1), log_uniform(3e-4, 0.03))}

#: DEN has 708 % of MTL's parameters in the paper, after fifty tasks; it grows less and less.  At most 300 % of MTL's
#: after ten, here in parts of STL's.
DENS_SHARE = 0.3

#: Units of a column of Progressive: after fifty tasks it has 4205 % of MTL's parameters, in the paper 4265 %.
COLUMN = (68, 28)

#: Method -> its space, in the order of the tables.
ATTRIBUTE_SPACES: dict[str, Space] = {
    "den": space("den", DEN, largest_share=DENS_SHARE),
    "stl": space("stl", PLAIN),
    "mtl": space("mtl", PLAIN),
    "finetune": space("finetune", ONWARD),
    "l2": space("l2", PULLED),
    "ewc": space("ewc", ONWARD | {"lam": log_uniform(1, 1e5)}),
    "progressive": space("progressive", PLAIN, {"hidden": COLUMN}),
    "si": space("si", ONWARD | {"c": log_uniform(0.1, 1e3), "xi": choice(1e-3, 1e-2, 0.1)}),
    "imm": space("imm", PULLED | {"merge": choice("mode", "mean"), "alpha": choice(None, 0.3, 0.5, 0.7),
                                  "drop": choice(0.0, 0.0, 0.2, 0.5)}),
    "ella": space("ella", LINEAR, BASES),
    "gomtl": space("gomtl", LINEAR | {"mu": log_uniform(1e-5, 0.1), "lam": log_uniform(1e-5, 0.1)}, BASES),
}
