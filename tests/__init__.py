"""The tests.  They are a package so that ``tests.oracles`` has one name, whoever imports it."""
