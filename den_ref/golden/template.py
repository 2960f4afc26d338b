"""Skeletons of adapters: one function per operation, generated from the golden files; none is implemented yet."""

import textwrap
from collections.abc import Mapping
from string import Template

from .case import Vector
from .format import leaves_first, vectors

PYTHON = Template('''"""A skeleton: fill in one function after the other, in any order; what raises is not implemented.

    den-ref golden check FILE               which are right, and what went wrong
    den-ref golden show OPERATION           what is expected in full

Arrays come as NumPy arrays, "weights/*" as a list of them; what numpy.asarray understands goes back, several outputs as
a tuple or dict.
"""

$imports

$functions
''')

#: Language -> the head of a Python file.
IMPORTS = {
    "numpy": "import numpy as np",
    "torch": """import torch


def tensor(array):
    return torch.tensor(array, dtype=torch.float64)              # for what you return: t.detach().numpy()""",
    "jax": """import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)                       # else it is single precision: --precision f32""",
}

NODE = Template('''/* A skeleton: fill in one function after the other, in any order; undefined is "not implemented".

     den-ref golden check --exec "node FILE"     which are right, and what went wrong
     den-ref golden show OPERATION               what is expected in full

   An array is { dtype, shape, data }, its data flat, row after row; "weights/*" comes as inputs["weights/0"],
   inputs["weights/1"], ...  What goes back is an object, { w: { dtype: "float64", shape: [3], data: [1, 0, 2] } }. */

"use strict";

const operations = {
$functions
};

function answer({ id, operation, inputs }) {
  try {
    const outputs = operations[operation]?.(inputs);
    return outputs ? { id, outputs } : { id, not_implemented: true };
  } catch (error) {
    return { id, error: error.stack };
  }
}

console.log(JSON.stringify({ hello: "den-golden", schema: 1 }));
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (!message.hello) console.log(JSON.stringify(answer(message)));
});
''')

LANGUAGES = (*IMPORTS, "node")


def template(language: str) -> str:
    """The text of a file in a language of LANGUAGES: it runs, and answers "not implemented" to everything."""
    operations = leaves_first(vectors())
    if language == "node":
        return NODE.substitute(functions="\n\n".join(map(_javascript, operations)))
    return PYTHON.substitute(imports=IMPORTS[language], functions="\n" + "\n\n\n".join(map(_python, operations)))


def _python(vector: Vector) -> str:
    arguments = ", ".join(_tops(vector.inputs))
    text = _described(vector, "    ").replace("    ", '    r"""', 1)
    return f'def {vector.operation}({arguments}):\n{text}\n    """\n    raise NotImplementedError'


def _javascript(vector: Vector) -> str:
    return f"{_described(vector, '  // ')}\n  {vector.operation}(inputs) {{\n    return undefined;\n  }},"


def _tops(signature: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(name.partition("/")[0] for name in signature))


def _described(vector: Vector, margin: str) -> str:
    """The formula, what comes in and what goes out."""
    def paragraph(label: str, text: str) -> str:
        return textwrap.fill(text, 112, initial_indent=margin + label, break_on_hyphens=False,
                             subsequent_indent=margin + " " * len(label))

    values = [paragraph(label, ", ".join(f"{name}: {kind}" for name, kind in signature.items()))
              for label, signature in (("in   ", vector.inputs), ("out  ", vector.outputs))]
    return "\n".join([paragraph("", vector.equation), margin.rstrip(), *values])
