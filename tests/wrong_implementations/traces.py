"""Algorithm 1 as a whole: den_ref's own run with one part replaced."""

from dataclasses import replace
from itertools import count

import numpy as np

from den_ref.core.penalties import L1, SquaredL2, Zero
from den_ref.den import algorithm, equations, expansion, selective, splitting
from den_ref.den.network import NEVER, Network
from den_ref.den.stage import Stage
from tests.helpers.den_mutants import only_beside_new_units, running
from tests.own_answers import trace

from .listing import wrong

RIGHT = {name: getattr(owner, name) for owner, name in (
    (selective, "fit_head"), (selective, "eq3"), (splitting, "pull_back"), (Stage, "loss"))}


def with_parts(equation, change):
    """An equation whose Problem has other parts: ``change(part, config)`` is a part, or None."""
    def made(start, loss, config, *rest):
        problem = equation(start, loss, config, *rest)
        problem.parts = [part for part in (change(part, config) for part in problem.parts) if part]
        return problem

    return made


def read(**options):
    """den_trace with other readings."""
    return running((trace, "READINGS", trace.READINGS | options))


@wrong("den_trace", known="l1-on-biases")
def first_biases_shrink(**given):
    """Eq. 2 soft-thresholds biases."""
    return running((algorithm, "eq2", with_parts(equations.eq2, lambda part, config: replace(
        part, penalty=L1(config.mu)) if part.name[0] in "bc" else part)))(**given)


@wrong("den_trace", known="split-only-after-expansion")
def split_beside_new_units_only(**given):
    """Algorithm 4 runs only where Algorithm 3 did."""
    return running((algorithm, "split_and_duplicate", only_beside_new_units))(**given)


@wrong("den_trace", r"retired.*(head|Eq\. 3|feature)|(head|Eq\. 3|feature).*retired", hard=True)
def head_fitted_on_retired_units(**given):
    """Eq. 3 is solved on the features of all units, retired ones too."""
    def fitted(network, stage):
        alive = replace(network, retired=[np.full_like(gone, NEVER) for gone in network.retired])
        return RIGHT["fit_head"](alive, stage)

    return running((selective, "fit_head", fitted))(**given)


@wrong("den_trace", r"Eq\. 5.*bias|bias.*(Eq\. 5|new)")
def new_biases_held(**given):
    """Eq. 5 holds the new units' biases at 0."""
    return running((expansion, "eq5", with_parts(equations.eq5, lambda part, config: None if part.name[0] == "b"
                                                 else part)))(**given)


@wrong("den_trace", r"Eq\. 6.*head|head.*Eq\. 6")
def head_held_in_eq6(**given):
    """Eq. 6 holds the head."""
    return running((splitting, "eq6", with_parts(equations.eq6, lambda part, config: None if part.name[0] in "Vc"
                                                 else part)))(**given)


@wrong("den_trace", r"Eq\. 4.*bias|bias.*Eq\. 4")
def biases_decay_in_eq4(**given):
    """Eq. 4's penalty is on biases, too."""
    return running((selective, "eq4", with_parts(equations.eq4, lambda part, config: replace(
        part, penalty=SquaredL2(config.mu_l2)) if part.name[0] in "bc" else part)))(**given)


@wrong("den_trace", r"L_t.*penalt|penalt.*(loss|L_t)")
def loss_with_penalty(**given):
    """L_t contains mu times the sum of abs of all weights."""
    return running((Stage, "loss", lambda self, network: RIGHT["loss"](self, network) + self.config.mu * sum(
        abs(w).sum() for w in network.weights)))(**given)


@wrong("den_trace", r"relative|divided by the norm")
def relative_drift(**given):
    """Drift is relative to the norm of W^{t-1}."""
    return read(drift="relative")(**given)


@wrong("den_trace", r"at most|limit|max_splits|one unit", hard=True)
def one_split_per_layer(**given):
    """At most one unit of a layer is split."""
    return read(max_splits=1)(**given)


@wrong("den_trace", r"after the split.*(anchor|pull)|(anchor|pull|"
       r"W\^\{t-1\}).*after the split|second.*Eq\. 6", hard=True)
def anchored_after_the_split(**given):
    """The second Eq. 6 pulls towards the network as the split left it, not towards W^{t-1}."""
    calls = count()
    return running((splitting, "pull_back", lambda network, stage: RIGHT["pull_back"](
        network, stage if next(calls) % 2 == 0 else replace(stage, previous=network))))(**given)


@wrong("den_trace", r"rows?\b.*(visible|seen|place|retired|index)|new_weights", hard=True)
def rows_of_new_weights_compacted(**given):
    """Row r of new_weights goes to the r-th unit that the stage sees, not to unit r."""
    def drawn(self, t, previous):
        grown = trace.append_units(previous, [self.config.k] * len(previous.widths), t)
        yield from (w[:len(below)] for w, below in zip(self.new_weights, grown.visible(t)))
        yield self.new_head

    return running((trace.GivenDEN, "later_draws", drawn))(**given)


@wrong("den_trace", r"mu_head|Eq\. 3.*(strength|mu)")
def one_strength_for_eq2_and_eq3(**given):
    """Eq. 3 is solved with mu for mu_head."""
    return running((selective, "eq3", lambda features, task, config: RIGHT["eq3"](
        features, task, replace(config, mu_head=config.mu))))(**given)


@wrong("den_trace", r"retired-inclusive|retires?.*(very|this) stage|<= retired|still seen", hard=True)
def retiring_units_seen(**given):
    """introduced <= t <= retired: originals are still seen by the stage that split them."""
    def visible(self, stage):
        return [np.arange(self.n_inputs), *(np.flatnonzero((born <= stage) & (stage <= gone))
                                            for born, gone in zip(self.introduced, self.retired))]

    return running((Network, "visible", visible))(**given)


@wrong("den_trace", r"(edges|new).*older.*(L1|penal)|L1.*older", hard=True)
def edges_into_older_units_free(**given):
    """Eq. 5 does not penalise edges from new into older units."""
    def freed(part, config):
        back = isinstance(part.index, tuple) and part.index[0].start is not None
        return replace(part, penalty=Zero()) if back else part

    return running((expansion, "eq5", with_parts(equations.eq5, freed)))(**given)


@wrong("den_trace", r"new.*(pulled|zero|anchor)|Eq\. 6.*new")
def new_units_pulled_to_zero(**given):
    """Eq. 6 pulls new units' weights to 0."""
    def pulled(part, config):
        new = part.name[0] == "W" and isinstance(part.penalty, SquaredL2)
        return replace(part, penalty=SquaredL2(2 * config.lam)) if new else part

    return running((splitting, "eq6", with_parts(equations.eq6, pulled)))(**given)


@wrong("den_trace", r"steps|off by one|iteration|one too many")
def one_step_too_many(steps, **given):
    """for k in range(steps + 1)."""
    return trace.den_trace(steps=steps + 1, **given)
