"""The points liability: what members could still claim, how it came about, and what of it will ever be claimed.

Reads the ledger and changes nothing in it. Method, formulas and sources: docs/liability.md.
"""
