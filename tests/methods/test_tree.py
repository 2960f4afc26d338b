"""The error-driven tree: every identity of its rule, its partition and its growth, against something independent."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.methods.mtl import Outputs
from den_ref.methods.shared.confusion import confusion, distances, embedding, k_means, partition
from den_ref.methods.shared.nodes import (
    Node, answers, branch_log_p, decomposition, log_p, log_probabilities, reached, tree_scores)
from den_ref.methods.tree import Arrival, Tree, TreeConfig
from den_ref.protocol import Task
from tests.helpers.lots_of_classes import LOTS, learnt, lot, small


def network(n_out, seed=0, n_in=4):
    rng = np.random.default_rng(seed)
    return mlp.pack([rng.normal(size=(n_in, 5))], [rng.normal(size=5)], rng.normal(size=(5, n_out)),
                    rng.normal(size=n_out), np.float64)


X = np.random.default_rng(7).normal(size=(60, 4))
TREE = Node((0, 1, 2, 3), network(4), (Node((0, 2), network(2, 1)), Node((1,)), Node((3,))))


def softmax(node, x):
    """By hand: weights, ReLU, exponentials."""
    w = node.network
    z = np.maximum(x @ w["W1"] + w["b1"], 0) @ w["V"] + w["c"]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def test_rows_of_equal_blocks_coincide_and_blocks_are_recovered():
    """Blocks of different strengths: the rows of L's embedding are one point per block, at right angles."""
    C, blocks = np.zeros((6, 6)), ([0, 3, 4], [1, 2, 5])
    for block, strength in zip(blocks, (0.1, 0.07)):
        C[np.ix_(block, block)] = strength * np.array([[0, 1, 1], [1, 0, 2], [1, 2, 0]])
    rows = embedding(C / np.sqrt(np.outer(C.sum(axis=1), C.sum(axis=1))), 2)
    for block in blocks:
        np.testing.assert_allclose(rows[block], rows[block[:1] * 3], atol=1e-12)
    assert abs(rows[blocks[0]] @ rows[blocks[1]].T).max() < 1e-12
    np.fill_diagonal(C, 0.8)
    assert partition(C, 2).tolist() == [0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_the_partition_is_the_cheapest_normalised_cut(seed):
    """Of all that there are, where two blocks are there with noise around them."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation([0, 0, 0, 1, 1, 1])
    C = rng.uniform(0, 0.02, (6, 6)) + 0.12 * (truth[:, None] == truth)
    np.fill_diagonal(C, 0.5)
    A = (C + C.T) / 2 * (1 - np.eye(6))

    def cut(groups):
        sides = [groups == s for s in (0, 1)]
        return sum(A[side][:, ~side].sum() / A[side].sum() for side in sides)

    every = [np.array((0, *rest)) for rest in product((0, 1), repeat=5) if any(rest)]
    np.testing.assert_array_equal(partition(C, 2), min(every, key=cut))


def test_each_further_centre_is_far_from_all_before():
    """(-1, 0) is the farthest from the second centre alone, and lies beside the first; from the first, the second."""
    rows = np.array([[0.0, 0.0], [10.0, 0.0], [-1.0, 0.0], [5.2, 4.0]])
    assert k_means(rows, 3).tolist() == [0, 1, 0, 2]
    assert k_means(rows[[1, 3, 2, 0]], 3).tolist() == [0, 2, 1, 1]


def test_distances_that_differ_by_rounding_are_equal_and_the_first_centre_is_taken():
    assert (0.1 + 0.2)**2 > 0.3**2
    rows, centres = np.zeros((1, 1)), np.array([[-(0.1 + 0.2)], [0.3]])
    assert distances(rows, centres).argmin() == 0 == distances(rows, centres[::-1]).argmin()


def test_rows_that_coincide_are_fewer_clusters():
    assert k_means(np.ones((3, 2)), 2).tolist() == [0, 0, 0]
    assert k_means(np.array([[0.0], [0.0], [1.0]]), 3).tolist() == [0, 0, 1]


def test_three_far_groups_are_found_and_numbered_by_their_first_classes():
    groups = np.array([0, 1, 1, 2, 0, 2, 1])
    C = 0.1 * (groups[:, None] == groups) * (1 + np.arange(7) / 10) + 0.001
    np.fill_diagonal(C, 0.7)
    assert partition(C, 3).tolist() == groups.tolist()
    order = [5, 2, 0, 1, 3, 4, 6]
    assert partition(C[np.ix_(order, order)], 3).tolist() == [0, 1, 2, 1, 0, 2, 1]


def test_edges_of_a_partition():
    assert partition(np.eye(4), 2).tolist() == [0, 0, 1, 1]        # nothing is confused
    assert partition(np.eye(2), 3).tolist() == [0, 1] and partition(np.eye(5), 1).tolist() == [0] * 5
    C = np.eye(3)
    C[1, 2] = C[2, 1] = 0.2                                        # class 0 is isolated
    assert partition(C, 2).tolist() == [0, 1, 1]
    C[2, 1] = 0                                                    # one direction is enough
    assert partition(C, 2).tolist() == partition(C.T, 2).tolist() == [0, 1, 1]


def test_confusion_counts_each_true_class_as_one():
    y, said = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 1, 1, 0, 2])
    by_hand = [[np.mean(said[y == i] == j) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(confusion(said, y, 3), by_hand)


def test_a_branch_gives_a_superclass_the_sum_over_its_classes():
    q, p = np.exp(branch_log_p(TREE, X)), softmax(TREE, X)
    np.testing.assert_allclose(q, np.column_stack([p[:, 0] + p[:, 2], p[:, 1], p[:, 3]]), rtol=1e-12)
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-12)
    leaf = softmax(TREE.children[0], X)
    whole = np.exp(log_probabilities(TREE, X, 4))
    np.testing.assert_allclose(whole[:, [0, 2]], q[:, :1] * leaf, rtol=1e-12)
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-12)


def test_the_rule_follows_the_branch_and_not_the_most_probable_class():
    p = np.array([0.4, 0.35, 0.25])                                # flat: 0; superclasses {0}, {1, 2} have 0.4 and 0.6
    body = ([np.zeros((1, 1))], [np.zeros(1)], np.zeros((1, 3)))
    root = Node((0, 1, 2), mlp.pack(*body, np.log(p), np.float64), (Node((0,)), Node((1, 2), mlp.pack(
        *body[:2], np.zeros((1, 2)), np.log(p[1:] / p[1:].sum()), np.float64))))
    x = np.ones((1, 1))
    assert log_p(root, x).argmax() == 0 and answers(root, x).tolist() == [1]
    np.testing.assert_allclose(np.exp(log_probabilities(root, x, 3)), [p])
    assert tree_scores(log_probabilities(root, x, 3), reached(root, x, 3)).argmax() == 1


def test_scores_have_their_largest_where_the_rule_ends():
    q, p = branch_log_p(TREE, X), softmax(TREE.children[0], X)
    by_hand = [[(0, 2)[int(p[i].argmax())], 1, 3][q[i].argmax()] for i in range(len(X))]
    assert answers(TREE, X).tolist() == by_hand and len(set(by_hand)) > 2
    scores = tree_scores(log_probabilities(TREE, X, 4), reached(TREE, X, 4))
    assert scores.argmax(axis=1).tolist() == by_hand and np.isfinite(scores).all()


def test_a_sample_goes_its_own_way_through_branches_below_branches():
    """Node by node for one sample after the other: superclasses by sums of probabilities, then the leaf's best class."""
    deep = Node((0, 1, 2, 3, 4), network(5), (Node((4,)), Node((0, 1, 2, 3), network(4, 3), (
        Node((0, 3), network(2, 1)), Node((1, 2), network(2, 2))))))
    expected = []
    for x in X[:, None]:
        node = deep
        while node.children:
            p = dict(zip(node.classes, softmax(node, x)[0]))
            node = max(node.children, key=lambda child: sum(p[c] for c in child.classes))
        expected.append(node.classes[int(softmax(node, x).argmax()) if node.network else 0])
    assert answers(deep, X).tolist() == expected and set(expected) == {0, 1, 2, 3, 4}
    np.testing.assert_allclose(np.exp(log_probabilities(deep, X, 5)).sum(axis=1), 1, rtol=1e-12)


def test_the_error_is_that_of_the_route_and_of_the_leaf_where_the_route_is_right():
    y = np.random.default_rng(0).integers(0, 4, len(X))
    way, leaf = decomposition(TREE, X, y)
    np.testing.assert_allclose(1 - way * leaf, np.mean(answers(TREE, X) != y))
    anywhere = np.mean(log_p(TREE.children[0], X[np.isin(y, (0, 2))]).argmax(axis=1) == (y[np.isin(y, (0, 2))] == 2))
    assert abs(leaf - anywhere) > 1e-3                             # not the leaf's accuracy on all its samples
    astray = X[np.isin(answers(TREE, X), (0, 2))]
    way, leaf = decomposition(TREE, astray, np.full(len(astray), 3))
    assert way == 0 and np.isnan(leaf)                             # no route is right


def test_a_clone_gives_its_old_classes_the_logits_of_the_leaf():
    leaf, tree = network(4), Tree(TreeConfig(hidden=(5,), dtype="float64", mu=0.0, weight_decay=0.0))
    clone = tree.clone(leaf, [2, 0], 3, np.random.default_rng(0))
    np.testing.assert_allclose(mlp.scores(X, *mlp.unpack(clone))[:, :2], mlp.scores(X, *mlp.unpack(leaf))[:, [2, 0]],
                               rtol=1e-12)
    assert clone["V"].shape == (5, 5) and not clone["c"][2:].any() and clone["V"][:, 2:].any(axis=0).all()


def test_one_superclass_is_the_flat_increment():
    flat, never = learnt("tree", k=1), learnt("tree", k=2, margin=2.0)
    assert flat.root.children == () and len(flat.root.classes) == 7
    np.testing.assert_array_equal(flat.root.network.vector, never.root.network.vector)
    assert never.root.children == () and never.class_scores(X).shape == (60, 7)


def test_where_clones_are_better_the_tree_grows_and_says_so():
    """The margin is 0 and the classes overlap, so that some split gains; the sentences are those of what happened."""
    trees = []
    for seed in range(6):
        tree = small("tree", seed, k=2, epochs=15, margin=0.0, step=0.02)
        steps = [step for task in (lot(0), lot(1, 3), lot(2)) for step in tree.learn(task)]
        for step in steps:
            if step.box == "choose":
                gain = step.facts["accuracy_clone"] - step.facts["accuracy_flat"]
                assert step.facts["cloned"] == (gain > 0) and step.sentence.endswith("clones" if gain > 0 else "flat")
            if step.box == "distribute":
                shares = step.arrays["confusion"]
                assert step.facts["of_new_classes"] == shares.argmax(axis=1).tolist()
                first = step.facts["classes"][0]
                home = step.facts["answers"][step.facts["of_new_classes"][0]]
                assert step.sentence.startswith(f"{first} to {home} (")
                np.testing.assert_allclose(shares.sum(axis=1), 1)
            if step.box == "confusion":
                named = [step.facts["classes"][i] for i in np.flatnonzero(step.arrays["groups"] == 0)]
                assert f": {', '.join(named)} | " in step.sentence
        boxes = [step.box for step in steps]
        assert boxes[0] == "leaf" and boxes.count("confusion") == boxes.count("choose") >= 1
        trees.append(tree)
        assert sorted(tree.root.classes) == list(range(7))
        leaves = [node for node in tree.root.nodes if not node.children]
        assert sorted(c for node in leaves for c in node.classes) == list(range(7))
    grown = [tree for tree in trees if tree.root.children]
    assert grown
    again = Tree.from_state(grown[0].state(), grown[0].config)
    np.testing.assert_array_equal(again.class_scores(X), grown[0].class_scores(X))


def test_a_task_counts_the_networks_that_may_be_asked_for_its_classes():
    """Classes 0 and 1 and 2: the root and the leaf of 0 and 2, the root alone, both; a leaf of one class has none."""
    tree = Tree(TreeConfig(hidden=(5,)))
    tree.root, tree.kept = TREE, {c: Outputs("", c, c + 1, "softmax") for c in range(3)}
    root, leaf = TREE.network.vector.size, TREE.children[0].network.vector.size
    capacity = tree.capacity()
    assert capacity.per_task == {0: root + leaf, 1: root, 2: root + leaf} and capacity.widths == (10,)
    assert capacity.allocated == root + leaf == (4 * 5 + 5 + 5 * 4 + 4) + (4 * 5 + 5 + 5 * 2 + 2)


def test_it_refuses_to_go_on_without_the_data():
    tree = learnt("tree", LOTS[:1])
    with pytest.raises(ValueError, match="seen: expected the data of all learnt tasks"):
        Tree.from_state(tree.state(), tree.config).learn(LOTS[1])


def test_a_class_without_validation_samples_is_refused():
    with pytest.raises(ValueError, match="task.y_valid: expected samples of every class.*got none of 01"):
        small("tree").learn(replace(LOTS[0], y_valid=np.zeros(12, int)))


# --- what decides where it grows ---------------------------------------------------------------------------------


def reader(*columns) -> mlp.Flat:
    """A network without hidden layers: an output is an input."""
    return mlp.pack([], [], np.eye(5)[:, list(columns)], np.zeros(len(columns)), np.float64)


def arrival(train, valid) -> Arrival:
    """Samples of classes as pairs (class, what it looks like); the last class is new."""
    def samples(pairs):
        return 4 * np.eye(5)[[look for _, look in pairs]], np.array([c for c, _ in pairs])

    task = Task("all", *samples(train), *samples(valid), loss="softmax", n_outputs=5)
    return Arrival(task, task, tuple("abcde"), np.random.default_rng(0))


OLD = [(c, c) for c in range(4)]
#: In the training samples 0 and 2, 1 and 3 are confused, and the new class 4 looks like 0; in the validation samples
#: 0 and 1, 2 and 3 are, and it looks like 2.
TRAIN = OLD + [(0, 2), (2, 0), (1, 3), (3, 1), (4, 0), (4, 0), (4, 2)]
VALID = OLD + [(0, 1), (1, 0), (2, 3), (3, 2), (4, 2), (4, 2), (4, 0)]


TIE = VALID[:-3] + VALID[-2:]                                      # it looks like 2 and like 0: the first


@pytest.mark.parametrize(("valid", "superclasses", "home"), [
    (VALID, [0, 0, 1, 1], 1), (TRAIN, [0, 1, 0, 1], 0), (TIE, [0, 0, 1, 1], 0)])
def test_validation_data_say_what_is_confused_and_where_a_new_class_goes(valid, superclasses, home):
    leaf = Node((0, 1, 2, 3), reader(0, 1, 2, 3))
    step = next(Tree(TreeConfig(hidden=(5,))).cloned(leaf, leaf, (4,), arrival(TRAIN, valid)))
    assert step.box == "confusion" and step.facts["superclasses"] == superclasses
    assert step.facts["of_new_classes"] == [home]


@pytest.mark.parametrize(("valid", "home"), [(VALID, 1), (TRAIN, 0)])
def test_validation_data_say_below_which_child_a_new_class_belongs(valid, home):
    branch = Node((0, 1, 2, 3), reader(0, 1, 2, 3), (Node((0, 1), reader(0, 1)), Node((2, 3), reader(2, 3))))
    step = next(Tree(TreeConfig(hidden=(5,))).branch_grown(branch, (4,), arrival(TRAIN, valid)))
    assert step.box == "distribute" and step.facts["of_new_classes"] == [home]
    np.testing.assert_allclose(step.arrays["confusion"], [[1 / 3, 2 / 3] if home else [2 / 3, 1 / 3]])


@pytest.fixture
def made(monkeypatch):
    """The nodes that would be trained; nothing is: networks answer as they begin."""
    nodes = []

    def begun(self, start, classes, children, *told):
        nodes.append(Node(tuple(classes), start, children))
        return nodes[-1]
        yield

    monkeypatch.setattr(Tree, "trained", begun)
    return nodes


def returned(boxes):
    """What a generator returns in the end."""
    while True:
        try:
            next(boxes)
        except StopIteration as end:
            return end.value


def test_a_branch_is_the_flat_increment_above_its_clones(made):
    leaf, flat = Node((0, 1, 2, 3), reader(0, 1, 2, 3)), Node((0, 1, 2, 3, 4), reader(0, 1, 2, 3, 4))
    branch = returned(Tree(TreeConfig(hidden=(5,))).cloned(leaf, flat, (4,), arrival(TRAIN, VALID)))
    assert branch.network is flat.network and branch.classes == flat.classes
    assert [child.classes for child in branch.children] == [(0, 1), (2, 3, 4)] and branch.children == tuple(made)


def test_what_no_new_class_comes_to_stays(made):
    """The very node; and without refreshing the very network of the branch, so that no sample takes another way."""
    branch = Node((0, 1, 2, 3), reader(0, 1, 2, 3), (Node((0, 1), reader(0, 1)), Node((2, 3), reader(2, 3))))
    tree, here = Tree(TreeConfig(hidden=(5,), k=1, refresh=False)), arrival(TRAIN, VALID)
    after = returned(tree.branch_grown(branch, (4,), here))
    assert after.network is branch.network and after.children[0] is branch.children[0]
    assert after.children[1].classes == (2, 3, 4) and after.classes == (0, 1, 2, 3, 4)
    old = here.seen.x_valid
    np.testing.assert_array_equal(log_probabilities(after, old, 5)[:, :2], log_probabilities(branch, old, 5)[:, :2])


def test_a_leaf_of_one_class_becomes_a_clone_of_its_branch(made):
    """With the branch's output for this class: the new class looks like 3, which has a leaf of its own."""
    branch = Node((0, 1, 2, 3), reader(0, 1, 2, 3), (Node((0, 1, 2), reader(0, 1, 2)), Node((3,))))
    returned(Tree(TreeConfig(hidden=(5,), refresh=False)).branch_grown(branch, (4,), arrival(TRAIN, OLD + [(4, 3)])))
    [grown] = made
    assert grown.classes == (3, 4)
    np.testing.assert_array_equal(grown.network["V"][:, 0], branch.network["V"][:, 3])


def test_a_label_is_the_place_of_its_class():
    here = arrival(OLD, VALID).of((3, 0))
    assert here.y_train.tolist() == [1, 0] and here.y_valid.tolist() == [1, 0, 1, 0] and here.n_outputs == 2


def test_a_node_keeps_the_epoch_that_is_best_on_validation_data():
    """Validation labels contradict those of training: what is learnt is wrong there."""
    one = lot(0)
    [step] = small("tree", hidden=(5,), epochs=20, step=0.05).learn(replace(one, y_valid=1 - one.y_valid))
    p = softmax(Node((0, 1), step.after), one.x_valid)
    losses = step.solve.history["validation"]
    assert step.solve.best_epoch < 20 and min(losses) < losses[-1]
    assert -np.log(p[range(12), 1 - one.y_valid]).mean() == pytest.approx(min(losses))


def test_validation_data_say_which_is_more_accurate(made):
    here = arrival(OLD * 3 + [(4, 4)], VALID)
    tree = Tree(TreeConfig(hidden=(5,), dtype="float64"))
    *_, step = tree.grown(Node((0, 1, 2, 3), reader(0, 1, 2, 3)), (4,), here)
    flat = np.mean((here.seen.x_valid @ made[0].network["V"]).argmax(axis=1) == here.seen.y_valid)
    on_train = np.mean((here.seen.x_train @ made[0].network["V"]).argmax(axis=1) == here.seen.y_train)
    assert step.box == "choose" and step.facts["accuracy_flat"] == pytest.approx(flat) != pytest.approx(on_train)
