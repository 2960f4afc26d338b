"""The loops asked as the functions of ``den`` are: a Network goes in, a Network of the same precision comes out."""

from dataclasses import replace

import numpy as np

from den_ref import loops
from den_ref.den.network import Network, Subnetwork
from den_ref.den.surgery import Useless
from tests.own_answers.networks import fields_of, network_of
from den_ref.loops import subnetworks, surgery
from den_ref.protocol import Capacity


def fields(network: Network) -> dict:
    """The arguments by which the loops call a network; float64, as all their numbers."""
    return {name: [np.asarray(array, float) if array.dtype.kind == "f" else array for array in arrays]
            for name, arrays in fields_of(network).items()} | {"fan": network.fan}


def like(network: Network, answer: dict) -> Network:
    """An answer of the loops as a Network, in the precision and with the tasks of another."""
    kinds = {name: [array.astype(network.dtype) for array in answer[name]]
             for name in ("weights", "biases", "heads", "head_biases")}
    after = network_of(**{name: answer[name] for name in fields_of(network)} | kinds)
    heads = [replace(new, task=old.task, loss=old.loss) for new, old in zip(after.heads, network.heads, strict=True)]
    return replace(after, heads=heads, fan=network.fan, convolutions=network.convolutions)


def body(network: Network, *names) -> dict:
    """Some of the arguments, and the fan."""
    return {name: fields(network)[name] for name in (*names, "fan")}


def previous(network: Network) -> dict:
    """The arguments that are W^{t-1}."""
    return {f"previous_{name}": fields(network)[name] for name in ("weights", "biases")}


def visible(network, stage) -> list:
    """``network.visible(stage)``."""
    units = subnetworks.visible(**body(network, "weights", "introduced", "retired"), stage=stage)
    return [np.array(one, np.intp) for one in units]


def sees(network, stage, layer, unit) -> bool:
    """Is a unit among those that a stage sees?  Layer 0 are the input features."""
    return unit in visible(network, stage)[layer]


def predict(network, task, x, units=None):
    """``network.scores`` of a network without filters."""
    head, asked = network.head_of(task), {name: fields(network)[name] for name in ("weights", "biases")}
    units = visible(network, head.stage) if units is None else units
    logits = subnetworks.scores(np.asarray(x, float), units, **asked, head=np.asarray(head.weights, float),
                                head_bias=np.asarray(head.bias, float))
    return logits.astype(network.dtype)


def capacity(network) -> Capacity:
    """``den.network.capacity``."""
    counted = subnetworks.capacity(**fields(network))
    return Capacity(**{**counted, "per_task": dict(zip((head.task for head in network.heads), counted["per_task"]))})


def select_units(network, head) -> list:
    """``den.selective.select_units``."""
    asked = body(network, "weights", "introduced", "retired")
    return loops.select_units(head.stage, head.weights, **asked, current_weights=asked["weights"])


def extract(network, units, head) -> Subnetwork:
    """``den.network.extract``."""
    sub = loops.extract_subnetwork(network.weights, network.biases, head.weights, head.bias, units,
                                     fan=network.fan)
    assert all(np.array_equal(w != 0, edges) for w, edges in zip(sub["sub_weights"], sub["edges"], strict=True))
    return Subnetwork(list(units), sub["sub_weights"], sub["sub_biases"], sub["sub_head"], sub["sub_head_bias"])


def insert(network, sub, head) -> Network:
    """``den.network.insert``."""
    after = loops.insert_subnetwork(network.weights, network.biases, head.weights, head.bias, sub.units, sub.weights,
                                    sub.biases, sub.head, sub.head_bias, fan=network.fan)
    return replace(network, weights=after["weights"], biases=after["biases"]).with_head(
        replace(head, weights=after["head"], bias=after["head_bias"]))


def append_units(network, counts, stage) -> Network:
    """``den.surgery.append_units``."""
    return like(network, loops.append_units(**fields(network), counts=counts, stage=stage))


def useless_units(network, stage) -> Useless:
    """``den.surgery.useless_units``: all biases with the constants folded in, those of the useless units too."""
    asked, padded = fields(network), [l for l, layer in enumerate(network.convolutions) if layer.padding]
    units, biases, head_biases = surgery.fold(**{name: asked[name] for name in asked if name != "retired"}, stage=stage,
                                              padded=padded)
    again, *_ = loops.useless_units(**asked, stage=stage, padded=padded)
    assert [list(gone) for gone in again] == [list(gone) for gone in units]
    return Useless(units, like(network, asked | {"biases": biases, "head_biases": head_biases}))


def delete_units(network, units) -> Network:
    """``den.surgery.delete_units``."""
    return like(network, loops.delete_units(**fields(network), units=units))


def unit_drift(network, then, t, drift="absolute") -> tuple:
    """``den.splitting.unit_drift``."""
    asked = body(network, "weights", "biases", "introduced", "retired")
    return loops.unit_drift(**asked, **previous(then), stage=t, drift=drift)


def most_drifted(units, drifts, sigma, at_most=None) -> list:
    """``den.splitting.most_drifted``."""
    return loops.most_drifted(units, drifts, sigma, at_most)


def split_units(network, then, split, stage, original="retire") -> Network:
    """``den.surgery.split_units``."""
    return like(network, loops.split_units(**fields(network), **previous(then), split=split, stage=stage,
                                           original=original))
