"""``python -m den_ref`` is the command ``den-ref``."""

import sys

from den_ref.cli import main

if __name__ == "__main__":
    sys.exit(main())
