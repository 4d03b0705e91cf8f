"""The love bank (爱心银行): who has how many points, where each came from and where it went.

A wallet is a person's, or one of those of a community's fund; it holds pockets, one account per expiry month. A
transfer moves points from a debit account to a credit account and is never changed: a mistake is answered by a
reversal, whole or in parts. Points leave the issuer of an area, or its budget where there is one, rest in a pocket, may
be given on to another wallet's pocket of the same month, and end in the spent or the expired account of an area.

Invariants, each held by the database and recounted by `reconciler.verify`:
- a pocket's balance is the sum of its transfers, never below what is held;
- what is held is the sum of the open holds;
- a cause pays once; a transfer is reversed up to what it was; a hold is posted, voided or lapsed once;
- a budget issues no more than it has; a grant above the limit moves when a second person says so.
What never changes is sealed besides, off the write path (`seals`); a breach freezes the wallet concerned (`alerts`).
A hold is open, then posted | void | lapsed. A grant is granted, or pending, then granted | declined | withdrawn.
"""
