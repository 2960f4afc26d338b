"""Algorithm 1 from its equations, in 50-digit decimals: the oracle of ``den_trace``.

Nothing is shared with den_ref's own algorithm, not even its way of looking at a network: here a stage works on the full
arrays, what it does not see is silenced, and every equation is two things, which numbers are free and what its prox
does to them (``equations``).  Surgery is that of the other operations' oracles.  Between two boxes the state is rounded
to float64.  Mistakes are subclasses that change one method.
"""

from __future__ import annotations

from decimal import Context, localcontext

from tests.oracles.operations import append_units, delete_units, most_drifted, predict_task, select_units, split_units
from tests.oracles.operations import unit_drift, useless_units

from . import high_precision as hp
from .equations import Equations
from .small_networks import BODY, NEVER

#: What is told of the network after a box.
STATE = BODY | {"heads/*": "float64[*,*]", "head_biases/*": "float64[*]"}


class Run(Equations):
    """One run over all tasks.  ``boxes()`` yields (stage, box, what is told of it)."""

    def outputs(self) -> dict:
        """Name of a box's field, t2_eq4_heads for example, -> value; at the end, every task's logits."""
        told = {f"t{t}_{box}_{name}": value for t, box, fields in self.boxes() for name, value in fields.items()}
        return told | {"end_logits": [self.logits(t) for t in range(1, len(self.x) + 1)]}

    def boxes(self):
        """Algorithm 1."""
        yield from self.first_stage()
        for t in range(2, len(self.x) + 1):
            yield from self.later_stage(t)

    def first_stage(self):
        """t = 1: Eq. 2, then what is useless goes."""
        self.solve_eq2()
        yield 1, "eq2", self.state()
        yield 1, "prune", self.prune(1)

    def later_stage(self, t):
        """t > 1: Algorithm 2; if L_t > tau, Algorithm 3; then Algorithm 4."""
        self.t, self.previous = t, self.net
        self.solve_eq3()
        yield t, "eq3", self.state()
        selected = self.selected()
        yield t, "select", {"selected": selected}
        if len(selected[-1]):
            self.solve_eq4(selected)
            yield t, "eq4", self.state()
        loss = self.loss()
        yield t, "loss", {"value": loss, "expand": loss > self.options.tau}
        if loss > self.options.tau:
            self.append()
            self.solve_eq5()
            yield t, "eq5", self.state()
            yield t, "prune", self.prune(t)
        if self.splits(loss > self.options.tau):
            yield from self.split_stage()

    def split_stage(self):
        """Algorithm 4."""
        t = self.t
        self.solve_eq6()
        yield t, "eq6", self.state()
        yield t, "split", self.split()
        self.solve_eq6()
        yield t, "eq6_after", self.state()

    def splits(self, expanded) -> bool:
        """Algorithm 4 runs for every t > 1."""
        return True

    # what is told

    def state(self) -> dict:
        """The network after a box."""
        return {name: self.net[name] for name in ("weights", "biases", "heads", "head_biases")}

    def logits(self, t):
        """Of task t on its own samples."""
        return predict_task.oracle(x=self.x[t - 1], stage=t, **self.net)["logits"]

    # the boxes that solve nothing: Algorithms 2 and 3

    def selected(self) -> list:
        """The walk of Algorithm 2."""
        net = self.net
        return select_units.oracle(self.t, net["heads"][-1], net["weights"], net["introduced"], net["retired"],
                                   net["weights"])["selected"]

    def loss(self) -> float:
        """L_t, without penalties."""
        with localcontext(Context(prec=hp.DIGITS)):
            p, (_, y) = self.parameters(), self.data()
            return float(hp.sigmoid_loss(hp.product(self.top_activations(p), p.head) + p.head_bias, y))

    def append(self):
        """Room for the new units, and the numbers they start with."""
        k, net = self.options.k, self.net
        self.net = append_units.oracle(counts=[k] * len(net["biases"]), stage=self.t, **net)
        for w, new, seen in zip(self.net["weights"], self.new_weights, self.rows_seen()):
            w[:, w.shape[1] - k:] = new[:len(w)] * seen[:, None]
        self.net["heads"][-1][-k:] = self.new_head

    def prune(self, t) -> dict:
        """Remove what is useless; what went, and the state."""
        removal = useless_units.Removal(stage=t, **self.net)
        useless = removal.outputs()["useless"]
        folded = self.net | {"biases": removal.biases, "head_biases": removal.head_biases}
        self.net = delete_units.oracle(units=useless, **folded)
        return {"useless": useless} | self.state()

    # Algorithm 4

    def split(self) -> dict:
        """Measure, choose, duplicate; all of it told."""
        old_w, old_b = self.anchor()
        names = ("weights", "biases", "introduced", "retired")
        drift = self.drift(previous_weights=old_w, previous_biases=old_b, stage=self.t, drift="absolute",
                           **{name: self.net[name] for name in names})
        split = most_drifted.oracle(**drift, sigma=self.options.sigma, at_most=NEVER)["split"]
        self.net = self.duplicated(previous_weights=old_w, previous_biases=old_b, split=split, stage=self.t,
                                   original=self.original(), **self.net)
        return {"rho": drift["rho"], "split": split, "introduced": self.net["introduced"],
                "retired": self.net["retired"]} | self.state()

    def drift(self, **inputs) -> dict:
        """rho of every older unit."""
        return unit_drift.oracle(**inputs)

    def duplicated(self, **inputs) -> dict:
        """The network after the split."""
        return split_units.oracle(**inputs)

    def original(self) -> str:
        """What becomes of a split unit's original."""
        return "retire"
