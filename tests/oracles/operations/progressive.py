"""Progressive networks: the logits of columns that read older columns through adapters, and an adapter's gradients."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, network, normals
from tests.oracles.recipe import Mistake, Question, Recipe

DECIMALS = "the formula in 50-digit decimals"

# --- an adapter: what it adds to the layer it leads to -----------------------------------------------------------


def mixed(older, alphas, projections):
    """sum over older columns j of a_j h_j P_j."""
    return sum(a * hp.product(h, P) for h, a, P in zip(older, alphas, projections, strict=True))


def adapter(older, alphas, projections, bias, lateral):
    """relu(sum over j of a_j h_j P_j + p) U."""
    return hp.product(hp.relu(mixed(older, alphas, projections) + bias), lateral)


def without_alphas(older, alphas, *others):
    """All alphas 1."""
    return adapter(older, 0 * alphas + 1, *others)


def alpha_outside(older, alphas, projections, bias, lateral):
    """sum over j of a_j relu(h_j P_j + p) U."""
    one_by_one = [a * hp.relu(hp.product(h, P) + bias) for h, a, P in zip(older, alphas, projections, strict=True)]
    return hp.product(sum(one_by_one), lateral)


def relu_per_column(older, alphas, projections, bias, lateral):
    """sum over j of relu(a_j h_j P_j + p) U."""
    one_by_one = [hp.relu(a * hp.product(h, P) + bias) for h, a, P in zip(older, alphas, projections, strict=True)]
    return hp.product(sum(one_by_one), lateral)


def without_bias(older, alphas, projections, bias, lateral):
    """p = 0."""
    return adapter(older, alphas, projections, 0 * bias, lateral)


def bias_after_relu(older, alphas, projections, bias, lateral):
    """(relu(...) + p) U."""
    return hp.product(hp.relu(mixed(older, alphas, projections)) + bias, lateral)


def linear(older, alphas, projections, bias, lateral):
    """No ReLU."""
    return hp.product(mixed(older, alphas, projections) + bias, lateral)


def turned(older, alphas, projections, *others):
    """P^T for P."""
    return adapter(older, alphas, np.swapaxes(projections, 1, 2), *others)


def previous_only(older, alphas, projections, *others):
    """The last of the older columns alone."""
    return adapter(older[-1:], alphas[-1:], projections[-1:], *others)


def newest_first(older, *others):
    """Older columns in the reversed order, their alphas and projections in theirs."""
    return adapter(older[::-1], *others)


def averaged_columns(older, alphas, *others):
    """The mean over older columns."""
    return adapter(older, alphas / len(older), *others)


def nothing(older, alphas, projections, bias, lateral):
    """No adapter at all."""
    return 0 * linear(older, alphas, projections, bias, lateral)


# --- columns -----------------------------------------------------------------------------------------------------

ADAPTER = ("alphas", "projections", "projection_biases", "laterals")


def inside(own, side):
    """relu(own + adapter)."""
    return hp.relu(own + side)


def outside(own, side):
    """relu(own) + adapter."""
    return hp.relu(own) + side


def under(hidden, l):
    """What layer l of a column reads, layer 0 the input."""
    return hidden[l]


def beside(hidden, l):
    """What layer l of a column gives, as far as it is hidden."""
    return hidden[min(l + 1, len(hidden) - 1)]


def columns(hidden_adapter=adapter, head_adapter=adapter, join=inside, read=under):
    """An oracle: the logits of every column, one layer at a time."""
    @hp.in_fifty_digits
    def outputs(x, weights, biases, heads, head_biases, **adapters):
        done, logits = [], []
        for k, (ws, bs, head, head_bias) in enumerate(zip(weights, biases, heads, head_biases, strict=True)):
            def side(l, use, k=k):
                if k == 0 or l == 0:
                    return 0
                return use([read(h, l) for h in done], *(adapters[name][k - 1][l - 1] for name in ADAPTER))

            hidden = [x]
            for l, (w, b) in enumerate(zip(ws, bs, strict=True)):
                hidden.append(join(hp.product(hidden[-1], w) + b, side(l, hidden_adapter)))
            logits.append(hp.product(hidden[-1], head) + head_bias + side(len(ws), head_adapter))
            done.append(hidden)
        return {"logits": logits}

    return outputs


def same_layer(**inputs):
    """Older columns' layer l instead of l - 1, where the shapes let it run."""
    equal = len({len(b) for b in inputs["biases"][0]}) == 1
    return columns(read=beside)(**inputs) if equal else {}


def drawn_columns(seed: int, n: int, widths, n_outputs) -> dict:
    """Columns with adapters between all of them; ``n_outputs`` has an entry per column."""
    nets = [network(seed + 100 * k, *widths, n_outputs=c) for k, c in enumerate(n_outputs)]
    adapters = [[drawn_adapter(seed + 100 * k + 50 + 7 * l, k, p, q)
                 for l, (p, q) in enumerate(zip(widths[1:], [*widths[2:], c], strict=True))]
                for k, c in enumerate(n_outputs) if k]
    return {"x": normals(seed + 90, n, widths[0]), "weights": [net["weights"] for net in nets],
            "biases": [net["biases"] for net in nets], "heads": [net["head"] for net in nets],
            "head_biases": [net["head_bias"] for net in nets],
            **{name: [[one[i] for one in column] for column in adapters] for i, name in enumerate(ADAPTER)}}


def drawn_adapter(seed: int, k: int, n_in: int, n_out: int) -> tuple:
    """Alphas, projections, their bias, and outgoing weights."""
    return (np.abs(normals(seed, k)), normals(seed + 1, k, n_in, n_in), normals(seed + 2, n_in),
            normals(seed + 3, n_in, n_out))


FIRST_COLUMN = {"x": array([2], [-1]), "weights": [[array([1])]], "biases": [[np.array([0.0])]],
                "heads": [array([3])], "head_biases": [np.array([1.0])]}
TWO_COLUMNS = {"x": array([2], [-1]), "weights": [[array([1])], [array([0.5])]],
               "biases": [[np.array([0.0])], [np.array([1.0])]], "heads": [array([3]), array([1])],
               "head_biases": [np.array([1.0]), np.array([0.0])], "alphas": [[np.array([0.5])]],
               "laterals": [[array([4])]]}

FORWARD = Recipe(
    name="progressive_forward",
    equation="h_1 = relu(x W_1 + b_1);  h_l = relu(h_{l-1} W_l + b_l + r_l U_l) for l > 1;  logits = h_m V + c + "
             "r_{m+1} U_{m+1};  r_l = relu(sum over older columns j of a_l[j] h_{l-1}^(j) P_l[j] + p_l)  (Rusu et al. "
             "2016, Eq. 2)",
    inputs={"x": "float64[*,*]", "weights/*/*": "float64[*,*]", "biases/*/*": "float64[*]", "heads/*": "float64[*,*]",
            "head_biases/*": "float64[*]", "alphas/*/*": "float64[*]", "projections/*/*": "float64[*,*,*]",
            "projection_biases/*/*": "float64[*]", "laterals/*/*": "float64[*,*]"},
    outputs={"logits/*": "float64[*,*]"},
    conventions=["logits: of every column, the oldest first, each with its own head",
                 "weights/k/l: column k, layer l, both from 0; alphas (a), projections (P), projection_biases (p) and "
                 "laterals (U) have no entry for the first column and none for the first layer: alphas/0/0 is that of "
                 "the second column's second layer, and the last entry of a column leads to its head",
                 "projections/k/l is (older columns, n, n): from older columns' layer below to as many units",
                 "the adapter into the head has its ReLU too", "the input is read by the first layer alone"],
    oracle=columns(),
    mistakes=[
        Mistake("alphas-ignored", "The factors a of the older columns were left out.",
                columns(without_alphas, without_alphas)),
        Mistake("alpha-outside", "Each older column got an adapter of its own, relu(h P + p) times a; a scales the "
                "activations before they are added up, inside the one ReLU.", columns(alpha_outside, alpha_outside)),
        Mistake("adapter-bias-missing", "The adapter's bias p was left out.", columns(without_bias, without_bias)),
        Mistake("bias-after-relu", "The adapter's bias p was added after its ReLU, before U; it is inside.",
                columns(bias_after_relu, bias_after_relu)),
        Mistake("adapter-linear", "Adapters had no ReLU of their own: relu(...) U, not (...) U.",
                columns(linear, linear)),
        Mistake("head-adapter-linear", "The adapter into the head had no ReLU; it is like all others here. (Seen in "
                "the code of a well-known comparison.)", columns(head_adapter=linear)),
        Mistake("no-adapter-into-head", "The head read its own column alone. (So in a public framework.)",
                columns(head_adapter=nothing)),
        Mistake("adapter-after-relu", "What the adapter gives was added to relu(h W + b); it is added before the "
                "layer's ReLU.", columns(join=outside)),
        Mistake("previous-column-only", "Only the column just before was read; an adapter reads all older columns.",
                columns(previous_only, previous_only)),
        Mistake("projections-transposed", "The projections were used as their transposes: h P, column j being what "
                "unit j of the adapter hears.", columns(turned, turned)),
        Mistake("same-layer", "Layer l read the older columns' layer l; it reads their layer l - 1, as it does its "
                "own.", same_layer),
        Mistake("newest-column-first", "Older columns stand in reversed order, newest first; alphas and projections "
                "have the oldest first.", columns(newest_first, newest_first)),
        Mistake("columns-averaged", "Older columns were averaged; they are summed.",
                columns(averaged_columns, averaged_columns)),
        Mistake("relu-per-column", "Each older column got a ReLU and a bias of its own; they are added up inside the "
                "one ReLU.", columns(relu_per_column, relu_per_column)),
    ],
    questions=[
        Question("by-hand", "two columns of one unit; the second sample leaves the first column's unit silent",
                 {**TWO_COLUMNS, "projections": [[np.full((1, 1, 1), 2.0)]], "projection_biases": [[np.array([-1.0])]]},
                 "by hand: first column h = (2, 0); second h = (2, 0.5), r = relu(2 h / 2 - 1) = (1, 0)", "exact",
                 expected={"logits": [array([7], [1]), array([6], [0.5])]}),
        Question("closed-adapter", "the adapter's ReLU is closed for the first sample; the second gets its bias alone",
                 {**TWO_COLUMNS, "projections": [[np.full((1, 1, 1), -2.0)]], "projection_biases": [[np.array([1.0])]]},
                 "by hand: r = relu(-2 h / 2 + 1) = (0, 1)", "exact",
                 expected={"logits": [array([7], [1]), array([2], [4.5])]}),
        Question("one-column", "the first column is a plain network",
                 {**FIRST_COLUMN, **{name: [] for name in ADAPTER}}, "by hand", "exact",
                 expected={"logits": [array([7], [1])]}),
        Question("three-columns", "three columns of two hidden layers, with 2, 1 and 3 outputs",
                 lambda: drawn_columns(1, 4, (3, 4, 2), (2, 1, 3)), DECIMALS),
        Question("equal-widths", "three columns of two hidden layers of equal width",
                 lambda: drawn_columns(2, 5, (3, 3, 3), (2, 2, 2)), DECIMALS),
        Question("narrowing", "two columns of three hidden layers of unequal widths",
                 lambda: drawn_columns(3, 4, (5, 4, 3, 2), (1, 1)), DECIMALS),
    ])

# --- gradients of an adapter -------------------------------------------------------------------------------------

NAMES = ("alphas", "projections", "bias", "lateral")


@hp.in_fifty_digits
def slopes(older, dout, **parameters):
    """Central differences of sum(dout * adapter)."""
    def value():
        return hp.total(dout * adapter(older, *(parameters[name] for name in NAMES)))

    return {f"d{name}": hp.central_differences(value, parameters[name]) for name in NAMES}


def backward(gate=lambda r: r > 0, scaled=True):
    """Backpropagation through an adapter in floats, which mistakes are made in."""
    def outputs(older, alphas, projections, bias, lateral, dout):
        a = sum(c * h @ P for h, c, P in zip(older, alphas, projections, strict=True)) + bias
        dr = np.where(gate(a), dout @ lateral.T, 0)
        return {"dalphas": np.array([np.sum(dr * (h @ P)) for h, P in zip(older, projections, strict=True)]),
                "dprojections": np.array([h.T @ dr * (c if scaled else 1)
                                          for h, c in zip(older, alphas, strict=True)]),
                "dbias": dr.sum(axis=0), "dlateral": np.maximum(a, 0).T @ dout}

    return outputs


def averaged(**inputs):
    """Everything divided by the number of samples once more."""
    return {name: value / len(inputs["dout"]) for name, value in backward()(**inputs).items()}


def unprojected(older, alphas, projections, bias, lateral, dout):
    """<dr, h_j> without P_j."""
    a = sum(c * h @ P for h, c, P in zip(older, alphas, projections, strict=True)) + bias
    dr = np.where(a > 0, dout @ lateral.T, 0)
    return {"dalphas": np.array([np.sum(dr * h) for h in older])}


def drawn_slopes(seed: int, n: int, k: int, n_in: int, n_out: int) -> dict:
    """An adapter from k columns, their activations, and a slope."""
    alphas, projections, bias, lateral = drawn_adapter(seed, k, n_in, n_out)
    return {"older": [np.maximum(normals(seed + 10 + j, n, n_in), 0) for j in range(k)], "alphas": alphas,
            "projections": projections, "bias": bias, "lateral": lateral, "dout": normals(seed + 20, n, n_out)}


BACKWARD = Recipe(
    name="progressive_adapter_backward",
    equation="gradients of an adapter out = r U, r = relu(sum over j of a_j h_j P_j + p), of a loss with dloss/dout = "
             "dout: with dr = dout U^T where r > 0, else 0: da_j = sum over samples of <dr, h_j P_j>, dP_j = h_j^T "
             "(a_j dr), dp = sum over samples of dr, dU = r^T dout  (Rusu et al. 2016, Eq. 2)",
    inputs={"older/*": "float64[*,*]", "alphas": "float64[*]", "projections": "float64[*,*,*]", "bias": "float64[*]",
            "lateral": "float64[*,*]", "dout": "float64[*,*]"},
    outputs={"dalphas": "float64[*]", "dprojections": "float64[*,*,*]", "dbias": "float64[*]",
             "dlateral": "float64[*,*]"},
    conventions=["older/j: activations h_j of older column j, samples in rows; alphas a, projections P, bias p, "
                 "lateral U", "nothing flows into older columns: they are frozen",
                 "sums over samples, not means: dout has the loss's 1/n already"],
    oracle=slopes,
    mistakes=[
        Mistake("averaged-twice", "The gradients were divided by the number of samples; dout has that factor already.",
                averaged),
        Mistake("gradient-transposed", "dP_j is its own transpose; it is h_j^T (a_j dr).",
                lambda **inputs: {"dprojections": np.swapaxes(backward()(**inputs)["dprojections"], 1, 2)}),
        Mistake("gate-missing", "What flows back was not stopped where the adapter's ReLU is closed.",
                backward(gate=lambda a: a == a)),
        Mistake("alpha-missing-in-projection", "dP_j lacks its factor a_j: P_j acts on a_j h_j.",
                backward(scaled=False)),
        Mistake("alpha-unprojected", "da_j was taken as <dr, h_j>; h_j goes through P_j first.", unprojected),
        Mistake("gate-open-at-zero", "The gate of the adapter's ReLU is >= 0, so it is open on the kink; it is > 0.",
                backward(gate=lambda a: a >= 0)),
        Mistake("alpha-twice", "dalphas has a factor a_j too many.", lambda alphas, **given: {
            "dalphas": alphas * backward()(alphas=alphas, **given)["dalphas"]}),
        Mistake("lateral-before-relu", "dU was taken from what stands before the ReLU; it is r^T dout.",
                lambda older, alphas, projections, bias, lateral, dout: {"dlateral": (sum(
                    c * h @ P for h, c, P in zip(older, alphas, projections)) + bias).T @ dout}),
        Mistake("alphas-past-the-gate", "da_j was taken from dout U^T before the gate of the adapter's ReLU; it takes "
                "dr, as dP_j does.", lambda **inputs: {
                    "dalphas": backward(gate=lambda a: a == a)(**inputs)["dalphas"]}),
    ],
    questions=[
        Question("by-hand", "one older column of two units, one adapter unit open and one closed",
                 {"older": [array([1, 2])], "alphas": np.array([0.5]), "projections": np.array([[[2.0, -1], [1, 0]]]),
                  "bias": np.array([1.0, 0]), "lateral": array([2], [3]), "dout": array([0.5])},
                 "by hand: h P = (4, -1), r = (3, 0), dr = (1, 0)", "exact",
                 expected={"dalphas": np.array([4.0]), "dprojections": np.array([[[0.5, 0], [1, 0]]]),
                           "dbias": np.array([1.0, 0]), "dlateral": array([1.5], [0])}),
        Question("all-closed", "the adapter's ReLU is closed: nothing flows",
                 {"older": [array([1], [2])], "alphas": np.array([1.0]), "projections": np.full((1, 1, 1), -1.0),
                  "bias": np.array([0.5]), "lateral": array([2]), "dout": array([1], [-1])}, "by hand", "exact",
                 expected={"dalphas": np.zeros(1), "dprojections": np.zeros((1, 1, 1)), "dbias": np.zeros(1),
                           "dlateral": np.zeros((1, 1))}),
        Question("on-the-kink", "an adapter unit that is open, one exactly at 0, where its gate is closed, one below",
                 {"older": [array([1, 2, 0])], "alphas": np.array([0.5]),
                  "projections": np.array([[[2.0, -2, -1], [1, 1, 0], [0, 0, 0]]]), "bias": np.array([1.0, 0, 0]),
                  "lateral": array([2], [3], [5]), "dout": array([0.5])},
                 "by hand: h P = (4, 0, -1), r = (3, 0, 0), dr = (1, 0, 0) by the convention at 0", "exact",
                 by_hand_only=True, expected={
                     "dalphas": np.array([4.0]), "dprojections": np.array([[[0.5, 0, 0], [1, 0, 0], [0, 0, 0]]]),
                     "dbias": np.array([1.0, 0, 0]), "dlateral": array([1.5], [0], [0])}),
        Question("larger", "three older columns of four units, five samples", lambda: drawn_slopes(1, 5, 3, 4, 3),
                 "central differences of sum(dout * out) in 50-digit decimals"),
    ])

RECIPES = [FORWARD, BACKWARD]
