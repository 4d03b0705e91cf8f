"""Neighbours' small wishes: made, verified, put on a wall, claimed, delivered, confirmed, rewarded with points.

States: made → published → claimed → approved → delivered → confirmed; made → declined; claimed, approved →
published again (claim declined, dropped or lapsed); everything before confirmed → withdrawn.

Invariants: a wish has at most one live claim; every claim is kept with its times; the private text is sealed at
rest and opens for the wisher, the reviewers and the approved claimer only; points are fixed before the wish is
published and credited once, in the transaction of the confirmation; nobody reviews the own wish or claim, and
the claimer never confirms.
"""
