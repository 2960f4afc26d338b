"""Options that fit a stream: a method's own defaults fit the digits, a toy wants a smaller network and larger steps.

On streams that methods were tuned on, each has options of its own: ``tuned/STREAM.json``, which ``den-ref tune
--report`` writes from the records of the searches.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from den_ref.experiment.disk.files import VERSION
from den_ref.experiment.disk.json_files import check_format, check_shape, write_json
from den_ref.protocol import Method
from den_ref.settings import Settings
from den_ref.strict_json import strict_json

#: The stream that the paper's experiment is made on.
PAPERS = "mnist-back"

#: Stream -> options that replace a method's defaults there, for every method that has them.
PRESETS: dict[str, dict[str, Any]] = {
    "toy": {"hidden": (8, 6), "k": 4, "step": 0.02, "batch": 32, "patience": 10, "weight_decay": 1e-3},
}

#: Folder of the files of tuned options, and the shape of one.
TUNED = Path(__file__).with_name("tuned")
SCHEMA = {"format": str, "version": int, "stream": str, "methods": {str: {str: object}}}


@cache
def tuned_options(stream: str) -> dict[str, dict[str, Any]]:
    """Method -> its options on a stream, in JSON types, as far as they were searched there; {} if none were."""
    path = TUNED / f"{stream}.json"
    return read_preset(path)["methods"] if path.exists() else {}


def read_preset(path: Path | str) -> dict[str, Any]:
    """The content of a file of tuned options; a ValueError if it is damaged or foreign."""
    try:
        preset = strict_json(Path(path).read_bytes())
        check_format(preset, "preset")
        check_shape(preset, SCHEMA, "preset")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return preset


def write_preset(path: Path, stream: str, methods: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the options of methods on a stream, in JSON types, as ``read_preset`` reads them."""
    write_json(path, {"format": "den_ref preset", "version": VERSION, "stream": stream, "methods": methods})


def default_options(method: type[Method], stream: str) -> Settings:
    """The options a method has on a stream when nothing else is said."""
    known = {field.name for field in dataclasses.fields(method.Config)}
    usual = method.Config(**{name: value for name, value in PRESETS.get(stream, {}).items() if name in known})
    return method.Config.from_dict(usual.to_dict() | tuned_options(stream).get(method.name, {}))


def changed_options(method: type[Method], stream: str, texts: Iterable[str]) -> dict[str, Any]:
    """The options that texts such as ``"mu=1e-4"`` change from what the method has on a stream, in JSON types."""
    default = default_options(method, stream)
    before, after = default.to_dict(), default.with_text(texts).to_dict()
    return {name: value for name, value in after.items() if value != before[name]}
