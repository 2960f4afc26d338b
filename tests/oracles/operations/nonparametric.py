"""CapNorm forwards and backwards, a step of AdaRad, and the fan-in penalty of nonparametric networks."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.recipe import Mistake, Question, Recipe

DECIMALS = "the formula in 50-digit decimals"
DIFFERENCES = "central differences of the forward formula in 50-digit decimals"


def mean(values) -> Decimal:
    """The mean of all entries."""
    return hp.total(values) / len(values)


def deviation(z, less=0) -> Decimal:
    """The root of the mean of (z - mean)^2; ``less``: samples left out of the count."""
    return (hp.total((z - mean(z)) ** 2) / (len(z) - less)).sqrt()


def by_columns(function, *arrays) -> np.ndarray:
    """function(column, ...) for every column, beside each other."""
    return np.column_stack([function(*columns) for columns in zip(*(a.T for a in arrays), strict=True)])


# --- CapNorm -----------------------------------------------------------------------------------------------------


def normed(scale=lambda sigma: max(sigma, Decimal(1)), centre=mean, less=0):
    """(z - mu) / max(sigma, 1) of a column."""
    return lambda z: (z - centre(z)) / scale(deviation(z, less))


def forward(column):
    """An oracle: a column after the other."""
    return hp.in_fifty_digits(lambda z: {"out": by_columns(column, z)})


def across_units(z):
    """Every sample over its units."""
    return by_columns(normed(), z.T).T


def centred_at_0(z):
    """Nothing taken away, the deviation that of the centred."""
    return z / max(deviation(z), Decimal(1))


MIXED = {"z": array([0, 4, 1], [1, 0, 1], [0, 4, 1], [1, 0, 1])}

FORWARD = Recipe(
    name="capnorm_forward",
    equation="out = (z - mu) / max(sigma, 1), mu and sigma the mean and the deviation of a unit over the samples "
             "(Philipp and Carbonell 2017, section 3)",
    inputs={"z": "float64[*,*]"}, outputs={"out": "float64[*,*]"},
    conventions=["a row is a sample, a column a unit", "sigma is the root of the mean of (z - mu)^2, over n and not "
                 "n - 1", "nothing is added to sigma, there is no learnt scale or shift", "before the ReLU"],
    oracle=forward(normed()),
    mistakes=[
        Mistake("cap-missing", "Every unit was divided by its deviation, as in batch normalisation; it is divided by 1 "
                "where the deviation is below 1.", forward(normed(lambda sigma: sigma if sigma else Decimal(1)))),
        Mistake("cap-reversed", "Units were divided by min(sigma, 1).",
                forward(normed(lambda sigma: min(sigma, Decimal(1)) if sigma else Decimal(1)))),
        Mistake("never-divided", "The mean was taken away and nothing divided.", forward(normed(lambda sigma: 1))),
        Mistake("not-centred", "The mean was not taken away; units are centred first.", forward(centred_at_0)),
        Mistake("variance-for-deviation", "Units were divided by max(sigma^2, 1).",
                forward(normed(lambda sigma: max(sigma * sigma, Decimal(1))))),
        Mistake("over-n-minus-1", "The deviation was that over n - 1.", forward(normed(less=1))),
        Mistake("across-units", "Every sample was normed over its units; it is every unit over the samples.",
                hp.in_fifty_digits(lambda z: {"out": across_units(z)})),
    ],
    questions=[
        Question("by-hand", "deviations of 1/2, 2 and 0", MIXED, "by hand: means 1/2, 2 and 1",
                 expected={"out": array([-0.5, 1, 0], [0.5, -1, 0], [-0.5, 1, 0], [0.5, -1, 0])}),
        Question("both-branches", "three units above 1 and two below",
                 lambda: {"z": normals(1, 7, 5) * np.array([3, 0.2, 1.5, 0.5, 4]) + np.array([1, -2, 0, 3, 0.5])},
                 DECIMALS),
        Question("three-samples", "few samples: n and n - 1 differ", lambda: {"z": 4 * normals(2, 3, 4)}, DECIMALS),
    ])


def slopes(column):
    """An oracle: central differences of sum(dout * out)."""
    @hp.in_fifty_digits
    def outputs(z, dout):
        def slope(own, g):
            return hp.central_differences(lambda: hp.total(column(own) * g), own)

        return {"dz": by_columns(slope, z, dout)}

    return outputs


def formula(column):
    """A mistake: a formula of (z, g) for each column."""
    return hp.in_fifty_digits(lambda z, dout: {"dz": by_columns(column, z, dout)})


def statistics_held(z, g):
    """mu and sigma as if they did not move with z."""
    return g / max(deviation(z), Decimal(1))


def mean_held(z, g):
    """Without -mean(g)."""
    sigma, out = max(deviation(z), Decimal(1)), normed()(z)
    return (g - (out * mean(g * out) if deviation(z) > 1 else 0)) / sigma


def deviation_held(z, g):
    """sigma as if it did not move with z."""
    return (g - mean(g)) / max(deviation(z), Decimal(1))


def along_below(z, g):
    """The term of sigma below 1 too."""
    out = normed()(z)
    return (g - mean(g) - out * mean(g * out)) / max(deviation(z), Decimal(1))


def not_divided(z, g):
    """Without 1 / sigma."""
    return along_below(z, g) * deviation(z) if deviation(z) > 1 else g - mean(g)


BACKWARD = Recipe(
    name="capnorm_backward",
    equation="dz of sum(dout * out), out = (z - mu) / max(sigma, 1):  (g - mean(g) - out mean(g out)) / sigma where "
             "sigma > 1, g - mean(g) where sigma <= 1, for every unit, g = dout",
    inputs={"z": "float64[*,*]", "dout": "float64[*,*]"}, outputs={"dz": "float64[*,*]"},
    conventions=["a row is a sample, a column a unit; means are over samples", "mu and sigma are functions of z"],
    oracle=slopes(normed()),
    mistakes=[
        Mistake("statistics-held", "mu and sigma were taken for constants.", formula(statistics_held)),
        Mistake("mean-held", "mu was taken for a constant: - mean(g) is missing.", formula(mean_held)),
        Mistake("deviation-held", "sigma was taken for a constant above 1 as well.", formula(deviation_held)),
        Mistake("along-below-1", "The term of sigma was kept where sigma <= 1, where 1 is divided by.",
                formula(along_below)),
        Mistake("not-divided", "The division by sigma is missing above 1.", formula(not_divided)),
        Mistake("cap-missing", "The gradient is that of batch normalisation, without the cap.",
                slopes(normed(lambda sigma: sigma))),
    ],
    questions=[
        Question("by-hand", "two samples, below 1: only the mean goes", {"z": array([0], [1]), "dout": array([3], [1])},
                 "by hand: 3 - 2 and 1 - 2", expected={"dz": array([1], [-1])}),
        Question("both-branches", "three units above 1 and two below",
                 lambda: {"z": normals(3, 6, 5) * np.array([3, 0.2, 1.5, 0.5, 4]), "dout": normals(4, 6, 5)},
                 DIFFERENCES),
        Question("four-samples", "all units above 1", lambda: {"z": 5 * normals(5, 4, 3), "dout": normals(6, 4, 3)},
                 DIFFERENCES),
    ])

# --- AdaRad ------------------------------------------------------------------------------------------------------


def cosine_and_sine(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Both by their series, for angles of a few radians."""
    terms = [Decimal(1)]
    for k in range(1, 80):
        terms.append(terms[-1] * angle / k)
    signs = (1, 1, -1, -1)
    return tuple(sum(signs[k % 4] * terms[k] for k in range(first, 80, 2)) for first in (0, 1))


def turn(w, t, angle):
    """norm(w) (cos w / norm(w) - sin t / norm(t))."""
    if not hp.norm(t):
        return w
    cosine, sine = cosine_and_sine(angle)
    return cosine * w - sine * hp.norm(w) * t / hp.norm(t)


def project(w, g):
    """The part of g along w."""
    return hp.total(g * w) / hp.total(w * w) * w


def shrunk(w, threshold):
    """The prox of threshold times the norm."""
    return w * max(Decimal(0), 1 - threshold / hp.norm(w))


def adarad(along=project, move=turn, speed=lambda m, c, top, most, eps: (top / most).sqrt() / (m / c + eps).sqrt(),
           threshold=lambda radial, lam, share: radial * lam * share, lengthen=lambda w, step, r: w - step * r):
    """An oracle: one unit after the other."""
    @hp.in_fifty_digits
    def outputs(w, gradient, m, c, m_max, c_max, lam, step_radial, step_angular, beta, eps, share):
        parts = [(r := along(own, g), g - r) for own, g in zip(w.T, gradient.T, strict=True)]
        m = np.array([(1 - beta) * old + beta * hp.total(t * t) for old, (_, t) in zip(m, parts, strict=True)])
        c = (1 - beta) * c + beta
        m_max, c_max = max(m_max, *m), max(c_max, *c)
        moved = []
        for own, (r, t), m_j, c_j in zip(w.T, parts, m, c, strict=True):
            own = lengthen(own, step_radial, r)
            own = move(own, t, step_angular * hp.norm(t) * speed(m_j, c_j, m_max, c_max, eps))
            moved.append(shrunk(own, threshold(step_radial, lam, share)))
        return {"w": np.column_stack(moved), "m": m, "c": c, "m_max": m_max, "c_max": c_max}

    return outputs


def straight(w, t, angle):
    """A step across w instead of a turn: w grows."""
    return w - angle * t / hp.norm(t) if hp.norm(t) else w


def scaled_angle(w, t, angle):
    """The angle as a length: a turn by angle / norm(w)."""
    return turn(w, t, angle / hp.norm(w))


def uphill(w, t, angle):
    """The other way."""
    return turn(w, -t, angle)


def adarad_case(seed, n_in, units, angular=0.3, share=0.25, old=True) -> dict:
    """A step in the middle of training, or the first."""
    m, c = (abs(normals(seed + 2, units)), np.round(0.3 + 0.1 * np.arange(units), 6)) if old else np.zeros((2, units))
    return {"w": normals(seed, n_in, units) + 1, "gradient": normals(seed + 1, n_in, units), "m": m, "c": c,
            "m_max": 2.5 if old else 0.0, "c_max": 0.9 if old else 0.0, "lam": 0.5, "step_radial": 0.125,
            "step_angular": angular, "beta": 0.25, "eps": 0.001, "share": share}


HAND = {"w": array([3], [4]), "gradient": array([3], [4]), "m": np.array([1.0]), "c": np.array([1.0]), "m_max": 1.0,
        "c_max": 1.0, "lam": 0.5, "step_radial": 0.2, "step_angular": 0.3, "beta": 0.25, "eps": 0.001, "share": 1.0}

ADARAD = Recipe(
    name="adarad_step",
    equation="r = (<g, w> / norm(w)^2) w, t = g - r;  m <- (1 - beta) m + beta norm(t)^2, c <- (1 - beta) c + beta; "
             "m_max, c_max their largest so far;  w <- w - step_radial r;  w turned away from t by step_angular "
             "norm(t) sqrt(m_max / c_max) / sqrt(m / c + eps);  w <- w max(0, 1 - step_radial lam share / norm(w))  "
             "(Philipp and Carbonell 2017, Algorithm 1)",
    inputs={"w": "float64[*,*]", "gradient": "float64[*,*]", "m": "float64[*]", "c": "float64[*]", "m_max": "float64",
            "c_max": "float64", "lam": "float64", "step_radial": "float64", "step_angular": "float64",
            "beta": "float64", "eps": "float64", "share": "float64"},
    outputs={"w": "float64[*,*]", "m": "float64[*]", "c": "float64[*]", "m_max": "float64", "c_max": "float64"},
    conventions=["a column is a unit's incoming weights, w in the formula",
                 "share is the batch's share of the samples; "
                 "the gradient has that factor already", "averages of all units first, then their largest, then all "
                 "units move", "a turn keeps the length: norm(w) (cos(a) w / norm(w) - sin(a) t / norm(t)); t = 0: no "
                 "turn", "no step along w crosses 0 here"],
    oracle=adarad(),
    mistakes=[
        Mistake("step-for-turn", "A step across w was taken; it is a turn, which keeps the length.",
                adarad(move=straight)),
        Mistake("turned-uphill", "Units were turned towards the gradient.", adarad(move=uphill)),
        Mistake("angle-over-length", "The angle was divided by the length of w.", adarad(move=scaled_angle)),
        Mistake("not-split", "The whole gradient turned w; its part along w belongs to the length.",
                adarad(along=lambda w, g: 0 * w)),
        Mistake("length-not-moved", "The part of the gradient along w was not used.",
                adarad(lengthen=lambda w, step, r: w)),
        Mistake("not-adapted", "The angle was not scaled by sqrt(m_max / c_max) / sqrt(m / c + eps).",
                adarad(speed=lambda m, c, top, most, eps: Decimal(1))),
        Mistake("own-average-only", "The angle was divided by a unit's own average and not scaled by the largest.",
                adarad(speed=lambda m, c, top, most, eps: 1 / (m / c + eps).sqrt())),
        Mistake("bias-not-corrected", "m and m_max were not divided by c and c_max.",
                adarad(speed=lambda m, c, top, most, eps: top.sqrt() / (m + eps).sqrt())),
        Mistake("share-missing", "The penalty of a whole pass was taken at one batch.",
                adarad(threshold=lambda radial, lam, share: radial * lam)),
        Mistake("threshold-without-step", "The threshold is lam times the share; it is times the radial step too.",
                adarad(threshold=lambda radial, lam, share: lam * share)),
    ],
    questions=[
        Question("by-hand", "the gradient lies along w: no turn, 5 becomes 4, the penalty takes 1/10", HAND,
                 "by hand: w (1 - 1/5) (1 - (1/10) / 4)",
                 expected={"w": array([3 * 0.78], [4 * 0.78]), "m": np.array([0.75]), "c": np.array([1.0]),
                           "m_max": 1.0, "c_max": 1.0}),
        Question("the-first-step", "all averages 0 before", lambda: adarad_case(10, 5, 4, old=False), DECIMALS),
        Question("later", "units with averages of their own, a batch of a quarter", lambda: adarad_case(20, 6, 4),
                 DECIMALS),
        Question("wide-turns", "angles of up to a few radians", lambda: adarad_case(30, 4, 3, angular=1.0, share=0.5),
                 DECIMALS),
    ])

# --- the penalty -------------------------------------------------------------------------------------------------


def fan_in(groups=lambda w: w, back=lambda v, w: v, size=hp.norm, penalised=lambda weights: weights,
           threshold=lambda lam, step: lam * step):
    """An oracle: the value, and every matrix after the prox with a step; ``groups`` makes columns of what is one."""
    def after(w, limit):
        shorter = by_columns(lambda own: shrunk(own, limit) if hp.norm(own) else own, groups(w))
        return back(shorter, w)

    @hp.in_fifty_digits
    def outputs(weights, lam, step):
        counted = penalised(weights)
        return {"value": lam * hp.total([size(own) for w in counted for own in groups(w).T]),
                "weights": [after(w, threshold(lam, step)) for w in counted] + weights[len(counted):]}

    return outputs


def fan_in_case(seed, sizes, lam, step) -> dict:
    """Matrices of a network, its head the last."""
    return {"weights": [normals(seed + l, *pair) for l, pair in enumerate(zip(sizes, sizes[1:]))], "lam": lam,
            "step": step}


FAN_IN = Recipe(
    name="fan_in_penalty",
    equation="lam sum over all matrices, the head too, and their columns of the norm; and its prox with a step: w "
             "max(0, 1 - step lam / norm(w)) for each column w  (Philipp and Carbonell 2017, section 2)",
    inputs={"weights/*": "float64[*,*]", "lam": "float64", "step": "float64"},
    outputs={"value": "float64", "weights/*": "float64[*,*]"},
    conventions=["a column is a unit's incoming weights", "the last matrix is the head, and penalised",
                 "norms are not squared", "a norm of at most step lam gives 0"],
    oracle=fan_in(),
    mistakes=[
        Mistake("fan-out", "Rows were penalised, a unit's outgoing weights.",
                fan_in(groups=lambda w: w.T, back=lambda v, w: v.T)),
        Mistake("head-left-out", "The head was not penalised; all matrices are, the last one too.",
                fan_in(penalised=lambda weights: weights[:-1])),
        Mistake("squared-norms", "The value is that of squared norms.", fan_in(size=lambda w: hp.total(w * w))),
        Mistake("l1", "The value is that of the L1 norm.", fan_in(size=hp.l1)),
        Mistake("whole-matrix", "A whole matrix was one group; every column is one.",
                fan_in(groups=lambda w: w.reshape(-1, 1), back=lambda v, w: v.reshape(w.shape))),
        Mistake("threshold-not-scaled", "The threshold is lam itself, not step * lam.",
                fan_in(threshold=lambda lam, step: lam)),
    ],
    questions=[
        Question("by-hand", "lengths 5, 1/2 and 2; the threshold is 1",
                 {"weights": [array([3, 0.5], [4, 0]), array([2], [0])], "lam": 0.5, "step": 2.0},
                 "by hand: (5 + 1/2 + 2) / 2; 5 becomes 4, 1/2 nothing, 2 becomes 1",
                 expected={"value": 3.75, "weights": [array([2.4, 0], [3.2, 0]), array([1], [0])]}),
        Question("three-layers", "a network of two hidden layers", lambda: fan_in_case(40, (3, 4, 5, 2), 0.3, 0.5),
                 DECIMALS),
        Question("a-large-step", "most units go", lambda: fan_in_case(50, (2, 5, 3, 1), 0.5, 3.0), DECIMALS),
    ])

RECIPES = [FORWARD, BACKWARD, ADARAD, FAN_IN]
