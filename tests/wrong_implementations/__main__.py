"""Ask the checker, and write verdicts.md and verdicts_second.md."""

from pathlib import Path

from .listing import LIST
from .second_list import SECOND
from .verdicts import summary, table, table_of_variants, verdicts

FOLDER = Path(__file__).parent
(FOLDER / "verdicts.md").write_text(table(verdicts()) + "\n" + table_of_variants(), "utf-8")
(FOLDER / "verdicts_second.md").write_text(table(verdicts(these=SECOND)), "utf-8")
print("\n".join([*summary(verdicts(these=LIST)), *summary(verdicts(these=SECOND))]))
