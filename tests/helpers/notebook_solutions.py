"""Answers to the exercises of the notebooks: the right one, and wrong ones that their checks must refuse."""

from typing import NamedTuple

from den_ref.lab.questions import questions


class Exercise(NamedTuple):
    """right: the source that solves the exercise;  wrong: what somebody did -> the source they wrote."""

    right: str
    wrong: dict[str, str]


def function(head: str, right: str, **wrong: str) -> Exercise:
    """An exercise to write a function, the answers being expressions that it returns; _ in a name is a space."""
    def written(expression: str) -> str:
        return f"def {head}:\n    return {expression}"

    return Exercise(written(right), {name.replace("_", " "): written(text) for name, text in wrong.items()})


def number(name: str, right: str, **wrong: str) -> Exercise:
    """An exercise to give a number."""
    return Exercise(f"{name} = {right}", {text.replace("_", " "): f"{name} = {value}" for text, value in wrong.items()})


WALK = """
def {head}:
    units = [np.flatnonzero({top})]
    for w in reversed(weights):
        units.insert(0, np.flatnonzero({below}))
    return units
"""


def walk(top: str = "(head != 0).any(axis=1)", below: str = "(w[:, units[0]] != 0).any(axis=1)") -> str:
    """The walk of Algorithm 2, where everything is visible."""
    return WALK.format(head="my_walk(weights, head)", top=top, below=below)


LIFETIMES = """
def lifetimes_after(introduced, retired, split, t):
    {gone}
    gone[split] = {stage}
    born = np.concatenate([introduced, {stamp}])
    return born, np.concatenate([gone, np.full(len(split), NEVER)])
"""


def lifetimes(gone: str = "gone = retired.copy()", stage: str = "t", stamp: str = "np.full(len(split), t)") -> str:
    """Lifetimes after a split."""
    return LIFETIMES.format(gone=gone, stage=stage, stamp=stamp)


SELECT = """
def select_units(stage, head, weights, introduced, retired, current_weights):
    seen = [np.ones(len(weights[0]), bool)]
    seen += [{sees} for born, gone in zip(introduced, retired)]
    selected = [np.flatnonzero(seen[-1] & {top})]
    for w, visible in zip(reversed({weights}), reversed(seen[:-1])):
        selected.insert(0, np.flatnonzero(visible & (w[:, selected[0]] != 0).any(axis=1)))
    return selected
"""


def select(sees: str = "(born <= stage) & (stage < gone)", top: str = "(head != 0).any(axis=1)",
           weights: str = "weights") -> str:
    """The walk of Algorithm 2 with lifetimes."""
    return SELECT.format(sees=sees, top=top, weights=weights)


#: Bases from two sums, or from something like them.
BASES = "np.linalg.solve({A} + lam * np.eye(d * k), {b}).reshape(d, k, order='{order}')"
#: The windows of an image; the pairs of a matrix made shorter; the channels that filters read.
WINDOWS = ("np.array([image[r:r + size, q:q + size].{window} for r in range(0, len(image) - size + 1, {step}) "
           "for q in range(0, len(image[0]) - size + 1, {step})])")
PAIRS = ("({stack} * np.maximum(1 - {threshold} / np.maximum(np.linalg.norm({stack}, axis={axis}, keepdims=True), 1e-300), "
         "0)).reshape(w.shape)")
READ = "np.flatnonzero({stack}[:, :, chosen].any(axis=({axis}, 2)))"
SHRINK = "np.sign({z}) * np.maximum(np.abs({z}) - {threshold}, 0)"
#: Shrink the columns of u; no column is divided by a norm of 0.
GROUPS = "u * np.maximum(1 - {threshold} / np.maximum(np.linalg.norm(u, axis={axis}, keepdims=True), 1e-300), 0)"


def sparse_group(first: str, second: str) -> str:
    """The prox of Eq. 5 as one shrinkage after the other."""
    return f"def my_prox(z, step, mu, gamma):\n    u = z\n    u = {first}\n    return {second}"


ENTRIES, COLUMNS = SHRINK.format(z="u", threshold="step * mu"), GROUPS.format(threshold="step * gamma", axis=0)
MOVED = "np.sqrt(((weights - old_weights) ** 2).sum(axis={axis}) + {bias} * (biases - old_biases) ** 2)"
SIZE = "np.sqrt((old_weights ** 2).sum(axis=0) + old_biases ** 2)"
FORGETTING, TRANSFER = "my_forgetting(R)", "my_backward_transfer(R)"
BLOCKS = "sum(np.count_nonzero(w[np.ix_(a, b)]) + len(b) for w, a, b in zip(weights, units, units[1:]))"



def relative(axis: int = 0, bias: int = 1) -> str:
    """Relative drift: 0 where nothing moved, infinite where it moved from 0."""
    moved = MOVED.format(axis=axis, bias=bias)
    return f"np.divide({moved}, {SIZE}, out=np.where({moved} > 0, np.inf, 0.0), where={SIZE} > 0)"


#: The bank of questions: id -> the number of the right choice.
RIGHT_CHOICES = {one.id: one.answer for one in questions()}

#: Notebook -> id of the exercise's cell -> answers.
SOLUTIONS = {
    "00_den_box_by_box": {
        "exercise-sees": function(
            "sees(introduced, retired, t)", "introduced <= t < retired", retired_one_late="introduced <= t <= retired",
            seen_one_late="introduced < t < retired", retirement_ignored="introduced <= t"),
        "exercise-forgetting": function(
            FORGETTING, "np.mean([R[j:-1, j].max() - R[-1, j] for j in range(len(R) - 1)])",
            last_stage_in_the_maximum="np.mean([R[j:, j].max() - R[-1, j] for j in range(len(R) - 1)])",
            divided_by_T="np.sum([R[j:-1, j].max() - R[-1, j] for j in range(len(R) - 1)]) / len(R)",
            from_the_diagonal="np.mean(R.diagonal()[:-1] - R[-1, :-1])"),
    },
    "01_backpropagation": {
        "exercise-affine": function(
            "my_affine_backward(dout, x, w)", "dout @ w.T, x.T @ dout, dout.sum(axis=0)",
            bias_averaged="dout @ w.T, x.T @ dout, dout.mean(axis=0)",
            weights_averaged="dout @ w.T, x.T @ dout / len(x), dout.sum(axis=0)",
            wrong_shape="dout @ w.T, dout.T @ x, dout.sum(axis=0)"),
        "exercise-relu": function(
            "my_relu_backward(dh, h)", "dh * (h > 0)", open_at_zero="dh * (h >= 0)",
            gate_on_the_gradient="dh * (dh > 0)", sign_lost="np.abs(dh) * (h > 0)"),
        "exercise-gradient": number("gradient_at_0", "-0.5", sign_lost="0.5", no_label="0.5", doubled="-1"),
    },
    "02_l1_and_proximal_gradient": {
        "exercise-threshold": function(
            "my_prox(z, step, mu)", SHRINK.format(z="z", threshold="step * mu"),
            hard_threshold="np.where(np.abs(z) > step * mu, z, 0)", positive_only="np.maximum(z - step * mu, 0)",
            no_zeros="z - step * mu * np.sign(z)", not_scaled=SHRINK.format(z="z", threshold="mu")),
        "exercise-critical": Exercise(
            "def critical_strength():\n    return np.abs(smooth(np.zeros((p, 1)))[1]).max()",
            {"mean": "def critical_strength():\n    return np.abs(smooth(np.zeros((p, 1)))[1]).mean()",
             "norm": "def critical_strength():\n    return np.linalg.norm(smooth(np.zeros((p, 1)))[1])"}),
        "exercise-scaling": function("real_strength(mu, step)", "mu / step", product="mu * step", the_same="mu"),
    },
    "03_selective_retraining": {
        "exercise-walk": Exercise(walk(), {
            "first output alone": walk(top="head[:, 0] != 0"), "positive weights": walk(below="(w[:, units[0]] > 0).any(axis=1)"),
            "no walk": walk(below="np.ones(len(w), bool)"), "tolerance": walk(top="(np.abs(head) > 0.5).any(axis=1)")}),
        "exercise-free": function(
            "trained_numbers(weights, head_weights, units)", f"{BLOCKS} + head_weights[units[-1]].size + head_weights.shape[1]",
            biases_forgotten="sum(np.count_nonzero(w[np.ix_(a, b)]) for w, a, b in zip(weights, units, units[1:])) + "
                             "head_weights[units[-1]].size",
            zero_edges_counted="sum(len(a) * len(b) + len(b) for a, b in zip(units, units[1:])) + len(units[-1]) + 1",
            all_edges="sum(np.count_nonzero(w) + w.shape[1] for w in weights) + head_weights.size + 1"),
    },
    "04_dynamic_expansion": {
        "exercise-prox": Exercise(sparse_group(ENTRIES, COLUMNS), {
            "other order": sparse_group(COLUMNS, ENTRIES),
            "rows": sparse_group(ENTRIES, GROUPS.format(threshold="step * gamma", axis=1)),
            "not scaled": sparse_group(SHRINK.format(z="u", threshold="mu"), GROUPS.format(threshold="gamma", axis=0)),
            "one of the two": sparse_group("z", COLUMNS)}),
        "exercise-fold": function(
            "folded(b, outgoing, next_bias)", "next_bias + max(b, 0) * outgoing", no_ReLU="next_bias + b * outgoing",
            lost="next_bias + 0 * outgoing"),
    },
    "05_split_and_timestamps": {
        "exercise-drift": function(
            "my_drift(weights, biases, old_weights, old_biases)",
            relative(), bias_left_out=relative(bias=0), absolute=MOVED.format(axis=0, bias=1), squared=f"({relative()}) ** 2",
            of_outgoing_weights=relative(axis=1), nothing_over_nothing=f"np.where({SIZE} > 0, {relative()}, np.inf)",
            never_infinite=f"{MOVED.format(axis=0, bias=1)} / np.maximum({SIZE}, 1)"),
        "exercise-lifetimes": Exercise(lifetimes(), {
            "one late": lifetimes(stage="t + 1"), "stamp of the original": lifetimes(stamp="introduced[split]"),
            "original kept": lifetimes(stage="NEVER"), "argument modified": lifetimes(gone="gone = retired"),
            "copies forgotten": "def lifetimes_after(introduced, retired, split, t):\n    return introduced, retired"}),
    },
    "06_full_run": {
        "exercise-bwt": function(
            TRANSFER, "np.mean((R[-1] - R.diagonal())[:-1])", divided_by_T="np.mean(R[-1] - R.diagonal())",
            sign="np.mean((R.diagonal() - R[-1])[:-1])"),
        "exercise-size": Exercise(
            "def separate_networks(T, n_inputs, hidden):\n    sizes = [n_inputs, *hidden, 1]\n"
            "    return T * sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))",
            {"biases forgotten": "def separate_networks(T, n_inputs, hidden):\n    sizes = [n_inputs, *hidden, 1]\n"
                                 "    return T * sum(a * b for a, b in zip(sizes, sizes[1:]))",
             "one network": "def separate_networks(T, n_inputs, hidden):\n    sizes = [n_inputs, *hidden, 1]\n"
                            "    return sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))"}),
    },
    "07_golden_values": {
        "exercise-soft": function(
            "soft_threshold(w, step, mu)", SHRINK.format(z="w", threshold="step * mu"),
            not_scaled=SHRINK.format(z="w", threshold="mu")),
        "exercise-group": Exercise(
            f"def group_soft_threshold(w, step, gamma):\n    u = w\n    return {COLUMNS}",
            {"rows": "def group_soft_threshold(w, step, gamma):\n    u = w\n    return "
                     + GROUPS.format(threshold="step * gamma", axis=1)}),
        "exercise-select": Exercise(select(), {
            "first output alone": select(top="(head[:, 0] != 0)"), "weights of now": select(weights="current_weights"),
            "retired units": select(sees="born <= stage")}),
        "exercise-questions": Exercise(f"answers = {RIGHT_CHOICES}", {
            "one wrong": f"answers = {RIGHT_CHOICES | {'zeros': (RIGHT_CHOICES['zeros'] + 1) % 3}}",
            "always the first": f"answers = {dict.fromkeys(RIGHT_CHOICES, 0)}"}),
    },
    "08_backward_transfer": {
        "exercise-bases": function(
            "my_bases(A, b, T, lam, d, k)", BASES.format(A="A / T", b="b / T", order="F"),
            rows_for_columns=BASES.format(A="A / T", b="b / T", order="C"),
            sums_for_means=BASES.format(A="A", b="b", order="F"), one_vector="np.linalg.solve(A / T, b / T)"),
        "exercise-kept": function(
            "numbers_kept(d, k, T)", "(d * k)**2 + d * k", b_forgotten="(d * k)**2", per_task="T * ((d * k)**2 + d * k)",
            one_basis="d**2 + d"),
    },
    "09_five_ways_to_grow": {
        "exercise-gain": function(
            "my_gain(g, p, norm, gamma)", "norm * np.linalg.norm(g, p / (p - 1)) - gamma",
            the_norm_with_p="norm * np.linalg.norm(g, p) - gamma", cost_forgotten="norm * np.linalg.norm(g, p / (p - 1))",
            size_forgotten="np.linalg.norm(g, p / (p - 1)) - gamma"),
        "exercise-route": function(
            "my_answer(p, groups)",
            "max(max(groups, key=lambda group: sum(p[c] for c in group)), key=lambda c: p[c])",
            flat="int(np.argmax(p))", child_of_the_largest="max(max(groups, key=lambda group: max(p[group])), key=lambda c: p[c])",
            place_in_the_child="int(np.argmax(p[max(groups, key=lambda group: sum(p[group]))]))"),
    },
    "10_filters_are_units": {
        "exercise-patches": function(
            "my_patches(image, size, stride)", WINDOWS.format(window="ravel()", step="stride"),
            column_by_column=WINDOWS.format(window="T.ravel()", step="stride"),
            flipped=WINDOWS.format(window="ravel()[::-1]", step="stride"),
            stride_forgotten=WINDOWS.format(window="ravel()", step="1")),
        "exercise-prox": function(
            "my_prox(w, step, mu, fan)", PAIRS.format(threshold="step * mu", stack="w.reshape(fan, -1, w.shape[1])", axis=0),
            not_scaled=PAIRS.format(threshold="mu", stack="w.reshape(fan, -1, w.shape[1])", axis=0),
            channel_by_channel=PAIRS.format(threshold="step * mu", stack="w.reshape(-1, fan, w.shape[1])", axis=1),
            whole_filters=PAIRS.format(threshold="step * mu", stack="w.reshape(1, -1, w.shape[1])", axis=1),
            entries="np.sign(w) * np.maximum(np.abs(w) - step * mu, 0)"),
        "exercise-select": function(
            "my_selected(w, fan, chosen)", READ.format(stack="w.reshape(fan, -1, w.shape[1])", axis=0),
            channel_by_channel=READ.format(stack="w.reshape(-1, fan, w.shape[1])", axis=1),
            at_every_place="np.flatnonzero((w.reshape(fan, -1, w.shape[1])[:, :, chosen] != 0).all(axis=0).any(axis=1))",
            of_all_filters="np.flatnonzero(w.reshape(fan, -1, w.shape[1]).any(axis=(0, 2)))"),
    },
}
