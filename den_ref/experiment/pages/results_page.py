"""The results document: tables and figures of a grid, as a document of their own or filled into one."""

from collections.abc import Iterable
from pathlib import Path

from den_ref.experiment.disk.files import path_of, write_text
from den_ref.experiment.disk.results import RESULTS, read_results
from den_ref.experiment.grid.grid import GRID, Grid, read_grid, safe_name
from .figures import FIGURES, draw, draw_run
from .markdown import filled
from .paper_figures import PAPER_FIGURES
from .paper_tables import on_papers_stream, paper_blocks
from .summary import Summary, read_summary, summarised, write_summary
from .tables import NOT_MEASURED, blocks

#: Block -> its heading in a document of its own, and the figure below it.
SECTIONS = {
    "conditions": ("Results", None),
    "experiment": ("The paper's experiment", None),
    "reached": ("What was to be reached", None),
    "figure_3_curves": ("Figure 3, top: average AUROC", "figure_3_curves"),
    "figure_3_sizes": ("Figure 3, bottom: capacity", "figure_3_sizes"),
    "figure_4a": ("Figure 4a: selective retraining", "figure_4a"),
    "figure_4b": ("Figure 4b: units selected", "figure_4b"),
    "figure_4c": ("Figure 4c: DEN part by part", "figure_4c"),
    "figure_5": ("Figure 5: what is remembered", "figure_5"),
    "readings": ("Readings of the paper", None),
    "quality": ("Quality", "average"),
    "size": ("Size and cost", "capacity"),
    "units": ("Units, layer by layer", "growers"),
    "strengths": ("DEN at other strengths", None),
    "goals": ("Goals", None),
    "paper": ("Beside the paper", None),
    "order": ("The paper's order", "tasks"),
    "capacity": ("Capacity", None),
    "retraining": ("Selective retraining", "selective"),
    "growth": ("Dynamic expansion", "expansion"),
    "splitting": ("Splits and backward transfer", "splits"),
    "split_strengths": ("Splits at other sigma", None),
}


def write(grid: Grid, out: Path | str) -> str:
    """Write ``results.md``, ``summary.json`` and ``figures/`` into a folder; the main tables as text.

    Raises
    ------
    ValueError
        If no run of the grid is complete.
    """
    summary = _summary_of(grid)
    _write_all(summary, map(str, grid.missing), Path(out))
    texts = all_blocks(summary)
    first = ("experiment", "reached", "figure_3_sizes") if on_papers_stream(summary) else ("quality",)
    return "\n\n".join(texts[name] for name in first if texts[name] != NOT_MEASURED)


def into(summary: Summary, path: Path | str) -> list[Path]:
    """Fill the marked blocks of a document, and write what they stand on beside it; the paths of the files.

    ``DOC.md`` gets its blocks, ``results/STREAM.json`` the summary, and ``figures/DOC_NAME.png`` the figures it shows.

    Raises
    ------
    FileNotFoundError
        If there is no such document.
    ValueError
        If it has no block, or one that is not known.
    """
    path = path_of(path, "into", "a document")
    if not path.exists():
        raise FileNotFoundError(f"into: expected a document to fill, but {path} does not exist")
    text = filled(path.read_text(encoding="utf-8"), all_blocks(summary))
    kept = path.parent / "results" / f"{safe_name(summary.about['stream']['name'])}.json"
    kept.parent.mkdir(exist_ok=True)
    write_summary(kept, summary)
    shown = {name: of for name, of in figures_of(summary).items() if f"(figures/{path.stem}_{name}.png)" in text}
    drawn = draw(summary, path.parent / "figures", path.stem, shown)
    write_text(path, text)
    return [path, kept, *drawn]


def plot(source: Path | str, target: Path | str | None = None) -> list[Path]:
    """Write the tables and figures of what a folder or file holds; the paths of the files.

    Parameters
    ----------
    source : path
        The folder of a grid, that of a single run, or a summary that was kept.
    target : path, optional
        A document whose blocks are filled, instead of writing into the folder.

    Raises
    ------
    FileNotFoundError
        If there is nothing of the kind.
    ValueError
        If what there is is damaged, or a single run is to be filled into a document.
    """
    source = path_of(source, "source", "a folder, or a summary")
    if source.is_file() or target is not None:
        if target is None:
            raise ValueError(f"into: expected a document to fill from the summary {source}, got none")
        return into(read_summary(source) if source.is_file() else _summary_of(read_grid(source)), target)
    if (source / GRID).exists():
        grid = read_grid(source)
        return _write_all(_summary_of(grid), map(str, grid.missing), source)
    if not (source / RESULTS).exists():
        raise FileNotFoundError(f"source: expected the folder of a comparison ({GRID}) or of a run ({RESULTS}), "
                                f"got {source}")
    record = read_results(source)
    return draw_run(summarised({record["run"]["method"]: {record["run"]["seed"]: record}}), source / "figures")


def document(summary: Summary, figures: Iterable[str], missing: Iterable[str] = ()) -> str:
    """The tables under their headings, with the figures that there are, and what is missing."""
    figures, texts, parts = set(figures), all_blocks(summary), []
    for name, (heading, figure) in SECTIONS.items():
        if texts[name] == NOT_MEASURED:
            continue
        parts.append(f"{'##' if parts else '#'} {heading}\n\n{texts[name]}")
        if f"results_{figure}" in figures:
            caption = (figures_of(summary)[figure][0].__doc__ or "").partition("\n")[0]     # none under -OO
            parts.append(f"![{caption}](figures/results_{figure}.png)")
    missing = list(missing)
    if missing:
        parts.insert(1, f"Not learnt to the end: {'; '.join(missing)}.")
    return "\n\n".join(parts) + "\n"


def all_blocks(summary: Summary) -> dict[str, str]:
    """All tables by name, those of the paper's figures included."""
    return blocks(summary) | paper_blocks(summary)


def figures_of(summary: Summary) -> dict:
    """Name -> how a figure is drawn and what it needs: on the paper's stream also the paper's figures."""
    return FIGURES | (PAPER_FIGURES if on_papers_stream(summary) else {})


# --- small parts -------------------------------------------------------------------------------------------------


def _summary_of(grid: Grid) -> Summary:
    return summarised(grid.results, grid.facts)


def _write_all(summary: Summary, missing: Iterable[str], out: Path) -> list[Path]:
    """Summary, figures, and the document last, which names them; the paths of the files."""
    out.mkdir(parents=True, exist_ok=True)
    write_summary(out / "summary.json", summary)
    drawn = draw(summary, out / "figures", figures=figures_of(summary))
    write_text(out / "results.md", document(summary, [path.stem for path in drawn], missing))
    return [out / "results.md", out / "summary.json", *drawn]
