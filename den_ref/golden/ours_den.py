"""den_ref's own answers to the operations of DEN: its fast functions behind the names of the golden cases.

``Answers(...)`` builds the adapter from any functions with the arguments of those in ``den``.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..den import network, selective, splitting, surgery
from ..den.network import Head, Network, Subnetwork
from .networks import fields_of, network_of
from den_ref.golden.own.trace import den_trace

FAST = SimpleNamespace(
    select_units=selective.select_units, extract=network.extract, insert=network.insert,
    append_units=surgery.append_units, useless_units=surgery.useless_units, delete_units=surgery.delete_units,
    unit_drift=splitting.unit_drift, most_drifted=splitting.most_drifted, split_units=surgery.split_units,
    predict=Network.scores)


class Answers:
    """An adapter: one method per operation, inputs by name, outputs as a dict.

    Parameters
    ----------
    den : namespace
        The functions to ask, see FAST.
    den_trace : function, optional
        Answers the operation of this name.
    """

    def __init__(self, den, den_trace=None):
        self.den, self.den_trace = den, den_trace

    def select_units(self, stage, head, weights, introduced, retired, current_weights):
        net = network_of(weights, [np.zeros(w.shape[1]) for w in weights], introduced, retired)
        return {"selected": self.den.select_units(net, Head(stage, stage, head, np.zeros(head.shape[1])))}

    def extract_subnetwork(self, weights, biases, head, head_bias, units):
        sub = self.den.extract(network_of(weights, biases), units, Head(1, 1, head, head_bias))
        return {"sub_weights": sub.weights, "sub_biases": sub.biases, "sub_head": sub.head,
                "sub_head_bias": sub.head_bias, "edges": sub.edges}

    def insert_subnetwork(self, weights, biases, head, head_bias, units, sub_weights, sub_biases, sub_head,
                          sub_head_bias):
        sub = Subnetwork(units, sub_weights, sub_biases, sub_head, sub_head_bias)
        after = self.den.insert(network_of(weights, biases), sub, Head(1, 1, head, head_bias))
        return {"weights": after.weights, "biases": after.biases, "head": after.heads[-1].weights,
                "head_bias": after.heads[-1].bias}

    def append_units(self, counts, stage, **fields):
        return fields_of(self.den.append_units(network_of(**fields), counts, stage))

    def useless_units(self, stage, **fields):
        useless = self.den.useless_units(network_of(**fields), stage)
        left = fields_of(self.den.delete_units(useless.folded, useless.units))
        return {"useless": useless.units, "biases": left["biases"], "head_biases": left["head_biases"]}

    def delete_units(self, units, **fields):
        return fields_of(self.den.delete_units(network_of(**fields), units))

    def unit_drift(self, weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift):
        now, before = network_of(weights, biases, introduced, retired), network_of(previous_weights, previous_biases)
        older, rho = self.den.unit_drift(now, before, stage, drift)
        return {"older": older, "rho": rho}

    def most_drifted(self, older, rho, sigma, at_most):
        return {"split": self.den.most_drifted(older, rho, sigma, at_most)}

    def split_units(self, previous_weights, previous_biases, split, stage, original, **fields):
        previous = network_of(previous_weights, previous_biases)
        return fields_of(self.den.split_units(network_of(**fields), previous, split, stage, original))

    def predict_task(self, x, stage, **fields):
        return {"logits": self.den.predict(network_of(**fields), stage, x)}


FUNCTIONS = Answers(FAST, den_trace)
