"""How Sphinx makes a site of these pages:  python -m sphinx -W -b html docs docs/_build   (extra ``[docs]``).

The pages are Markdown that a code host shows as well.  Formulas become MathML while the site is built, which browsers
draw themselves: nothing is fetched, neither when it is built nor when it is read, and a formula that does not parse is
a warning.
"""

import os
import re
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.addnodes import download_reference
from sphinx.application import Sphinx
from sphinx.util import logging

import den_ref
from docs.make.notebook_pages import write_pages

ROOT = Path(__file__).parents[1]

project, author = "den_ref", "the den_ref authors"
copyright = "2026, the den_ref authors"
version = release = den_ref.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "numpydoc"]
exclude_patterns = ["_build", "tuning", "tuning_attributes", "tuning_filters", "tuning_paper"]  # all but one: records
source_suffix = {".md": "markdown"}
suppress_warnings = []                                             # none: -W means every warning

autosummary_generate = False
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]                                 # ```math, as code hosts write it
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
numpydoc_show_class_members = False                                # autodoc lists them already
numpydoc_class_members_toctree = False

html_theme = "furo"
html_static_path = ["_static", *(f"../den_ref/experiment/pages/player/{name}" for name in (
    "math.woff2", "MATH_FONT_LICENSE.txt"))]                       # the font of formulas, here as in reports
html_css_files = ["site.css"]
html_title = f"den_ref {release}"
html_show_sphinx = False
html_math_renderer = "mathml"


def only_links_to_pages(app: Sphinx, docname: str, source: list) -> None:
    """On a code host a link may lead to a folder, or to Markdown outside docs/.  A site has neither: the text stays.

    A notebook is a page here, as it runs; on such a page the link to its file is a download.
    """
    here, notebooks = Path(app.env.doc2path(docname)).parent, Path(app.srcdir) / "notebooks"

    def link_or_text(link: re.Match) -> str:
        target = (here / link["target"]).resolve()
        if target.suffix == ".ipynb" and here != notebooks:
            return f"[{link['text']}]({Path(os.path.relpath(notebooks / target.stem, here)).as_posix()}.md)"
        outside = target.suffix == ".md" and Path(app.srcdir) not in target.parents
        return link["text"] if outside or target.is_dir() else link[0]

    source[0] = re.sub(r"\[(?P<text>[^\]\n]+)\]\((?P<target>[^)#:\s]+)\)", link_or_text, source[0])


def to_highlighted_code(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """A link to a module of the package leads to its highlighted page, instead of handing out the file."""
    here = Path(app.env.doc2path(docname)).parent
    for link in list(doctree.findall(download_reference)):
        file = (here / link["reftarget"]).resolve()
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts) if ROOT in file.parents else ""
        if file.suffix == ".py" and app.env._viewcode_modules.get(module):
            page = app.builder.get_relative_uri(docname, "_modules/" + module.replace(".", "/"))
            link.replace_self(nodes.reference("", "", *link.children, refuri=page, internal=True))


def inline_math(translator, node: nodes.math) -> None:
    """$...$ in a line."""
    write_mathml(translator, node, as_block=False)


def displayed_math(translator, node: nodes.math_block) -> None:
    """A formula on lines of its own."""
    write_mathml(translator, node, as_block=True)


def with_plain_bars(mathml: str) -> str:
    """Bars of norms close to what they enclose, and of one length: one that grew with a fraction beside it would be
    longer than its partner, which carries an exponent."""
    return re.sub(r"<mo( class=\"mathopen\")?>([‖|])</mo>", r'<mo\1 stretchy="false" lspace="0" rspace="0">\2</mo>',
                  mathml)


def write_mathml(translator, node, as_block: bool) -> None:
    """Put the MathML of a node's LaTeX into the page; the LaTeX itself, with a warning, if it does not parse."""
    try:
        translator.body.append(with_plain_bars(latex2mathml.tex2mathml(node.astext(), as_block=as_block)))
    except MathError as error:
        logging.getLogger(__name__).warning("formula: %s in %r", error, node.astext(), location=node)
        translator.body.append(translator.encode(node.astext()))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Sphinx calls this once."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "notebooks"))
    app.connect("source-read", only_links_to_pages)
    app.connect("doctree-resolved", to_highlighted_code)
    app.add_html_math_renderer("mathml", (inline_math, None), (displayed_math, None))
