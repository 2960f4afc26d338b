"""The table at the end of a run."""

from collections import defaultdict

from den_ref.core.metrics import average_performance, backward_transfer, forgetting
from den_ref.experiment.disk.results import METRICS, TITLES

_RULE = "-" * 56
#: Boxes that took a smaller share of the time stand in one line.
SHORT = 0.05


def final_table(run) -> str:
    """What a run came to: the score per task, transfer, size and time, as text.

    Parameters
    ----------
    run : Run
        At least one task learnt.
    """
    if not run.stages:
        return "no task learnt yet"
    return "\n".join([*_quality(run), _RULE, *_transfer(run), _RULE, *_size(run), _RULE, *_time(run)])


def _quality(run) -> list[str]:
    R = run.measured(run.metric)
    lines = [f"{f'{run.title} of task':<24}{'just learnt':>16}{'at the end':>16}"]
    for stage, then, now in zip(run.stages, R.diagonal(), R[-1]):
        lines.append(f"{stage['task']!s:<24}{_four(then):>16}{_four(now):>16}")
    return [*lines, f"{'mean':<24}{_four(R.diagonal().mean()):>16}{_four(average_performance(R)):>16}"]


def _transfer(run) -> list[str]:
    R = run.measured(run.metric)
    other = next(metric for metric in METRICS if metric != run.metric)
    return [
        f"{'backward transfer':<24}{_four(backward_transfer(R)):>32}",
        f"{'forgetting':<24}{_four(forgetting(R)):>32}",
        f"{f'{TITLES[other]}, mean':<24}{_four(average_performance(run.measured(other))):>32}",
    ]


def _size(run) -> list[str]:
    size, networks = run.capacities[-1], run.separate
    counts = {kind: size[kind] for kind in ("allocated", "nonzero")}
    if networks is None:
        lines = ["parameters", *(f"{kind:<24}{count:>16,}" for kind, count in counts.items())]
    else:
        counts[f"{len(networks.outputs)} networks {networks.shape}"] = networks.parameters
        lines = [f"{'parameters':<28}{'of separate networks':>28}"]
        lines += [f"{kind:<28}{count:>12,}{count / networks.parameters:>16.2%}" for kind, count in counts.items()]
    lines += [f"{'also stored: ' + name:<24}{floats:>16,}" for name, floats in size["stored"].items()]
    if not size["widths"]:                                         # a linear method
        return lines
    return [*lines, f"{'units per hidden layer':<24}{', '.join(map(str, size['widths'])):>16}"]


def _time(run) -> list[str]:
    seconds = defaultdict(float)
    for stage in run.stages:
        for step in stage["steps"]:
            seconds[step["title"]] += step["seconds"]
    total = sum(seconds.values())
    long = {title: spent for title, spent in seconds.items() if spent >= SHORT * total}
    short = len(seconds) - len(long)
    others = {f"{short} other box{'es' * (short > 1)}": total - sum(long.values())} if short else {}
    rows = {"seconds of the processor": total} | {f"  {title}": spent for title, spent in (long | others).items()}
    return [f"{title:<40}{spent:>16.2f}" for title, spent in rows.items()]


def _four(value: float) -> str:
    """Four decimals, without the sign of a zero that rounding left."""
    return f"{round(float(value), 4) + 0.0:.4f}"
