"""The love bank (爱心银行): who has how many points, where each came from and where it went.

A wallet is a person's; it holds pockets, one account per expiry month. A transfer moves points from a debit
account to a credit account and is never changed: a mistake is answered by a reversal, once. Points leave the
issuer of an area, rest in a pocket, and end in the spent or the expired account of an area.

Invariants, each held by the database and recounted by `reconciler.verify`:
- a pocket's balance is the sum of its transfers, never below what is held;
- what is held is the sum of the open holds;
- a cause pays once; a transfer is reversed once; a hold is posted, voided or lapsed once.
A hold is open, then posted | void | lapsed.
"""
