"""Error-driven incremental learning: a tree of networks that grows where classes are confused (Xiao et al. 2014).

A *leaf* is a softmax network over some classes.  A *branch* is one too; what it answers is a *superclass*, that is
which child to ask:

    P(superclass s | x) = sum over the classes c in s of softmax_c(branch, x)

The answer for x is found from the root down (``shared.nodes``): the most probable child at every branch, the most
probable class in the leaf that is reached.  So an early error is final, and what is confused should stay together.  New
classes come to a leaf L0, whose classes grow from N0 to N1, in one of two ways, whichever is the more accurate on
validation data:

flat increment
    L0 gets N1 - N0 more outputs and is trained on: L0'.
clone increment
    The classes of L0 are split into k superclasses by its confusion C (``shared.confusion``), a new class goes where L0
    answers most of its samples; each superclass gets a leaf, cloned from L0 with the outputs of its classes and trained
    on them, and the branch above is a clone of L0'.

At a branch new classes go to the children that it answers most of their samples in; each child grows in turn, and the
branch is trained on with outputs for them (``refresh``).  All of it reads the data of old classes and new: this is no
method without old data.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.core.pools import examples
from den_ref.den.equations import eq2
from den_ref.den.explained import DECAY, L1, sparse
from den_ref.describe import Box, Formula, Look
from den_ref.protocol import CLASS_INCREMENTAL, Capacity, Step, Task, check_seen
from den_ref.settings import at_least, integer, one_of, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .mtl import Outputs, outputs_of
from .shared.classes import joined
from .shared.confusion import confusion, partition, shares
from .shared.network import NetworkConfig, NetworkMethod, data_losses, random_start, task_rng
from .shared.nodes import Node, answers, log_probabilities, reached, route, tree_arrays, tree_from, tree_scores


@dataclass(frozen=True)
class TreeConfig(NetworkConfig):
    """Options of the tree: those of a plain network, which are every node's, and of its growth."""

    k: int = option(2, "superclasses that a leaf is split into; 1: it is never split", integer(1))
    margin: float = option(0.005, "accuracy on validation data that clones must gain over the flat increment",
                           at_least(0))
    refresh: bool = option(True, "whether a branch learns the new classes below it", one_of(True, False))


@dataclass(frozen=True, eq=False)
class Arrival:
    """New classes on their way down the tree: their task, the samples of all classes seen, what is drawn."""

    task: Task
    seen: Task
    names: tuple[Hashable, ...]
    rng: np.random.Generator

    def of(self, classes: Sequence[int]) -> Task:
        """The samples of these classes; a label is the place of its class among them."""
        arrays = {}
        for split in ("train", "valid"):
            x, y = getattr(self.seen, f"x_{split}"), getattr(self.seen, f"y_{split}")
            own = np.isin(y, classes)
            arrays |= {f"x_{split}": x[own], f"y_{split}": (y[own][:, None] == np.array(classes)).argmax(axis=1)}
        return replace(self.seen, **arrays, n_outputs=len(classes))

    def accuracy(self, node: Node) -> float:
        """The share of the validation samples of a node's classes that it, with all below it, answers right."""
        valid = self.of(node.classes)
        return float(np.mean(answers(node, valid.x_valid) == np.array(node.classes)[valid.y_valid]))

    def sent(self, new: Sequence[int], way: Callable[[np.ndarray], np.ndarray], k: int) -> np.ndarray:
        """Phi (new classes, k): the share of the validation samples of each whose ``way`` is each of k superclasses."""
        return np.array([shares(way(self.of([c]).x_valid), k) for c in new])

    def called(self, classes: Sequence[int]) -> str:
        """Their names, for a sentence."""
        return ", ".join(str(self.names[c]) for c in classes)


def box(text: str, note: str, why: str, *options: str, **more) -> Box:
    """What is known of a box of the tree."""
    return Box(lambda chosen: Formula(text.replace(L1, sparse(chosen)), note, options, "den_ref/methods/tree.py"),
               why=why, **more)


def worth_it(flat: float, clone: float, margin: float) -> bool:
    """Whether clones are taken, by both accuracies on validation data: they gain something, and at least the margin.

    >>> worth_it(0.5, 0.5, 0.0), worth_it(0.5, 0.75, 0.25)
    (False, True)
    """
    return clone > flat and clone - flat >= margin


TRAINED = f"minimise  L(W; D) + {L1} + {DECAY}"
STRENGTHS = "mu", "weight_decay"


class Tree(NetworkMethod):
    """The error-driven tree.  Source: Xiao et al. 2014, Algorithms 1 and 2."""

    name = "tree"
    Config = TreeConfig
    needs_all_data = True
    scenarios = (CLASS_INCREMENTAL,)
    title = "error-driven tree"
    look = Look("#56B4E9", "-", "v")
    explained = {
        "leaf": box(TRAINED, "The first leaf, on the first classes.", "Can they be told apart?", *STRENGTHS),
        "flat": box(TRAINED, "The leaf with outputs for the new classes, on all its classes.",
                    "How good is the leaf if it simply learns the new classes too?", *STRENGTHS),
        "confusion": box("A = (C + C^T) / 2", "C: what the leaf answers, a row per true class; its classes are split "
                         "by the k first eigenvectors of A, divided by the roots of its sums.",
                         "Which classes does the leaf confuse?", "k", pictures=("confusions",)),
        "clone": box(TRAINED, "A clone of the leaf, on the classes of one superclass.",
                     "Is a superclass easier for a network of its own?", *STRENGTHS),
        "choose": box("clones if accuracy_{clone} − accuracy_{flat} ≥ margin, > 0", "On validation data.",
                      "Is the branch with its clones worth its size?", "margin", pictures=()),
        "distribute": box("s_c = argmax_s Φ(c, s)", "Φ: share of the samples of c that the branch sends to s.",
                          "Below which child does each new class belong?", pictures=("confusions",)),
        "refresh": box(TRAINED, "The branch, with outputs for the new classes below it.",
                       "Does the branch still send samples the right way?", *STRENGTHS),
    }
    slow = True

    seen: Sequence[Task] = ()
    root: Node | None = None

    @property
    def n_inputs(self) -> int | None:
        return chain.n_inputs(self.root.network) if self.root else None

    def boxes(self, task: Task) -> Iterator[Step]:
        check_seen(self.seen, self.tasks)
        absent = sorted({*range(task.n_outputs)} - {*np.unique(task.y_valid).tolist()})
        if absent:
            raise ValueError(f"task.y_valid: expected samples of every class, by which the tree grows, got none of "
                             f"{', '.join(str(task.classes[c]) for c in absent)}")
        lots = [*self.seen, task]
        names = tuple(name for lot in lots for name in lot.classes)
        arrival = Arrival(task, joined(lots), names, task_rng(self.seed, task.id))
        new = tuple(range(len(names)))[-task.n_outputs:]
        if self.root is None:
            start = random_start(task, [len(new)], self.config, arrival.rng)
            root = yield from self.trained(start, new, (), "leaf", "the first leaf", arrival)
        else:
            self.config.check_image(task.image, self.root.network.convolutions)
            root = yield from self.grown(self.root, new, arrival)
        self.seen, self.root, self.kept = lots, root, outputs_of(lots)

    # --- growth ------------------------------------------------------------------------------------------------------

    def trained(self, start: Flat, classes, children, name: str, title: str, arrival: Arrival):
        """A node whose network is trained on the samples of its classes, from a start."""
        losses = data_losses(start, arrival.of(classes))
        result = self.fit(eq2(start, losses[0], self.config), losses[1], arrival.rng)
        yield self.step(arrival.task, name, title, f"trained on the classes {arrival.called(classes)}, "
                        f"{result.message}", before=start, after=result.x, solve=result)
        return Node(tuple(classes), result.x, children)

    def clone(self, network: Flat, known: Sequence[int], n_new: int, rng) -> Flat:
        """A copy of a network with these of its outputs, and new ones after them: random weights, biases 0."""
        weights, biases, head, bias = mlp.unpack(network)
        drawn = mlp.random_weights(rng, len(head), n_new, self.config.dtype)
        return mlp.pack(weights, biases, np.hstack([head[:, known], drawn]), np.append(bias[known], np.zeros(n_new)),
                        self.config.dtype, network.convolutions)

    def trained_on(self, node: Node, known, new, children, name: str, title: str, arrival: Arrival):
        """A clone of a node that knows some of its classes, trained on these and the new ones."""
        start = self.clone(node.network, [node.classes.index(c) for c in known], len(new), arrival.rng)
        return (yield from self.trained(start, (*known, *new), children, name, title, arrival))

    def grown(self, node: Node, new, arrival: Arrival):
        """The node with the new classes in it: Algorithm 2 at a branch, Algorithm 1 at a leaf."""
        if node.children:
            return (yield from self.branch_grown(node, new, arrival))
        flat = yield from self.trained_on(node, node.classes, new, (), "flat", "flat increment", arrival)
        cloned = yield from self.cloned(node, flat, new, arrival)
        if cloned is None:
            return flat
        of_flat, of_clones = arrival.accuracy(flat), arrival.accuracy(cloned)
        better = worth_it(of_flat, of_clones, self.config.margin)
        yield self.step(arrival.task, "choose", "Algorithm 1, the more accurate of the two", f"{of_flat:.1%} of the "
                        f"validation samples are right with the flat increment, {of_clones:.1%} with clones: "
                        f"{'clones' if better else 'flat'}", before=flat.network, after=flat.network,
                        facts={"accuracy_flat": of_flat, "accuracy_clone": of_clones, "cloned": better})
        return cloned if better else flat

    def cloned(self, leaf: Node, flat: Node, new, arrival: Arrival):
        """The clone increment of a leaf: a branch, and a leaf per superclass; None if there is one superclass only."""
        old = arrival.of(leaf.classes)
        C = confusion(route(leaf, old.x_valid), old.y_valid, len(leaf.classes))
        groups = partition(C, self.config.k)
        if not groups.any():
            return None
        n = groups.max() + 1
        homes = arrival.sent(new, lambda x: groups[route(leaf, x)], n).argmax(axis=1)
        parts, fresh = ([[c for c, group in zip(classes, own) if group == s] for s in range(n)]
                        for classes, own in ((leaf.classes, groups), (new, homes)))
        names = [arrival.called([c]) for c in leaf.classes]
        yield self.step(arrival.task, "confusion", "error-driven preview", "superclasses by what the leaf confuses: " +
                        " | ".join(arrival.called(part) for part in parts) + "; new classes: " + " | ".join(
                        arrival.called(part) or "none" for part in fresh), before=leaf.network, after=leaf.network,
                        facts={"superclasses": groups.tolist(), "of_new_classes": homes.tolist(),
                               "classes": names, "answers": names},
                        arrays={"confusion": C, "groups": groups})
        children = []
        for part, own in zip(parts, fresh, strict=True):
            child = Node(tuple(part))                              # one class alone: nothing to tell apart
            if len(part) + len(own) > 1:
                child = yield from self.trained_on(leaf, part, own, (), "clone", "clone increment", arrival)
            children.append(child)
        return replace(flat, children=tuple(children))

    def branch_grown(self, branch: Node, new, arrival: Arrival):
        """New classes distributed over the children of a branch, and the branch refreshed."""
        phi = arrival.sent(new, lambda x: route(branch, x), len(branch.children))
        homes = phi.argmax(axis=1)
        names = {"classes": [arrival.called([c]) for c in new],
                 "answers": [arrival.called(child.classes) for child in branch.children]}
        yield self.step(arrival.task, "distribute", "Algorithm 2, new classes to superclasses", "; ".join(
                        f"{arrival.called([c])} to {arrival.called(branch.children[s].classes)} ({row[s]:.0%})"
                        for c, s, row in zip(new, homes, phi)), before=branch.network, after=branch.network,
                        facts={"of_new_classes": homes.tolist()} | names, arrays={"confusion": phi})
        children = list(branch.children)
        for s, child in enumerate(branch.children):
            own = tuple(c for c, home in zip(new, homes) if home == s)
            if own and child.network is None:                      # a leaf of one class: a clone of the branch
                known = [branch.classes.index(child.classes[0])]
                child = replace(child, network=self.clone(branch.network, known, 0, arrival.rng))
            if own:
                children[s] = yield from self.grown(child, own, arrival)
        if not self.config.refresh:
            return replace(branch, classes=branch.classes + new, children=tuple(children))
        return (yield from self.trained_on(branch, branch.classes, new, tuple(children), "refresh",
                                           "Algorithm 2, the branch", arrival))

    # --- answers -----------------------------------------------------------------------------------------------------

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        """log P(c | x) of the task's classes: the product of the branches' and the leaf's, not of their choices."""
        own = self.kept_of(task_id)
        return log_probabilities(self.root, x, len(self.root.classes))[:, own.first:own.last]

    def class_scores(self, x) -> np.ndarray:
        """log P(c | x), lowered outside the leaf that is reached as far as the largest score needs to be inside it."""
        if self.root is None:
            return super().class_scores(x)
        n = len(self.root.classes)
        return tree_scores(log_probabilities(self.root, x, n), reached(self.root, x, n))

    def capacity(self) -> Capacity:
        if self.root is None:
            return Capacity(0, 0, 0, {})
        networks = [(node.classes, node.network.vector) for node in self.root.nodes if node.network is not None]
        total, nonzero = (int(sum(count(w) for _, w in networks)) for count in (np.size, np.count_nonzero))
        per_task = {task: sum(w.size for classes, w in networks if {*classes} & {*range(own.first, own.last)})
                    for task, own in self.kept.items()}
        return Capacity(total, nonzero, total, per_task, {"examples": examples(self.seen)},
                        tuple(n * len(networks) for n in self.config.widths))

    def state(self) -> dict[str, np.ndarray]:
        arrays, tree = tree_arrays(self.root) if self.root else ({}, [])
        places = [asdict(own) | {"task": pack_id(task)} for task, own in self.kept.items()]
        return arrays | {"meta": pack_meta({"seed": self.seed, "tree": tree, "places": places})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> Tree:
        meta = unpack_meta(state["meta"])
        tree = cls(config, meta["seed"])
        tree.seen, tree.root = list(seen), tree_from(state, meta["tree"]) if meta["tree"] else None
        tree.kept = {unpack_id(place.pop("task")): Outputs(**place) for place in meta["places"]}
        return tree
