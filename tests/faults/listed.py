"""The faults and their verdicts, as they stand in the files of this folder."""

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: List -> the files of its faults and of their verdicts.
LISTS = {"first": ("faults.json", "verdicts.json"), "second": ("second.json", "second_verdicts.json")}

#: Verdict of a fault that no test of the default suite notices; of one that was held against the nearest alone.
ESCAPED, ESCAPED_NEAR = "escaped", "escaped the tests near it"
#: The verdict of one that keeps tests from ending.
NO_END = "tests that do not end"
#: What was run before any test was written with the list in hand; since, for what escaped or was rewritten.
ROUNDS = ("blind", "after")


@dataclass(frozen=True)
class Fault:
    """A text of the package, and the wrong one that is put in its place.

    Parameters
    ----------
    id : str
        ROOM/SLUG.
    file : str
        In the checkout.
    old, new : str
        ``old`` stands in the file exactly once.
    breaks : str
        What a user would see.
    note : str
        What became of the line since the fault was listed.
    """

    id: str
    file: str
    old: str
    new: str
    breaks: str
    note: str = ""

    def put_into(self, text: str) -> str:
        """The file's text with the fault; a ValueError if the place is not there, or not the only one."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.id}: expected once in {self.file}, found {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


def faults(which: str) -> list[Fault]:
    """All faults of a list, in the order of its file."""
    return [Fault(**entry) for entry in json.loads(_file(which, 0).read_text("utf-8"))]


def verdicts(which: str) -> dict[str, dict[str, str]]:
    """Id -> round -> the test that noticed the fault, or ESCAPED."""
    path = _file(which, 1)
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write_verdicts(which: str, found: dict[str, dict[str, str]]) -> None:
    """Write the file, a line per fault, in the order of the list."""
    lines = [f"  {json.dumps(fault.id)}: {json.dumps(found[fault.id])}" for fault in faults(which) if fault.id in found]
    path = _file(which, 1)
    part = path.with_suffix(".part")
    part.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    part.replace(path)


def _file(which: str, place: int) -> Path:
    return Path(__file__).with_name(LISTS[which][place])
