"""Measures of the product, each beside its own ceiling: bare Flask handlers that run the very same SQL.

`python -m bench ledger --engine sqlite --json`. See docs/performance.md.
"""
