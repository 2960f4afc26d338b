"""What makes the numbers, tables and pictures of these pages, and the embedded digits: a script for each, run from the
root of a checkout.

    python -m docs.make.NAME
"""
