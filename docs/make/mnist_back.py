"""How MNIST-Back was frozen: STL on it, held against STL's curve in the paper.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.mnist_back ../shared/data/mnist

Makes the runs that are not on record in docs/results/mnist-back-stl.jsonl, one line each, then docs/mnist_back.md and
its picture.  The searches for STL's options are those of ``den-ref tune``: the first, on which the choice of the stream
stands, is on record in docs/tuning/mnist-back-first, the second in docs/tuning_paper.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from matplotlib.figure import Figure

from den_ref.core.metrics import head_auroc
from den_ref.experiment.one_run.presets import default_options
from den_ref.experiment.pages.markdown import table
from den_ref.experiment.pages.numbers import average_curve, of_R
from den_ref.experiment.pages.paper import curves
from den_ref.experiment.pages.summary import read_summary
from den_ref.experiment.tune.record import Judged, judged, read_tries
from den_ref.experiment.tune.search_spaces import config_of
from den_ref.experiment.tune.tuning_page import spelled
from den_ref.methods import STL
from den_ref.methods.shared.network import NetworkConfig
from den_ref.strict_json import strict_json
from den_ref.tasks import make_stream
from den_ref.tasks.back import mnist_back
from den_ref.tasks.digits import PAPER_PER_CLASS, load_digits

from .blocks import DOCS, write_page

RECORD = DOCS / "results" / "mnist-back-stl.jsonl"
FIRST_SEARCH, SECOND_SEARCH = DOCS / "tuning" / "mnist-back-first" / "stl.jsonl", DOCS / "tuning_paper" / "stl.jsonl"
NOISE = DOCS / "results" / "mnist-variation.json"
PAGE, PICTURE = DOCS / "mnist_back.md", DOCS / "figures" / "mnist_back.png"
PAPER = np.array(curves()["stl"])

#: What was chosen from: all with the first seeds, the nearest of them with all.
CANDIDATES = [*((beta, "max") for beta in (2.0, 2.1, 2.2, 2.3, 2.4)), (2.2, "over")]
#: And held against the paper once more, with STL's options of the second search.
AGAIN = (2.2, 2.1)
FIRST_SEEDS, SEEDS, NEAREST = (0, 1), (0, 1, 2, 3, 4), 3

PAGE_TEXT = """# MNIST-Back: the paper's stream, as near as made pictures come

Written by `docs/make/mnist_back.py` from the runs in [results/mnist-back-stl.jsonl](results/mnist-back-stl.jsonl), of
{seconds:.0f} seconds of a processor each in the mean, and from two searches for STL's options.

![Digits turned by any angle, in two rows on textures, in the third on uniform noise](figures/mnist_back.png)

```sh
den-ref run --stream mnist-back                     # digits of the package, textures made here
den-ref run --stream mnist-back --mnist DIR         # 5,000 test images of a class, as in the paper
den-ref run --stream mnist-back --backgrounds DIR   # patches of your own photographs
den-ref run --stream mnist-back --amat DIR          # the images of 2007
```

Digits are turned by any angle and laid on patches of twenty textures of 512 x 512 pixels, whose power falls with the
frequency f as 1 / f^{beta:g} and whose grey values are equally frequent. A patch is any of 28 x 28 pixels with a
standard deviation of at least .06, and a pixel is {pixel}.
[The docstring](api/tasks.md) has the formulas and all options (`--data beta=2.0 contrast=0.5`). Training, validation
and test images have patches of the same twenty textures, as with twenty photographs; each image draws its own.

**The digits that come with the package are 1,000 test images of a class, where the paper has 5,000**: these need
`--mnist DIR`. Where nothing else is said, numbers on this page are of the 1,000.

## Why there is such a stream

The paper's MNIST-Variation has 62,000 images, 1,000 / 200 / 5,000 of a class. 12,000 + 50,000 are also the counts of
the variations of MNIST of 2007, of which the one with rotation and background has *image patches* behind the digits; a
reproduction of 2018 that used this file has STL at .8026, where the paper has .7963 ([readings](readings.md#numbers)).
On uniform noise ours is far easier (below). The file of 2007 is not ours to ship; textures can be made.

## How it was frozen

The choice looks at STL alone, the method without any memory. Its networks are the paper's, 784-312-128-1.

1. STL's options were searched on the *validation* data of the stream with beta 2.2 and `max`: 16 settings with seed 0,
   the best three with seeds 1 and 2 too ([record](tuning/mnist-back-first/stl.jsonl)). The best mean is {first_mean}:
   `{first}`.
2. With these options, candidates for beta and the composition were held against the paper: the largest distance of
   STL's average AUROC on *test* data to the paper's curve, over the ten t. All were run with seeds 0 and 1, the three
   nearest with seeds 0 to 4:

{candidates}

3. The nearest is the stream; its defaults do not change any more. STL's options were searched there once more, with as
   many runs on validation data ([page](tuning_paper.md)): the best mean is {second_mean},
   `{second}`. These are STL's options on this
   stream when nothing is said.

## Both curves

Average AUROC over the first t tasks. The paper's is the mean of five random splits, digitised from its Figure 3; ours
are means of seeds 0 to 4.

{curves}

**The largest distance over ten t is {chosen_distance} with the options that the stream was chosen with, and {distance}
with those of the second search**, which are better: after ten tasks on {better} of {seeds} seeds, most of it on later
digits. How far the paper's STL was tuned is not known. The stream does not follow ours a second time; with these
options the distance is {again[0]} at beta {AGAIN[0]} and {again[1]} at {AGAIN[1]}. With the paper's 5,000 test images
of a class, which the package does not have and which are a little harder, it is {larger_distance}; on uniform noise
(seeds 0 to 2) {noise_distance}. What had been wished for is .010.

## What speaks against it

- The paper's words are "noise in the background", not images, and it does not name the collection of 2007.
- Whether the file of 2007 has exactly 1,000 / 200 / 5,000 images of every class is not known here.
- Beta and the composition were chosen *because* STL's curve comes near the paper's: one of six candidates, for ten
  numbers that go up and down with the digits. That a curve of this shape comes out says that the digits' difficulties
  are right, not that the images are the same.
- Textures have the spectrum of photographs but neither edges nor objects.
- Our seeds vary the textures too. The paper's five splits, if made of the file of 2007, share one set of images.

## Photographs, and the files of 2007

`--backgrounds DIR` is a folder of grey pictures, binary PGM (P5) or `.npy` (uint8, or floats from 0 to 1), of any size
from 28 x 28; `magick cat.jpg -colorspace Gray cat.pgm` makes one. Where a picture is flat no patch is taken.

`--amat DIR` is a folder with one pair of the original files,
`mnist_all_background_images_rotation_normalized_train_valid.amat` and `..._test.amat`. The first 10,000 images of the
former are for training, its last 2,000 for validation, the 50,000 of the latter for test; digits need not be equally
frequent. Look at some once ([how](api/tasks.md)): if they are mirrored about a diagonal, say `--data transposed=true`,
which no method with dense layers notices. No run on these files is on record here.

A run's results name the pixels of both by a checksum, as they do with `--mnist DIR`.
"""

#: How a digit lies on its patch, in words.
IN_WORDS = {"max": "the larger of the digit's and the patch's", "over": "the digit over the patch, d + (1 - d) p"}

Row = dict[str, Any]


# --- runs --------------------------------------------------------------------------------------------------------


def run(stream: dict[str, Any], config: NetworkConfig, seed: int, **folder) -> Row:
    """STL's test AUROC on each of the ten tasks, and what it was: a line of the record, which names no folder."""
    started, tasks = time.process_time(), make_stream(**stream, seed=seed, **folder).tasks
    learner = STL(config, seed)
    learner.learn_all(tasks)
    auroc = [float(head_auroc(learner.scores(task.id, task.x_test), task.y_test, task.loss)) for task in tasks]
    return {"stream": stream, "seed": seed, "options": config.to_dict(), "auroc": auroc,
            "seconds": time.process_time() - started}


def runs(stream: dict[str, Any], config: NetworkConfig, seeds: Sequence[int], path: Path = RECORD,
         **folder) -> list[Row]:
    """The runs with these seeds, as they are on record; what is not is made and written."""
    known = {row["seed"]: row for row in on_record(path)
             if row["stream"] == stream and NetworkConfig.from_dict(row["options"]) == config}
    for seed in seeds:
        if seed not in known:
            known[seed] = run(stream, config, seed, **folder)
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(known[seed]) + "\n")
            print(stream, seed, curve([known[seed]]).round(4), flush=True)
    return [known[seed] for seed in seeds]


def on_record(path: Path = RECORD) -> list[Row]:
    """All runs on record."""
    return [strict_json(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def found_by(search: Path) -> Judged:
    """The best setting of a search for STL's options, on validation data."""
    return judged(read_tries(search), math.inf)[0]


def candidate(beta: float, composition: str) -> dict[str, Any]:
    """A candidate as ``make_stream`` takes it."""
    return {"name": "mnist-back", "beta": beta, "composition": composition}


def compared() -> dict[tuple[float, str], list[Row]]:
    """Candidate -> its runs, those of all seeds where the first seeds are nearest to the paper; the nearest first."""
    config = config_of("stl", found_by(FIRST_SEARCH).settings)
    found = {each: runs(candidate(*each), config, FIRST_SEEDS) for each in CANDIDATES}
    for each in sorted(found, key=lambda each: distance(found[each]))[:NEAREST]:
        found[each] = runs(candidate(*each), config, SEEDS)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), distance(item[1]))))


def frozen() -> list[Row]:
    """The stream as it is by default, with STL as it is by default there, all seeds."""
    return runs(by_default(), default_options(STL, "mnist-back"), SEEDS)


def with_papers_test_images(mnist: Path | None = None) -> list[Row]:
    """The same with 5,000 test images of a class; training and validation digits, and so the networks, are the same."""
    return runs({**by_default(), "per_class": list(PAPER_PER_CLASS)}, default_options(STL, "mnist-back"), SEEDS,
                mnist=mnist)


def again() -> list[list[Row]]:
    """The neighbours of the stream with STL as it is on the stream, all seeds."""
    return [runs(candidate(beta, "max"), default_options(STL, "mnist-back"), SEEDS) for beta in AGAIN]


def by_default() -> dict[str, Any]:
    """The candidate that the stream is when nothing is said."""
    usual = inspect.signature(mnist_back).parameters
    return candidate(usual["beta"].default, usual["composition"].default)


# --- what they come to -------------------------------------------------------------------------------------------


def curve(rows: Sequence[Row]) -> np.ndarray:
    """Average AUROC after t tasks, (10,), the mean over the runs."""
    return np.mean([np.cumsum(row["auroc"]) / np.arange(1, 11) for row in rows], axis=0)


def distance(rows: Sequence[Row]) -> float:
    """The largest distance to the paper's curve over ten t."""
    return float(np.abs(curve(rows) - PAPER).max())


def on_noise() -> np.ndarray:
    """The same curve on uniform noise, from the runs of docs/results.md."""
    return of_R(read_summary(NOISE), "stl", average_curve).mean(axis=0)


# --- the page ----------------------------------------------------------------------------------------------------


def candidates_table(found: dict[tuple[float, str], list[Row]]) -> str:
    """Every candidate with its distance."""
    rows = [[f"{beta:g}", composition, ", ".join(str(row["seed"]) for row in rows), four(curve(rows)[0]),
             four(curve(rows)[-1]), four(distance(rows))] for (beta, composition), rows in found.items()]
    return table(["beta", "composition", "seeds", "after 1 task", "after 10", "largest distance"], rows)


def curves_table(chosen: Sequence[Row], rows: Sequence[Row], larger: Sequence[Row]) -> str:
    """The paper's curve, ours with both options, what lies between; with as many test images, and on noise."""
    each = [curve([row]) for row in rows]
    lines = {"the paper's STL": PAPER,
             "STL when the stream was chosen": curve(chosen), "less the paper's": curve(chosen) - PAPER,
             "STL of the second search": curve(rows), "that less the paper's": curve(rows) - PAPER,
             "its smallest seed": np.min(each, axis=0), "its largest seed": np.max(each, axis=0),
             "it with 5,000 test images of a class": curve(larger), "uniform noise": on_noise()}
    return table(["after t tasks", *map(str, range(1, 11))],
                 [[name, *map(signed if "less" in name else four, line)] for name, line in lines.items()])


def four(value: float) -> str:
    """Four digits without the leading zero, as the paper writes them."""
    return f"{value:.4f}".removeprefix("0")


def signed(value: float) -> str:
    """The same with its sign."""
    return f"{'-' if value < 0 else '+'}{four(abs(value))}"


def page(found, rows: Sequence[Row], larger: Sequence[Row], neighbours: Sequence[Sequence[Row]]) -> str:
    """docs/mnist_back.md."""
    beta, composition = (rows[0]["stream"][name] for name in ("beta", "composition"))
    first, second, chosen = found_by(FIRST_SEARCH), found_by(SECOND_SEARCH), next(iter(found.values()))
    return PAGE_TEXT.format(
        beta=beta, pixel=IN_WORDS[composition], first=spelled(first.settings), first_mean=four(first.mean),
        second=spelled(second.settings), second_mean=four(second.mean), candidates=candidates_table(found),
        curves=curves_table(chosen, rows, larger), chosen_distance=four(distance(chosen)),
        distance=four(distance(rows)), larger_distance=four(distance(larger)),
        again=[four(distance(each)) for each in neighbours], AGAIN=AGAIN,
        seeds=len(rows), better=sum(curve([new])[-1] > curve([old])[-1] for new, old in zip(rows, chosen)),
        noise_distance=four(np.abs(on_noise() - PAPER).max()),
        seconds=sum(row["seconds"] for row in on_record()) / len(on_record()))


def picture() -> Figure:
    """One image of every digit, twice on textures and once on noise, as the networks see them."""
    figure = Figure((10, 3.1), layout="constrained")
    axes = figure.subplots(3, 10)
    for row, (name, skipped) in zip(axes, (("mnist-back", 0), ("mnist-back", 1), ("mnist-variation", 0))):
        task, labels = make_stream(name).tasks[0], load_digits().labels["train"]
        for digit, ax in enumerate(row):
            image = task.x_train[np.flatnonzero(labels == digit)[skipped]].reshape(28, 28)
            ax.imshow(image, cmap="gray")
            ax.axis("off")
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path, nargs="?", help="folder with the four MNIST files, for runs not on record")
    text = page(compared(), frozen(), with_papers_test_images(parser.parse_args().mnist), again())
    picture().savefig(PICTURE, dpi=110)
    write_page(PAGE, text)
