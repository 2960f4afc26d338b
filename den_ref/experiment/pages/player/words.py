"""Numbers and the field's terms, in words."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

#: Term -> what it means, in the order of reading.  The pages behind them are named by READ_MORE.
GLOSSARY = {
    "AUROC": "how likely a sample of the class scores higher than one of the others: 1 is perfect, 0.5 is chance",
    "accuracy": "the share of answers that are right; where all classes are asked for, of all that were seen",
    "R": "R[i, j] is the score on task j after stage i, measured on test data",
    "forgetting": "the mean over older tasks of the best score they ever had minus that at the end",
    "backward transfer": "the mean over older tasks of the score at the end minus that when they were just learnt",
    "allocated": "parameters that some learnt task needs",
    "birth": "weights and bias of every unit as they were when the task that brought it in was learnt: kept to measure "
             "drift since then, not needed for an answer, and not counted among the parameters",
    "retired": "an original whose copy serves the new task: older tasks go on reading it, new ones do not",
    "nonzero": "those of the allocated parameters that are not exactly 0",
    "objective": "what a box minimises: the mean loss on training data plus the penalties",
    "residual": "how far a point is from a minimum: the distance of minus the gradient to the penalty's "
                "subdifferential, in its largest entry; 0 at the minimum",
    "prox residual": "the largest entry of w - prox(w - gradient), a step of size 1; 0 where no step changes anything",
    "duality gap": "no point can have an objective that is lower by more than this",
    "base rate": "the loss of a head that ignores its inputs",
    "drift": "how far a unit's incoming weights and bias moved since the stage began; relative: as a share of their "
             "size then",
    "iterations": "epochs of a training, steps of a solver; the weights kept are those of the lowest validation loss",
}
#: Pages of the documentation that say more.
READ_MORE = ("Glossary", "Scenarios and transfer", "Eq. 2 to Eq. 6", "A run as a page")

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def said(value: Any) -> str:
    """A fact in words: four digits of a number, items with commas between them.

    >>> said({"1": [0.123456, 12345, None], "2": True}), said(2.5e-7)
    ('1: 0.1235, 12,345, -; 2: yes', '2.5·10⁻⁷')
    """
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {said(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(said, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, float):
        digits, e, power = f"{value:.4g}".partition("e")
        return digits + (f"·10{str(int(power)).translate(_RAISED)}" if e else "")
    return f"{value:,}" if isinstance(value, int) else str(value)


def score(value: float) -> str:
    """Four decimals, without the sign of a zero that rounding left; "-" for one that was not measured.

    >>> score(0.93456), score(-0.00001), score(float("nan"))
    ('0.9346', '0.0000', '-')
    """
    return f"{round(float(value), 4) + 0.0:.4f}" if value == value else "-"


def change(value: float) -> str:
    """The same with its sign.

    >>> change(0.0123), change(-0.00001), change(float("nan"))
    ('+0.0123', '0.0000', '-')
    """
    text = score(value)
    return text if text[0] == "-" or not float(text) else f"+{text}"


def count(number: int, thing: str) -> str:
    """A number of things.

    >>> count(1, "unit"), count(1200, "parameter")
    ('1 unit', '1,200 parameters')
    """
    return f"{number:,} {thing}" + "s" * (number != 1)


def table(caption: str, rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Rows of HTML, the first cell of each its name."""
    top = "<thead><tr>" + "".join(f'<th scope="col">{cell}</th>' for cell in head) + "</tr></thead>\n" if head else ""
    body = "\n".join(f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
                     for name, *cells in rows)
    return (f'<div class="scroll"><table>\n<caption>{escape(caption)}</caption>\n{top}<tbody>\n{body}\n</tbody></table>'
            "</div>\n")


def term(name: str) -> str:
    """A name as HTML, with its meaning for who points at it, if the glossary has it or a part of it."""
    known = max((word for word in GLOSSARY if f" {word} " in f" {name} "), key=len, default=None)
    return f'<abbr title="{escape(GLOSSARY[known])}">{escape(name)}</abbr>' if known else escape(name)


def glossary() -> str:
    """All terms, and where more is said."""
    terms = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>" for name, meaning in GLOSSARY.items())
    pages = ", ".join(READ_MORE)
    return (f'<section class="glossary">\n<h3>Glossary</h3>\n<dl>\n{terms}\n</dl>\n'
            f"<p>More in the documentation of den_ref: {escape(pages)}.</p>\n</section>\n")
