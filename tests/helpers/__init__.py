"""What several test files share; imported by its whole name, ``from tests.helpers.processes import alive``."""
