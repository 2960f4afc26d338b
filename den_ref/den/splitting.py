"""Algorithm 4, split and duplication: a unit that drifted too far gets its old meaning back, its copy the new one."""

import numpy as np

from den_ref.core.stacks import between, stacked, unstacked
from den_ref.doors import Each, Indices, Number, OneOf, Whole, door

from .birth import Birth, at_birth_edges
from .equations import eq6
from .network import Network, extract
from .stage import Stage, solve_cut
from .surgery import split_units
from .units import Drifts, check_lists, check_previous
from .words import in_words, parts_in_words


@door
def split_and_duplicate(network: Network, stage: Stage):
    """Algorithm 4 as a generator of Steps; it returns W^t.

    Units whose drift since W^{t-1} exceeds sigma are split; then Eq. 6 is solved from there, whether or not any was.

    In the paper (``anchor_before_split="eq6"``, ``drift="absolute"``) Eq. 6 is solved before drift is measured as well.
    By default (``"eq4"``) it is not: Eq. 4 has pulled towards W^{t-1} already, and drift is that of the network after
    Algorithm 3, relative to the norm that each unit had.
    """
    if stage.config.anchor_before_split == "eq6":
        before = network
        network, result = pull_back(network, stage)
        yield stage.retrained("eq6", "Algorithm 4, Eq. 6", "pulled towards W^{t-1}", before, network, result)

    older, drifts = unit_drift(network, stage.previous, stage.t, stage.config.drift)
    _, since_birth = unit_drift(at_birth_edges(network), stage.birth, stage.t, stage.config.drift)
    sigma = stage.config.per_layer("sigma", len(drifts))
    split = most_drifted(older, drifts, sigma, stage.config.max_splits)
    before, network = network, split_units(network, stage.previous, split, stage.t, stage.config.split_original)
    n_split, n_older = [len(s) for s in split], [len(o) for o in older]
    yield stage.step(
        "split", "Algorithm 4, split", f"older units split, {parts_in_words(n_split, n_older)}; median drift "
        f"{in_words(_per_layer(np.median, drifts))} against sigma {in_words(sigma)}", before, network,
        facts={"split": n_split, "older": n_older, "sigma": list(sigma),
               "median_drift": _per_layer(np.median, drifts), "largest_drift": _per_layer(np.max, drifts),
               "median_drift_since_birth": _per_layer(np.median, since_birth),
               "largest_drift_since_birth": _per_layer(np.max, since_birth)},
        arrays=stage.image | {f"{name}/{l}": array for name, arrays in (
            ("split", split), ("older", older), ("drift", drifts), ("drift_since_birth", since_birth))
                              for l, array in enumerate(arrays, 1)})

    before = network
    network, result = pull_back(network, stage)
    yield stage.retrained("eq6_after", "Algorithm 4, Eq. 6 after the split", "trained once more", before, network,
                          result)
    return network


@door
def unit_drift(network: Network, previous: Network | Birth, t: Whole(1),
               drift: OneOf("absolute", "relative") = "absolute") -> tuple[list, list]:
    """rho_i = norm of what changed in unit i's bias and incoming weights since W^{t-1}.

    Units: older than t and visible to t.  Incoming weights: from input features and from units older than t and
    visible to t.  ``drift="relative"`` divides by the norm of the same entries in W^{t-1}: 0/0 = 0, x/0 = inf.
    Accumulated in float64.

    Returns
    -------
    units, rho : lists over hidden layers

    Source: paper, Algorithm 4: the absolute drift of the incoming weights, after Eq. 6.  It never mentions biases; that
    they count is ours.
    """
    check_previous(network, previous)
    older, drifts = network.older(t), []
    for l, units in enumerate(older[1:]):
        then, now = (_incoming(stacked(net.weights[l], network.fan[l]), net.biases[l], older[l], units)
                     for net in (previous, network))
        rho = np.linalg.norm(now - then, axis=0)
        drifts.append(_ratio(rho, np.linalg.norm(then, axis=0)) if drift == "relative" else rho)
    return older[1:], drifts


def _incoming(stack, bias, below, units):
    """Per unit a column of its incoming weights from the units below, and its bias."""
    return np.vstack([unstacked(stack[between(below, units)]), bias[units]]).astype(np.float64)


def _ratio(change, size):
    """change / size with 0/0 = 0 and x/0 = inf."""
    at_zero = np.where(change > 0, np.inf, 0.0)
    return np.divide(change, size, out=at_zero, where=size > 0)


@door
def most_drifted(units: Each(all_of=Indices()), drifts: Drifts(), sigma: Each(all_of=Number(low=0, infinite=True)),
                 at_most: Whole(0) = None) -> list[np.ndarray]:
    """Units with rho > sigma (a tie does not exceed), ascending; with ``at_most`` only the most drifted of them.

    Among equally drifted units the lower index wins.
    """
    check_lists(units, drifts, sigma)
    chosen = []
    for indices, rho, threshold in zip(units, drifts, sigma, strict=True):
        over = np.flatnonzero(rho > threshold)
        first = over[np.argsort(-rho[over], kind="stable")][:at_most]
        chosen.append(indices[np.sort(first)])
    return chosen


@door
def pull_back(network: Network, stage: Stage) -> tuple:
    """Solve Eq. 6 from the current weights, on all that stage t sees; (Network, Result)."""
    older = network.older(stage.t)
    anchor, fisher = extract(stage.previous, older), stage.fisher(older)
    return solve_cut(network, network.visible(stage.t), network.head_of(stage.task.id), stage,
                     lambda start, loss, sub: eq6(start, loss, stage.config, sub.edges, anchor, fisher),
                     label="Eq. 6", epochs=stage.config.epochs_eq6, start_competes=True)


def _per_layer(function, drifts) -> list:
    """One number per layer, None for an empty one."""
    return [float(function(rho)) if len(rho) else None for rho in drifts]
