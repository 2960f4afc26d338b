"""predict_task: the logits of every task, also after later ones have grown the network."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from tests.oracles import high_precision as hp
from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import NETWORK, NEVER, drawn, drawn_network, floats, ints, visible


@hp.in_fifty_digits
def oracle(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Units that the stage does not see are silenced: without rounding, that is cutting them out."""
    seen = [visible(born, gone, stage) for born, gone in zip(introduced, retired)]
    return {"logits": silenced(x, weights, biases, seen, *head_of(stage, heads, head_biases, head_stages))}


def head_of(stage, heads, head_biases, head_stages):
    """(weights, bias) of the head of a stage."""
    return next((head, bias) for head, bias, own in zip(heads, head_biases, head_stages) if own == stage)


def silenced(x, weights, biases, seen, head, head_bias):
    """Logits of the network in which all but the seen units say 0."""
    h = x
    for w, b, units in zip(weights, biases, seen):
        h = hp.relu(hp.product(h, w) + b) * units
    return hp.product(h, head) + head_bias


def with_seeing(sees, bias=True):
    """Logits in float64 with another rule for who is seen: sees(introduced, retired, stage)."""
    def outputs(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
        head, head_bias = head_of(stage, heads, head_biases, head_stages)
        h = x
        for w, b, born, gone in zip(weights, biases, introduced, retired):
            h = np.maximum(h @ w + b, 0) * sees(born, gone, stage)
        return {"logits": h @ head + head_bias}

    return outputs


def last_head(stage, head_stages, heads, head_biases, **rest):
    """The newest head on the units of the stage."""
    return oracle(stage=stage, head_stages=[stage], heads=heads[-1:], head_biases=head_biases[-1:], **rest)


def probabilities(**inputs):
    """After a sigmoid."""
    return {"logits": expit(oracle(**inputs)["logits"])}


def head_by_position(stage, heads, head_biases, head_stages, **rest):
    """heads[stage - 1]."""
    place = min(stage, len(heads)) - 1
    return oracle(stage=stage, heads=[heads[place]], head_biases=[head_biases[place]], head_stages=[stage], **rest)


def biases_of_unseen(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Rows and columns of unseen units are 0, their biases are not."""
    head, head_bias = head_of(stage, heads, head_biases, head_stages)
    h = x
    for w, b, born, gone in zip(weights, biases, introduced, retired):
        h = np.maximum(h @ (w * visible(born, gone, stage)) + b, 0)
    return {"logits": h @ head + head_bias}


def relu_on_head(**inputs):
    """max(logits, 0)."""
    return {"logits": np.maximum(oracle(**inputs)["logits"], 0)}


MISTAKES = [
    Mistake("old-tasks-see-new-units", "Units introduced after the task's stage were read: without timestamps, what "
            "later tasks add changes what earlier ones say.", with_seeing(lambda born, gone, t: t < gone)),
    Mistake("retired-inclusive", "A unit was still read in the stage at which it retires. The lifetime "
            "[introduced, retired) does not contain its end.", with_seeing(lambda b, g, t: (b <= t) & (t <= g))),
    Mistake("retired-units-seen", "Units that had retired by the task's stage were read. A stage t sees a unit iff "
            "introduced <= t < retired.", with_seeing(lambda born, gone, t: born <= t)),
    Mistake("all-units-seen", "Every unit was read, whatever its lifetime; or lifetimes were looked at in the "
            "top layer alone, where the zeros of the head leave nothing to do.",
            with_seeing(lambda born, gone, t: True)),
    Mistake("introduced-exclusive", "A unit was not read in the very stage that introduced it. The lifetime "
            "[introduced, retired) contains its beginning.", with_seeing(lambda b, g, t: (b < t) & (t < g))),
    Mistake("last-head", "The newest head answered. Every task has a head of its own.", last_head),
    Mistake("head-by-position", "The head was looked up by its place, heads[stage - 1]. It is the one whose "
            "head_stage is the stage: stages of heads may skip numbers.", head_by_position),
    Mistake("biases-of-unseen-units", "The weights of units that the stage does not see were taken as 0, their biases "
            "were not: such a unit says max(b, 0). It says nothing.", biases_of_unseen),
    Mistake("relu-on-head", "The logits went through a ReLU; the head is linear.", relu_on_head),
    Mistake("probabilities", "These are probabilities. What is asked for are logits, before the sigmoid.",
            probabilities),
]

#: Unit 0 was there from the start and retires at 3; unit 1 came at 2; unit 2, the copy of 0, came at 3.
LIFE = {
    "weights": floats([[1, 2, 4], [1, -1, 0]]), "biases": floats([0.5, 0, 0.25]), "introduced": ints([1, 2, 3]),
    "retired": ints([3, NEVER, NEVER]), "heads": floats([[1], [0], [0]], [[1], [2], [0]], [[0], [1], [3]]),
    "head_biases": floats([0.125], [0.25], [0.5]), "head_stages": np.array([1, 2, 3]),
    "x": np.array([[1.0, 0], [0, 1]]),
}
#: Below: units that live in [1, 2), [1, 3), [2, never), [4, never), and say 1, 2, 4, 8; above, one that adds them up.
ADDS_UP = {
    "weights": floats([[1, 2, 4, 8]], [[1], [1], [1], [1]]), "biases": floats([0, 0, 0, 0], [0]),
    "introduced": ints([1, 1, 2, 4], [1]), "retired": ints([2, 3, NEVER, NEVER], [NEVER]),
    "heads": floats([[1]], [[1]], [[1]], [[2]]), "head_biases": floats([0], [0.5], [0.25], [0]),
    "head_stages": np.array([1, 2, 3, 4]), "x": np.array([[1.0]]),
}


def drawn_case(seed, stage) -> dict:
    """Three layers in which five stages are learnt."""
    net = drawn_network(seed, 5, [8, 7, 7], 5, new=2, outputs=3, density=0.8, retire=0.7)
    return net | {"x": drawn(np.random.default_rng(seed + 1), (6, 5)), "stage": stage}


HAND, DECIMAL = "by hand", "all other units silenced, in 50-digit decimals"
QUESTIONS = [
    Question("first-task", "unit 0 alone: 1.5 + 0.125, twice", LIFE | {"stage": 1}, HAND, "exact",
             expected={"logits": np.array([[1.625], [1.625]])}),
    Question("second-task", "units 0 and 1: 1.5 + 2 * 2 + 0.25, and 1.5 + 0.25", LIFE | {"stage": 2}, HAND, "exact",
             expected={"logits": np.array([[5.75], [1.75]])}),
    Question("after-a-split", "unit 0 has retired, its copy stands in: 2 + 3 * 4.25 + 0.5, and 3 * 0.25 + 0.5",
             LIFE | {"stage": 3}, HAND, "exact", expected={"logits": np.array([[15.25], [1.25]])}),
    *(Question(f"lifetimes-task-{t}",
               f"units [1, 2), [1, 3), [2, never), [4, never) that say 1, 2, 4, 8: stage {t} reads {said}",
               ADDS_UP | {"stage": t}, HAND, "exact", expected={"logits": np.array([[logit]])})
      for t, said, logit in ((1, "1 + 2", 3.0), (2, "2 + 4", 6.5), (3, "4", 4.25), (4, "4 + 8", 24.0))),
    *(Question(f"stages-skip-{t}", f"heads of stages 1, 3, 4 and 6: stage {t} reads {said}, and its own head",
               ADDS_UP | {"heads": floats([[1]], [[1]], [[-2]], [[3]]),
                          "head_biases": floats([0], [0.5], [0.25], [1]), "head_stages": np.array([1, 3, 4, 6]),
                          "stage": t}, HAND, "exact",
               expected={"logits": np.array([[logit]])}) for t, said, logit in ((3, "4", 4.5), (4, "4 + 8", -23.75))),
    Question("biases-of-unseen", "units below have biases of 1/2: stage 1 reads 1.5 + 2.5, and nothing of the others",
             ADDS_UP | {"biases": floats([0.5, 0.5, 0.5, 0.5], [0]), "stage": 1}, HAND, "exact",
             expected={"logits": np.array([[4.0]])}),
    Question("no-samples", "an empty batch", LIFE | {"x": np.zeros((0, 2)), "stage": 2}, HAND, "exact",
             expected={"logits": np.zeros((0, 1))}),
    Question("no-unit-seen", "the stage sees no unit at all: the head's bias is the answer",
             LIFE | {"introduced": ints([2, 2, 3]), "stage": 1}, HAND, "exact",
             expected={"logits": np.array([[0.125], [0.125]])}),
    Question("empty-layer", "a layer of width 0: what is above is constant",
             {"weights": [np.zeros((1, 0)), np.zeros((0, 1))], "biases": floats([], [2]), "introduced": ints([], [1]),
              "retired": ints([], [NEVER]), "heads": floats([[3]]), "head_biases": floats([0.5]),
              "head_stages": np.array([1]), "x": np.array([[1.0]]), "stage": 1}, HAND, "exact",
             expected={"logits": np.array([[6.5]])}),
    *(Question(f"large-task-{t}", f"task {t} of five, three layers, three outputs",
               lambda t=t: drawn_case(81, t), DECIMAL) for t in (2, 3, 4)),
]

RECIPE = Recipe(
    name="predict_task",
    equation="h_l = relu(h_{l-1} W_l + b_l) over the units visible to the task's stage, logits = h_{L-1} V_t + c_t",
    inputs={"x": "float64[*,*]"} | NETWORK | {"stage": "int64"}, outputs={"logits": "float64[*,*]"},
    conventions=["samples are rows; logits, no sigmoid", "stage is that of the task; its head is the one with this "
                 "head_stage, wherever it stands: the stages of heads may skip numbers",
                 "a stage t sees a unit iff introduced <= t < retired"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
