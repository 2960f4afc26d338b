"""Incremental features: the tied gradient, hard samples, the merge, and the tables of how many."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from math import ceil, floor

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, coins, normals
from tests.oracles.recipe import Mistake, Question, Recipe

DIFFERENCES = "central differences of the objective from probabilities, in 50-digit decimals"
DECIMALS = "pair by pair and feature by feature in 50-digit decimals"
BY_HAND = "by hand"
ENTRIES = "sample by sample, one after the other, with the window as a list"

# --- the tied gradient -------------------------------------------------------------------------------------------


def forward(W, b, a, V, c, noisy):
    """h, s and z."""
    h = hp.elementwise(hp.sigmoid, hp.product(noisy, W) + b)
    return h, hp.product(h, W.T) + a, hp.product(h, V) + c


def answers(z, loss) -> np.ndarray:
    """The probabilities of logits."""
    if loss == "sigmoid":
        return hp.elementwise(hp.sigmoid, z)
    e = hp.elementwise(Decimal.exp, z)
    return e / e.sum(axis=1, keepdims=True)


def binary(p, y) -> Decimal:
    """-sum of y log p + (1 - y) log(1 - p)."""
    return -hp.total([t * q.ln() + (1 - t) * (1 - q).ln() for q, t in zip(p.ravel(), y.ravel(), strict=True)])


def objective(W, b, a, V, c, noisy, x, y, loss, lam) -> Decimal:
    """The mean of L_disc / K + lam L_gen / d."""
    _, s, z = forward(W, b, a, V, c, noisy)
    p = answers(z, loss)
    own = binary(p, y) if loss == "sigmoid" else -hp.total([t * q.ln() for q, t in zip(p.ravel(), y.ravel())])
    return own / y.size + lam * binary(answers(s, "sigmoid"), x) / x.size


@hp.in_fifty_digits
def tied(W, b, a, V, c, **data):
    """The oracle: every gradient is a difference of the objective."""
    arrays = {"W": W, "b": b, "a": a, "V": V, "c": c}

    def value():
        return objective(**arrays, **data)

    return {"value": value(), **{f"d{name}": hp.central_differences(value, one) for name, one in arrays.items()}}


def explicit(encoder=1, decoder=1, slope=lambda h: h * (1 - h), heard=lambda noisy, x: noisy,
             aim=lambda noisy, x: x, sizes=lambda x, y: (x.size, y.size)):
    """The gradients by their formulas, with one part of them made differently; the value stays right."""
    @hp.in_fifty_digits
    def outputs(W, b, a, V, c, noisy, x, y, loss, lam):
        h, s, z = forward(W, b, a, V, c, noisy)
        n_x, n_y = sizes(x, y)
        ds, dz = lam * (answers(s, "sigmoid") - aim(noisy, x)) / n_x, (answers(z, loss) - y) / n_y
        dh = (hp.product(ds, W) + hp.product(dz, V.T)) * slope(h)
        return {"dW": encoder * hp.product(heard(noisy, x).T, dh) + decoder * hp.product(ds.T, h), "db": dh.sum(axis=0),
                "da": ds.sum(axis=0), "dV": hp.product(h.T, dz), "dc": dz.sum(axis=0)}

    return outputs


def autoencoder(seed, n, d, m, K, loss, lam) -> dict:
    """A small network, samples in [0, 1], about a third of the inputs set to 0."""
    x = np.round(np.random.default_rng(seed).random((n, d)), 4)
    y = coins(seed + 1, n, K) if loss == "sigmoid" else np.eye(K)[np.arange(n) % K]
    return {"W": normals(seed + 2, d, m), "b": normals(seed + 3, m), "a": normals(seed + 4, d),
            "V": normals(seed + 5, m, K), "c": normals(seed + 6, K),
            "noisy": x * (np.random.default_rng(seed + 7).random((n, d)) > 0.3), "x": x, "y": y, "loss": loss,
            "lam": lam}


GRADIENTS = Recipe(
    name="incremental_gradients",
    equation="L = H(y, z) / K + lam H(x, s) / d, mean over samples, with h = sigmoid(noisy W + b), s = h W^T + a, "
             "z = h V + c; and its gradients (Zhou, Sohn and Lee 2012)",
    inputs={"W": "float64[*,*]", "b": "float64[*]", "a": "float64[*]", "V": "float64[*,*]", "c": "float64[*]",
            "noisy": "float64[*,*]", "x": "float64[*,*]", "y": "float64[*,*]", "loss": "string", "lam": "float64"},
    outputs={"value": "float64", "dW": "float64[*,*]", "db": "float64[*]", "da": "float64[*]", "dV": "float64[*,*]",
             "dc": "float64[*]"},
    conventions=["a column of W is a feature; the decoder is W^T", "noisy is heard, x is to be reconstructed",
                 "y has a row per sample, of 0 and 1; loss is sigmoid or softmax, of the head alone",
                 "both parts are divided by the number of their targets, K and d"],
    oracle=tied,
    mistakes=[
        Mistake("encoder-path-only", "W is also the decoder: its gradient has a second part, ds^T h.",
                explicit(decoder=0)),
        Mistake("decoder-path-only", "W is also the encoder: its gradient has a first part, noisy^T dh.",
                explicit(encoder=0)),
        Mistake("sigmoid-slope-missing", "What comes back through the features was not multiplied by h (1 - h).",
                explicit(slope=lambda h: h * 0 + 1)),
        Mistake("clean-inputs-heard", "The encoder's gradient was made with x; the features heard noisy.",
                explicit(heard=lambda noisy, x: x)),
        Mistake("noise-reconstructed", "The reconstruction was compared with noisy; it is x that is to be found.",
                explicit(aim=lambda noisy, x: noisy)),
        Mistake("not-divided-by-targets", "The gradients are those of sums over targets; each part is divided by the "
                "number of its targets.", explicit(sizes=lambda x, y: (len(x), len(y)))),
    ],
    questions=[
        Question("by-hand", "one input, one feature, W = b = a = c = 0, V = 1: h = 1/2, s = 0 and z = 1/2",
                 {"W": array([0]), "b": np.zeros(1), "a": np.zeros(1), "V": array([0]), "c": np.zeros(1),
                  "noisy": array([1]), "x": array([1]), "y": array([1]), "loss": "sigmoid", "lam": 0.5},
                 "by hand: both parts log 2, ds = -1/4, dz = -1/2, dh = 0 and dW = ds h",
                 expected={"value": 1.5 * float(np.log(2)), "dW": array([-0.125]), "db": np.zeros(1),
                           "da": np.array([-0.25]), "dV": array([-0.25]), "dc": np.array([-0.5])}),
        Question("sigmoid-head", "three features, two outputs", lambda: autoencoder(1, 3, 4, 3, 2, "sigmoid", 0.2),
                 DIFFERENCES),
        Question("softmax-head", "two features, three classes", lambda: autoencoder(21, 4, 3, 2, 3, "softmax", 0.7),
                 DIFFERENCES),
    ])

# --- hard samples ------------------------------------------------------------------------------------------------


def hard(above=lambda loss, level: loss > level, full=lambda n, tau: n > tau, own=False, recent=lambda w: w,
         first=False, emptied=True):
    """An oracle of which samples are collected, and after which batches they are enough."""
    def outputs(losses, batch, window, tau):
        seen, collected, events = [], [], []
        for start in range(0, len(losses), batch):
            rows = range(start, min(start + batch, len(losses)))
            last = (seen + [losses[i] for i in rows] if own else seen)[-recent(window):]
            level = sum(last) / len(last) if last else (-np.inf if first else np.inf)
            collected += [i for i in rows if above(losses[i], level)]
            seen += [losses[i] for i in rows]
            if full(len(collected), tau):
                events.append(start // batch)
                collected = [] if emptied else collected
        return {"hard": np.array(collected, np.int64), "events": np.array(events, np.int64)}

    return outputs


def to_the_mean(losses, batch, window, tau) -> float:
    """The least distance of a sample's loss from the mean that it is compared with."""
    means = {i: np.mean(losses[:i // batch * batch][-window:]) for i in range(batch, len(losses))}
    return float(min(abs(losses[i] - mean) for i, mean in means.items()))


HARD = Recipe(
    name="incremental_hard",
    equation="B gains the samples of a batch whose objective is above the mean of the last window samples before it; "
             "with more than tau of them there is an event, and B is empty (Algorithm 1)",
    inputs={"losses": "float64[*]", "batch": "int64", "window": "int64", "tau": "int64"},
    outputs={"hard": "int64[*]", "events": "int64[*]"},
    conventions=["losses stand in the order in which samples come; batches are of batch samples, the last may be short",
                 "above the mean: a tie is not hard; more than tau: a tie is no event",
                 "of the first batch nothing is hard",
                 "hard: places in losses that are in B at the end, in their order",
                 "events: numbers of the batches after which there was one, 0-based"],
    oracle=hard(),
    mistakes=[
        Mistake("ties-are-hard", "A sample at the mean was collected; only those above it are.",
                hard(above=lambda loss, level: loss >= level)),
        Mistake("easy-samples", "The samples below the mean were collected.",
                hard(above=lambda loss, level: loss < level < np.inf)),
        Mistake("own-batch-counted", "The mean has the batch itself in it; it is that of the samples before.",
                hard(own=True)),
        Mistake("window-endless", "The mean is over all samples so far; it is over the last window of them.",
                hard(recent=lambda window: 10**9)),
        Mistake("tau-reached", "There was an event at tau samples; there must be more than tau.",
                hard(full=lambda n, tau: n >= tau)),
        Mistake("first-batch-hard", "All of the first batch was collected; there is nothing to compare it with.",
                hard(first=True)),
        Mistake("not-emptied", "B was not emptied after an event.", hard(emptied=False)),
    ],
    questions=[
        Question("by-hand", "the mean of 1 and 9 is 5; then, of the last three, 4",
                 {"losses": np.array([1.0, 9, 5, 6, 1, 4.5]), "batch": 2, "window": 3, "tau": 2},
                 "by hand: 6 > 5, then (9 + 5 + 6) / 3 is above both", "exact", {"hard": None, "events": None},
                 {"hard": np.array([3]), "events": np.zeros(0, np.int64)}),
        Question("an-event", "B is full after the third batch, and after the last", {
            "losses": np.array([2.0, 4, 6, 3.5, 8, 9, 1, 7, 10, 2, 12, 13]), "batch": 3, "window": 4, "tau": 2},
            ENTRIES, "exact", {"hard": to_the_mean, "events": to_the_mean}),
        Question("exactly-tau", "two are hard and tau is 2: no event", {
            "losses": np.array([2.0, 4, 6, 7, 1, 0, 2]), "batch": 2, "window": 4, "tau": 2}, ENTRIES, "exact",
            {"hard": to_the_mean, "events": to_the_mean}),
        Question("what-was-long-ago", "large objectives at the start, which the window forgets", {
            "losses": np.array([9.0, 8, 2, 3, 2.5, 1, 3.25, 1.5, 4, 2]), "batch": 2, "window": 4, "tau": 5}, ENTRIES,
            "exact", {"hard": to_the_mean, "events": to_the_mean}),
        Question("long", "sixty samples in batches of seven", lambda: {
            "losses": np.round(np.random.default_rng(3).gamma(2, size=60), 3), "batch": 7, "window": 20, "tau": 6},
            ENTRIES, "exact", {"hard": to_the_mean, "events": to_the_mean}),
    ])

# --- the merge ---------------------------------------------------------------------------------------------------


def cosine(u, v) -> Decimal:
    """1 - the cosine; 1 beside a column of zeros."""
    return 1 - hp.total(u * v) / (hp.norm(u) * hp.norm(v)) if u.any() and v.any() else Decimal(1)


def distances(W, measure=cosine) -> dict:
    """Every pair's distance."""
    return {(i, j): measure(W[:, i], W[:, j]) for i, j in combinations(range(W.shape[1]), 2)}


def merge(measure=cosine, disjoint=True, activity=hp.sigmoid, into=None, bias=True):
    """An oracle of the pairs, and of the features behind all that are left."""
    @hp.in_fifty_digits
    def outputs(W, b, V, x, count, outgoing):
        pairs, apart = [], distances(W, measure)
        for pair in sorted(apart, key=lambda pair: (apart[pair], pair)) if len(b) >= 4 else []:
            if len(pairs) < count and not (disjoint and set(pair) & {i for one in pairs for i in one}):
                pairs.append(pair)
        p = hp.elementwise(activity, hp.product(x, W) + b).sum(axis=0)
        left = [i for i in range(len(b)) if not any(i in pair for pair in pairs)]

        def joined(rows, total):
            new = [rows[i] + rows[j] if total else (p[i] * rows[i] + p[j] * rows[j]) / (p[i] + p[j]) for i, j in pairs]
            return np.array([*rows[left], *new], object).reshape(len(left) + len(pairs), *rows.shape[1:])

        return {"pairs": np.array(pairs, np.int64).reshape(-1, 2), "W": joined(W.T, False).T,
                "b": joined(b, not bias), "V": joined(V, (into or outgoing) == "sum")}

    return outputs


def euclidean(u, v) -> Decimal:
    """The norm of the difference."""
    return hp.norm(u - v)


def to_the_next(W, **rest) -> float:
    """The least distance between the distances of two pairs."""
    found = sorted(float(d) for d in distances(hp.to_decimal(W)).values())
    return float(min(np.diff(found)))


def layer(seed, d, m, K, n, count, outgoing) -> dict:
    """Features of different sizes, the last two alike but for their size."""
    W = normals(seed, d, m) * np.round(np.exp(normals(seed + 1, m)), 3)
    W[:, -1] = 3 * W[:, -2] + np.round(0.1 * normals(seed + 5, d), 4)
    return {"W": np.round(W, 5), "b": normals(seed + 2, m), "V": normals(seed + 3, m, K),
            "x": np.round(np.random.default_rng(seed + 4).random((n, d)), 4), "count": count, "outgoing": outgoing}


MARGIN = {"pairs": to_the_next}
TOLERANCE = {"pairs": "exact", "W": "f64", "b": "f64", "V": "f64"}
MERGE = Recipe(
    name="incremental_merge",
    equation="count disjoint pairs of features of least cosine distance become one each, "
             "theta = (p_1 theta_1 + p_2 theta_2) / (p_1 + p_2), p = sum over x of sigmoid(x W + b) (section 3)",
    inputs={"W": "float64[*,*]", "b": "float64[*]", "V": "float64[*,*]", "x": "float64[*,*]", "count": "int64",
            "outgoing": "string"},
    outputs={"pairs": "int64[*,*]", "W": "float64[*,*]", "b": "float64[*]", "V": "float64[*,*]"},
    conventions=["a column of W, an entry of b and a row of V are a feature",
                 "the nearest pair first, then the nearest of what is left; a column of zeros has distance 1",
                 "fewer than 4 features have no pairs",
                 "merged features stand behind all others, in the order of pairs",
                 "outgoing = mean: V as W and b; sum: the rows of V are added, which keeps the scores of duplicates"],
    oracle=merge(),
    mistakes=[
        Mistake("outgoing-averaged", "Outgoing weights were averaged where their sum was asked for: two "
                "duplicates lose half of what they say.", merge(into="mean")),
        Mistake("outgoing-summed", "Outgoing weights were added where their mean was asked for.", merge(into="sum")),
        Mistake("plain-mean", "Both features counted alike; each counts as active as it is on x.",
                merge(activity=lambda a: Decimal(1))),
        Mistake("euclidean-distance", "The nearest by Euclidean distance were merged; it is the angle that counts.",
                merge(euclidean)),
        Mistake("sign-ignored", "Opposite features were taken for like ones: abs of the cosine.",
                merge(lambda u, v: 1 - abs(1 - cosine(u, v)))),
        Mistake("bias-summed", "The biases were added; a merged feature hears what one of the two did.",
                merge(bias=False)),
        Mistake("activation-before-sigmoid", "Features were weighted by x W + b, before its sigmoid.",
                merge(activity=lambda a: a + Decimal("1e-30"))),
    ],
    questions=[
        Question("by-hand", "two duplicates and two others, x = 0 and b = 0: every feature is half active",
                 {"W": array([1, 0, 2, 0], [0, 1, 0, -1]), "b": np.zeros(4), "V": array([1], [2], [3], [4]),
                  "x": array([0, 0]), "count": 1, "outgoing": "sum"},
                 "by hand: columns 0 and 2 have one direction", TOLERANCE, {"pairs": None},
                 {"pairs": np.array([[0, 2]]), "W": array([0, 0, 1.5], [1, -1, 0]), "b": np.zeros(3),
                  "V": array([2], [4], [4])}),
        Question("mean", "two of six features, the paper's rule", lambda: layer(1, 4, 6, 2, 5, 1, "mean"), DECIMALS,
                 TOLERANCE, MARGIN),
        Question("sum", "four of seven features, outgoing weights added", lambda: layer(31, 3, 7, 3, 6, 2, "sum"),
                 DECIMALS, TOLERANCE, MARGIN),
        Question("more-than-there-are", "three pairs of six features, nine asked for",
                 lambda: layer(61, 5, 6, 2, 4, 9, "mean"), DECIMALS, TOLERANCE, MARGIN),
    ])

# --- how many ----------------------------------------------------------------------------------------------------


def table(before=lambda e, t: e[t - 1], half=lambda add: add // 2, more=lambda add: add + 1, pairs=ceil,
          bounds=lambda eps1, eps2: (eps1, eps2), falls=lambda now, was: now < was):
    """An oracle of both rules: sizes at the first event, and after each."""
    def outputs(rule, grow, objective, eps1, eps2, gamma):
        eps1, eps2, add = *bounds(eps1, eps2), grow
        sizes = [(grow, pairs(gamma * grow) if rule == "ratio" else 0)]
        for t in range(len(objective)):
            was, now = (objective[t], objective[t]) if t == 0 else (before(objective, t), objective[t])
            if rule == "validation":
                sizes.append(sizes[0] if t == 0 else (grow, 0) if falls(now, was) else (0, grow))
                continue
            if t:
                add = more(add) if now < (1 - eps1) * was else half(add) if now > (1 - eps2) * was else add
            sizes.append((add, pairs(gamma * add)))
        return {"add": np.array([a for a, _ in sizes], np.int64), "merge": np.array([m for _, m in sizes], np.int64)}

    return outputs


def to_the_bounds(rule, objective, eps1, eps2, **rest) -> float:
    """The least distance of an objective from where the rule decides otherwise."""
    shares = (1 - eps1, 1 - eps2) if rule == "ratio" else (1,)
    return float(min(abs(now - share * was) for was, now in zip(objective, objective[1:]) for share in shares))


BOUNDS = {"add": to_the_bounds, "merge": to_the_bounds}
RULE = Recipe(
    name="incremental_rule",
    equation="ratio: dN + 1 if e_t < (1 - eps1) e_{t-1}, floor(dN / 2) if e_t > (1 - eps2) e_{t-1}, else dN, and "
             "dM = ceil(gamma dN); validation: (grow, 0) if e_t < e_{t-1}, else (0, grow) (supplement, rules I and II)",
    inputs={"rule": "string", "grow": "int64", "objective": "float64[*]", "eps1": "float64", "eps2": "float64",
            "gamma": "float64"},
    outputs={"add": "int64[*]", "merge": "int64[*]"},
    conventions=["objective has e_1, e_2, ..., one per event: the mean of the window (ratio), or the validation loss",
                 "add[0] and merge[0] are those of the first event, which the first objective does not change; the "
                 "rest follow after each event: one entry more than objective has",
                 "the numbers of features to add, and of pairs to merge; eps1, eps2 and gamma are of rule ratio alone"],
    oracle=table(),
    mistakes=[
        Mistake("ratio-upside-down", "The objective before was divided by the one now: growth where it rose.",
                lambda objective, **rest: table()(objective=1 / objective, **rest)),
        Mistake("compared-with-the-first", "Every objective was compared with the first; it is the last that counts.",
                table(before=lambda e, t: e[0])),
        Mistake("half-rounded-up", "Half of an odd number was rounded up, so that it never comes to 0.",
                table(half=lambda add: -(-add // 2))),
        Mistake("merge-rounded-down", "gamma dN was rounded down; the pairs are its ceiling.", table(pairs=floor)),
        Mistake("thresholds-exchanged", "The two thresholds, eps1 and eps2, were exchanged.",
                table(bounds=lambda eps1, eps2: (eps2, eps1))),
        Mistake("doubled", "A better objective doubled the number; it gains one.", table(more=lambda add: 2 * add)),
        Mistake("flat-goes-on", "rule=validation: a loss that did not change was taken for a fall.",
                table(falls=lambda now, was: now <= was)),
    ],
    questions=[
        Question("rule-one", "falls by a tenth, by 1.5 %, not at all, rises",
                 {"rule": "ratio", "grow": 20, "objective": np.array([1.0, 0.9, 0.8865, 0.8865, 1.2]), "eps1": 0.02,
                  "eps2": 0.01, "gamma": 0.5}, "by hand: 20, 21, 21, 10, 5", "exact", BOUNDS,
                 {"add": np.array([20, 20, 21, 21, 10, 5]), "merge": np.array([10, 10, 11, 11, 5, 3])}),
        Question("down-to-nothing", "flat until nothing is added; then one again",
                 {"rule": "ratio", "grow": 5, "objective": np.array([2.0, 2, 2, 2, 2, 1]), "eps1": 0.05, "eps2": 0.02,
                  "gamma": 0.75}, "by hand: 5, 2, 1, 0, 0, 1", "exact", BOUNDS,
                 {"add": np.array([5, 5, 2, 1, 0, 0, 1]), "merge": np.array([4, 4, 2, 1, 0, 0, 1])}),
        Question("exactly-flat", "eps2 = 0: an objective that stays is no reason to halve",
                 {"rule": "ratio", "grow": 4, "objective": np.array([1.0, 1, 0.5, 0.75]), "eps1": 0.25, "eps2": 0.0,
                  "gamma": 1.0}, BY_HAND, "exact", {"add": None, "merge": None},
                 {"add": np.array([4, 4, 4, 5, 2]), "merge": np.array([4, 4, 4, 5, 2])}),
        Question("rule-two", "the validation loss falls, stays, rises, falls",
                 {"rule": "validation", "grow": 3, "objective": np.array([1.0, 0.5, 0.5, 0.75, 0.25]), "eps1": 0.125,
                  "eps2": 0.0625, "gamma": 0.5}, BY_HAND, "exact", {"add": None, "merge": None},
                 {"add": np.array([3, 3, 3, 0, 0, 3]), "merge": np.array([0, 0, 0, 3, 3, 0])}),
        Question("rule-two-no-ties", "falls twice, rises twice",
                 {"rule": "validation", "grow": 2, "objective": np.array([1.0, 0.5, 0.25, 0.5, 0.75]), "eps1": 0.02,
                  "eps2": 0.01, "gamma": 0.5}, BY_HAND, "exact", BOUNDS,
                 {"add": np.array([2, 2, 2, 2, 0, 0]), "merge": np.array([0, 0, 0, 0, 2, 2])}),
    ])

RECIPES = [GRADIENTS, HARD, MERGE, RULE]
