"""What is to be run: a method with its options, a stream, a seed."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import den_ref
from den_ref.doors import came, nearest
from den_ref.experiment.disk.json_files import as_json
from den_ref.methods import method_named
from den_ref.methods.registry import methods_on
from den_ref.protocol import Method, check_scenario
from den_ref.settings import Settings, as_text
from den_ref.tasks import COMMON, STREAMS, make_stream, options_of
from den_ref.tasks.stream import Stream
from .presets import default_options


@dataclass(frozen=True, eq=False)
class Origin:
    """The run that another branches from: its folder, and what its checkpoint holds.

    ``sha256`` is that of the checkpoint's file, ``results`` the run's record, ``state`` its method's state.
    """

    folder: Path
    sha256: str
    results: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Plan:
    """A method's class and options, a stream and a seed: everything that decides how a run ends.

    ``name`` is the method's as it was given: in the registry, ``module:Class``, or that of a class.  ``origin`` is of a
    branch: where its first tasks are learnt already.
    """

    name: str
    method: type[Method]
    config: Settings
    stream: Stream
    seed: int
    origin: Origin | None = None

    def identity(self) -> dict[str, Any]:
        """The plan in JSON types.  Plans with equal identities end alike, bit for bit, in the same environment."""
        facts = self.stream.facts
        return as_json({
            "den_ref": den_ref.__version__, "method": self.name, "options": self.config.to_dict(),
            "seed": self.seed, "stream": facts, "tasks": facts["order"], **self._from(),
        })

    def _from(self) -> dict[str, Any]:
        """Of a branch: where it is from, after how many tasks, and the options there that are others here."""
        if self.origin is None:
            return {}
        there, here = self.origin.results["run"]["options"], self.config.to_dict()
        return {"from": {"folder": str(self.origin.folder), "sha256": self.origin.sha256,
                         "stages": len(self.origin.results["stages"]),
                         "options": {name: value for name, value in there.items() if value != here[name]}}}


def make_plan(method: str | type[Method] = "den", stream: str | Stream = "mnist-variation", *, seed: int = 0,
              settings: Settings | Mapping[str, Any] | None = None, **stream_options) -> Plan:
    """The plan for a method and a stream, given by name or as they are.

    Parameters
    ----------
    method : str or Method class
        A name in the registry, or "module:Class" (:func:`den_ref.methods.method_named`); or a class.
    stream : str or Stream
    seed : int
        Of the stream (rotation, noise, ...) and of the method (initialisation, batches).
    settings : dict or Settings, optional
        The method's options; what is not given in a dict has its default on that stream (``presets``).
    **stream_options
        For :func:`den_ref.tasks.make_stream`, if the stream is given by name: ``n_tasks``, ``order``, ``mnist``, ...

    Raises
    ------
    ValueError
        For an unknown name of a method, stream or option, or a bad value; if the method cannot answer in the stream's
        scenario, with the names of those that can; or for filters that do not fit the stream's images.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed: expected an integer >= 0, got {seed!r}")
    if not isinstance(method, str) and not (isinstance(method, type) and issubclass(method, Method)):
        raise ValueError(f"method: expected the name of a method, module:Class or a Method class, got {method!r}"
                         f"{_of_an_instance(method)}")
    if not isinstance(stream, str | Stream):
        raise ValueError("stream: expected the name of a stream or a Stream (stream_from_arrays makes one of a list), "
                         f"got {stream!r}")
    kind, name = (method_named(method), method) if isinstance(method, str) else (method, method.name)
    config = make_config(kind, stream if isinstance(stream, str) else stream.name, settings)
    _check_places(stream_options, stream, kind)
    if isinstance(stream, str):
        stream = make_stream(stream, seed=seed, **stream_options)
    elif stream_options:
        raise ValueError(f"stream: options {sorted(stream_options)} need a stream given by name, got {stream.name!r}")
    check_fits(kind, config, stream)
    return Plan(name, kind, config, stream, seed)


def check_fits(kind: type[Method], config: Settings, stream: Stream) -> None:
    """A ValueError now, not when learning has begun, if the method has no answer for the stream, or no such filters."""
    check_scenario(kind, stream.scenario, methods_on(stream.scenario))
    if getattr(config, "filters", ()):
        config.convolutions(stream.tasks[0].image)


def make_config(kind: type[Method], stream: str, settings: Settings | Mapping[str, Any] | None = None) -> Settings:
    """The method's options: what is not given in a dict has its default on the stream of that name."""
    if settings is None or isinstance(settings, Mapping):
        settings = kind.Config.from_dict(default_options(kind, stream).to_dict() | dict(settings or {}))
    if not isinstance(settings, kind.Config):
        raise ValueError(f"settings: expected a dict or {kind.Config.__name__} for {kind.name}, got {settings!r}")
    return settings


def _check_places(stream_options: Mapping[str, Any], stream: str | Stream, kind: type[Method]) -> None:
    """A ValueError if what came as an option of the stream seems to be one of the method."""
    of_stream = COMMON | (options_of(stream) if stream in STREAMS else set())
    of_method = {field.name for field in dataclasses.fields(kind.Config)} - of_stream
    for name, value in stream_options.items():
        meant = nearest(name, sorted(of_stream | of_method))
        if meant in of_method:
            raise ValueError(f"{name}: expected an option of the stream, got what seems to be one of {kind.name}; "
                             f'did you mean settings={{"{meant}": {came(value)}}} (--set {meant}={as_text(value)})?')


def _of_an_instance(method) -> str:
    """What to write where a method came that is made already."""
    name = type(method).__name__
    return f"; a run makes its own: run({name}, ..., settings=your.config)" if isinstance(method, Method) else ""
