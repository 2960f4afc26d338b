"""The part of Noto Sans Math that formulas here need: den_ref/experiment/pages/player/math.woff2.

    npm pack @fontsource/noto-sans-math && tar xf fontsource-noto-sans-math-*.tgz
    python -m docs.make.math_font package/files/noto-sans-math-latin-400-normal.woff2

Needs Brotli (``pip install brotli``) besides fontTools, which comes with Matplotlib.  Its licence reserves no name, so
that the subset keeps its own; the licence stands beside it.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

import den_ref

FONT = Path(den_ref.__file__).parent / "experiment" / "pages" / "player" / "math.woff2"

#: First and last of what stays: Latin, accents, Greek, arrows, operators, and the italic letters that variables are in.
RANGES = ((0x20, 0x7E), (0xA0, 0xFF), (0x2C6, 0x2DC), (0x300, 0x338), (0x391, 0x3F6), (0x2010, 0x2026), (0x2032, 0x2034),
          (0x2061, 0x2064), (0x2102, 0x2124), (0x2190, 0x21D4), (0x2200, 0x22FF), (0x2308, 0x230B), (0x27E6, 0x27EF),
          (0x1D434, 0x1D467), (0x1D6E2, 0x1D71B))


def subset(font: TTFont) -> TTFont:
    """The font with the letters of RANGES, all sizes of its signs, and without hints, which formulas do without."""
    options = Options(hinting=False, layout_features=["*"], name_IDs=["*"], notdef_outline=True)
    worker = Subsetter(options)
    worker.populate(unicodes=[code for low, high in RANGES for code in range(low, high + 1)])
    worker.subset(font)
    return font


if __name__ == "__main__":
    font = subset(TTFont(sys.argv[1], recalcTimestamp=False))
    font.flavor = "woff2"
    font.save(FONT)
    print(f"{FONT.name}: {FONT.stat().st_size:,} bytes")
