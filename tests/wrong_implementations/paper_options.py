"""Eq. 4 with L1 and Eq. 6 weighted by Fisher information: written together with their golden files, not before them."""

import numpy as np

from tests import own_answers as own

from .listing import wrong

# --- Eq. 4 with L1 -----------------------------------------------------------------------------------------------


@wrong("objective_eq4_l1", known="l1-left-out")
def footnote_forgotten(mu, **given):
    """The squares alone."""
    return own.objective_eq4_l1(mu=0.0, **given)


@wrong("objective_eq4_l1", r"bias", hard=True)
def bias_of_the_head_penalised(head_bias, mu, **given):
    """The head's bias has L1, since head and bias are one matrix."""
    right = own.objective_eq4_l1(head_bias=head_bias, mu=mu, **given)
    return {**right, "penalty": right["penalty"] + mu * abs(head_bias).sum()}


@wrong("objective_eq4_l1", r"strength|swapped|interchanged|mu_l2.*mu\b", hard=True)
def strengths_swapped(mu_l2, mu, **given):
    """mu stands before the squares and mu_l2 before the absolute values."""
    return own.objective_eq4_l1(mu_l2=mu, mu=mu_l2, **given)


# --- Eq. 6 by Fisher information ---------------------------------------------------------------------------------


@wrong("objective_eq6_fisher", known="half-factor")
def as_ewc_has_it(lam, **given):
    """(lam / 2), as in EWC."""
    return own.objective_eq6_fisher(lam=lam / 2, **given)


@wrong("objective_eq6_fisher", r"root|normalis|square")
def root_of_fisher(fisher_weights, fisher_biases, **given):
    """The root of F, as in the metric of an optimiser."""
    return own.objective_eq6_fisher(fisher_weights=[np.sqrt(f) for f in fisher_weights],
                                    fisher_biases=[np.sqrt(f) for f in fisher_biases], **given)


@wrong("objective_eq6_fisher", r"bias", hard=True)
def biases_pulled_alike(fisher_biases, **given):
    """Only weights have an F; biases are pulled with lam itself."""
    return own.objective_eq6_fisher(fisher_biases=[np.ones_like(f) for f in fisher_biases], **given)
