"""Ask the checker, and write verdicts.md."""

from pathlib import Path

from .verdicts import summary, table, verdicts

(Path(__file__).parent / "verdicts.md").write_text(table(verdicts()), "utf-8")
print("\n".join(summary(verdicts())))
