"""``python -m den_ref`` is the command ``den-ref``."""

if __name__ == "__main__":
    import sys

    from den_ref.cli import main

    sys.exit(main())
