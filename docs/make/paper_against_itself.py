"""Where the paper's numbers say two things: the table of docs/paper_against_itself.md, from the digitised figures.

    python -m docs.make.paper_against_itself

Every number of it is read from, or computed of, ``den_ref/experiment/pages/paper.json``.
"""

from __future__ import annotations

from den_ref.experiment.pages.markdown import number, table
from den_ref.experiment.pages.paper import PAPER, after_last, at_size, share_of_stl, sizes

from .blocks import DOCS, write_blocks

TEXT = PAPER["text"]
NAMES = PAPER["data sets"]


def lines() -> str:
    """The table: what one place says, what another one shows."""
    rows = [*shares(), *averages(), *gains(), *figures_of_den()]
    return table(["about", "here", "there", "apart by"], rows)


def shares() -> list[list[str]]:
    """DEN's size in parts of STL's, in the text and in Figure 3."""
    rows = []
    for name, stated in TEXT["shares of STL's parameters, percent"].items():
        (den, _), = sizes("den", name)
        (smallest, _), *_, (full, _) = sizes("stl", name)
        share, of_smallest = 100 * share_of_stl(name), 100 * den / smallest
        also = f"; of the *smallest* STL, {smallest:g} %, it is {of_smallest:.1f} %" if name == "cifar-100" else ""
        rows.append([f"{NAMES[name]}: DEN's share of STL's parameters", f"text: {stated} %",
                     f"Figure 3: {den:g} over {full:g} % of MTL is {share:.1f} %{also}",
                     f"{abs(share - stated):.1f} points"])
    return rows


def averages() -> list[list[str]]:
    """One network, two values: where a line of the top row ends, and the point of the bottom row."""
    rows = []
    for name, method, title, place in (
            ("mnist-variation", "mtl", "MTL", 1), ("awa", "mtl", "MTL", 0), ("mnist-variation", "stl", "STL", 2),
            ("cifar-100", "stl", "STL", 2), ("awa", "den", "DEN", 0)):
        end, (size, point) = after_last(name)[method], sizes(method, name)[place]
        rows.append([f"{NAMES[name]}: {title}", f"Figure 3, top: {four(end)}",
                     f"bottom, at {size:g} %: {four(point)}" + other_point(name, method, end),
                     four(abs(point - end))])
    ends = [f"{NAMES[name]} {four(after_last(name)['progressive'])}, its {which} ({size:g} %)" for name in NAMES
            for which, (size, _) in [point_of_line(name)]]
    return [*rows, ["Progressive: which network is the line of the top row?", "Figure 3, top: one line per data set",
                    "bottom: " + "; ".join(ends), "–"]]


def other_point(name: str, method: str, end: float) -> str:
    """The size at which the bottom row has the value of the top row, if there is one."""
    there = [size for size, point in sizes(method, name) if point == end]
    return f"; {four(end)} stands at {there[0]:g} %" if there else ""


def point_of_line(name: str) -> tuple[str, tuple[float, float]]:
    """Which of Progressive's networks in the bottom row has the AUROC of its line."""
    points, end = sizes("progressive", name), after_last(name)["progressive"]
    place = [auroc for _, auroc in points].index(end)
    return ("smallest", "middle", "largest")[place], points[place]


def gains() -> list[list[str]]:
    """Differences that the text states, and those of its figures."""
    full, chosen = (PAPER["figure 4a"][method][0] for method in ("finetune", "dnn-selective"))
    base, finetuned, stl = (after_last()[method] for method in ("finetune", "den-finetune", "stl"))
    (size, den), best_mtl = sizes("den")[0], sizes("mtl")[-1][1]
    at_den = at_size("mtl", size)
    return [
        ["DEN and MTL on MNIST-Variation", "text: DEN above the batch models; Figure 3, top: "
         f"{four(den)} against {four(after_last()['mtl'])}", f"Figure 3, bottom: at DEN's size, {size:g} %, MTL is at "
         f"{four(at_den)} (on the line between its points), DEN at {four(den)}", f"MTL ahead by {four(at_den - den)}"],
        ["gain by selective retraining", f"text: {TEXT['points gained by selective retraining']} points",
         f"Figure 4a: {four(chosen)} against {four(full)}, {100 * (chosen - full):.1f} points",
         f"{100 * (chosen - full) - TEXT['points gained by selective retraining']:.1f} points"],
        ["the base network that is retrained", f"Figure 4a: {four(full)}", f"Figure 3: {four(base)}",
         four(base - full)],
        ["gain by DEN-Finetune on MNIST-Variation",
         f"text: as much as {TEXT['points gained by DEN-Finetune, at most']} points",
         f"Figure 3: {four(finetuned - stl)} over STL's line, {four(finetuned - best_mtl)} over the best MTL", "–"]]


def figures_of_den() -> list[list[str]]:
    """What is selected, and what is carried back."""
    lower, upper = PAPER["figure 4b"]["dnn-selective"]
    widths, tasks = TEXT["base network"], [name for name in PAPER["figure 5"] if name.startswith("task")]
    change = [PAPER["figure 5"][task]["den"][1] - PAPER["figure 5"][task]["den"][0] for task in tasks]
    return [
        ["units selected, layers 1 and 2", "text: a smaller share of the upper layer",
         f"Figure 4b: {lower} and {upper} units; if the network is {widths[0]}-{widths[1]}, which is not said, "
         f"{100 * lower / widths[0]:.0f} % and {100 * upper / widths[1]:.0f} %", "only the counts fall"],
        ["backward transfer of DEN", "text: early tasks can gain from later ones",
         f"Figure 5: {', '.join(signed(one) for one in change)} on {', '.join(tasks)}", "no gain in the figure"]]


def four(value: float) -> str:
    """Four digits without the leading zero, as the paper writes them."""
    return number(value, ".4f").lstrip("0")


def signed(value: float) -> str:
    """The same with its sign."""
    return f"{'-' if value < 0 else '+'}{four(abs(value))}"


if __name__ == "__main__":
    text = lines()
    print(text)
    write_blocks(DOCS / "paper_against_itself.md", lines=text)
