"""MNIST-Back: turned digits on patches of textures or photographs, ten one-versus-rest tasks.

Made after the 2007 variation of MNIST with rotation and image patches behind the digit (Larochelle, Erhan, Courville,
Bergstra and Bengio, "An empirical evaluation of deep architectures on problems with many factors of variation", ICML),
whose counts, 12,000 + 50,000 images, are those of the paper's data set.  docs/mnist_back.md holds what is learnt there
against the paper's own curve.
"""

import inspect

import numpy as np

from den_ref.doors import OneOf, Whole
from .amat import read_amat
from .digits import Digits, load_digits
from .patches import SIDE, Patches
from .photographs import facts_of, read_photographs
from .pixels import checked_dtype, standardised
from .seeds import checked_seed, generator
from .stream import SPLITS, Stream
from .textures import made_textures
from .variation import in_range, one_versus_rest, turned

#: How a digit d lies on its patch p, both in [0, 1].
COMPOSITIONS = {"max": np.maximum, "over": lambda d, p: d + (1 - d) * p}

#: Options of the textures, and of all that is made here: photographs replace the former, .amat files the latter.
OF_TEXTURES = ("beta", "textures", "size")
MADE = ("rotation", "composition", "contrast", "deviation", *OF_TEXTURES, "backgrounds", "mnist", "per_class")


def mnist_back(
    seed: int = 0, *, rotation: float = 360.0, composition: str = "max", contrast: float = 1.0,
    deviation: float = 0.06, beta: float = 2.3, textures: int = 20, size: int = 512, backgrounds=None, mnist=None,
    per_class=None, amat=None, transposed: bool = False, dtype="float32"
) -> Stream:
    """Ten tasks, one per digit, laid on a picture or texture: is it this digit, or any other?

    Every digit is turned by an angle uniform in [-rotation / 2, rotation / 2) degrees about the image's centre
    (bilinear; the angles are those of :func:`~den_ref.tasks.variation.mnist_variation` with the same seed), then laid
    on a patch of 28 x 28 pixels,

        p = contrast * patch,
        image = max(turned digit, p)                                    (composition "max")
        image = turned digit + (1 - turned digit) * p                   (composition "over"),

    where the patch is any of those of the textures with a standard deviation of at least ``deviation``, all with the
    same probability; grey values are 0 (black) to 1 (white, as ink is).  All images are centred by the training mean
    and divided by one global deviation.  All tasks have the very same samples (the same arrays) and differ in their
    labels only.

    The textures (:func:`~den_ref.tasks.textures.texture`) are the same for training, validation and test images, as
    twenty photographs would be; patches are drawn for each split, and those of two splits may overlap.  The embedded
    digits are 1,000 test images a class, where the paper has 5,000: these need a folder ``mnist``.

    Parameters
    ----------
    seed : int
        Of the angles, the textures and the patches.  The digits stay.  The same seed gives the same bytes; the size of
        one split changes no other (the training split's mean and deviation aside).
    rotation : float
        Range of the angles in degrees, 0 to 360: 360 is any direction, 0 upright.
    composition : {"max", "over"}
    contrast : float
        Of the patches, 0 to 1: 0 is black, no background.
    deviation : float
        The least standard deviation of a patch, before ``contrast``, 0 to 0.5: flat ones are left out.
    beta : float
        How fast the power spectrum of a texture falls, 0 to 4: 0 is white noise, nature has about 2.
    textures, size : int
        Number of textures, and pixels of an edge of each.
    backgrounds : path, optional
        A folder of your own photographs instead of textures (:func:`~den_ref.tasks.photographs.read_photographs`).
    mnist : path, optional
        A folder with the MNIST files, instead of the embedded digits.
    per_class : three ints, optional
        Images per class for training, validation and test: at most, and by default, 1,000 / 200 / 1,000 of the embedded
        digits; by default the paper's 1,000 / 200 / 5,000 of a folder.
    amat : path, optional
        A folder with the two original files (:func:`~den_ref.tasks.amat.read_amat`): nothing is made, the images are
        those of 2007, and the seed changes nothing of them.  Only ``transposed`` and ``dtype`` go with it.
    transposed : bool
        Whether the original files have their pixels column by column.
    dtype : {"float32", "float64"}
        Of the samples and labels.  The images are the same in both; only centring and scaling gain digits.

    Returns
    -------
    Stream
        Task ids are the digits 0..9; x (n, 784); y (n, 1) of 0 and 1.

    Raises
    ------
    ValueError
        For an argument out of its range or beside one that leaves it nothing to say, or a damaged file.
    """
    given = dict(locals())
    seed, dtype = checked_seed(seed), checked_dtype(dtype)
    OneOf(True, False)("transposed", transposed)
    if amat is None:
        refuse(("transposed",), given, "without amat")
        images, labels, details = made(given)
    else:
        refuse(MADE, given, "beside amat, whose images are made")
        digits = read_amat(amat, transposed)
        images, labels, details = digits.images, digits.labels, {"transposed": transposed, "digits": digits.facts}
    details = {"seed": seed, "dtype": dtype.name, **details}
    return one_versus_rest("mnist-back", standardised(images, dtype), labels, range(10), details)


def made(given) -> tuple[dict, dict, dict]:
    """Images (n, 28, 28) float32 in [0, 1] and labels, by split, of the arguments of :func:`mnist_back`; and facts."""
    rotation, contrast = in_range("rotation", given["rotation"], 360), in_range("contrast", given["contrast"], 1)
    OneOf(*COMPOSITIONS)("composition", given["composition"])
    deviation = in_range("deviation", given["deviation"], 0.5)
    pictures, facts = pictures_and_facts(given)
    digits = load_digits(given["mnist"], given["per_class"])
    patches = Patches.of(pictures, deviation)
    images = composed(digits, patches, given["seed"], rotation, contrast, COMPOSITIONS[given["composition"]])
    details = {"rotation": rotation, "composition": given["composition"], "contrast": contrast,
               "deviation": deviation, **facts, "digits": digits.facts}
    return images, digits.labels, details


def pictures_and_facts(given) -> tuple[list[np.ndarray], dict]:
    """The textures or photographs that patches are cut out of, and what a result file says of them."""
    if given["backgrounds"] is not None:
        refuse(OF_TEXTURES, given, "beside backgrounds, which replace the textures")
        photographs = read_photographs(given["backgrounds"])
        return photographs, {"backgrounds": facts_of(photographs)}
    beta = in_range("beta", given["beta"], 4)
    n, size = Whole(1, 1000)("textures", given["textures"]), Whole(SIDE, 4096)("size", given["size"])
    return made_textures(given["seed"], n, size, beta), {"beta": beta, "textures": n, "size": size}


def composed(digits: Digits, patches: Patches, seed, rotation, contrast, composition) -> dict[str, np.ndarray]:
    """The digits of every split turned and laid on patches, (n, 28, 28) float32 in [0, 1]."""
    images = {}
    for i, split in enumerate(SPLITS):
        ink = turned(digits.images[split], rotation, generator(seed, "angles", i))
        images[split] = lay_on(patches, ink, contrast, composition, generator(seed, "patches", i))
    return images


def lay_on(patches: Patches, digits, contrast, composition, rng, chunk: int = 1024) -> np.ndarray:
    """The digits (n, 28, 28), each on a patch drawn for it, in place and in chunks that need little memory."""
    which = patches.drawn(len(digits), rng)
    for start in range(0, len(digits), chunk):
        part = slice(start, start + chunk)
        digits[part] = composition(digits[part], np.float32(contrast) * patches[which[part]])
    return digits


def refuse(names, given, why: str) -> None:
    """A ValueError for the first of these options of :func:`mnist_back` that is not what it is by default."""
    usual = inspect.signature(mnist_back).parameters
    for name in names:
        if given[name] is not usual[name].default and given[name] != usual[name].default:
            raise ValueError(f"{name}: expected nothing {why}, got {given[name]!r}")
