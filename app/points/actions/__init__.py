"""What can be done with points. Each verb is complete when it returns; none commits.

Rows are locked in one order: wallets by ascending id, holds or tallies, the day's counter, the budget's slice, pockets
by ascending id. What is decided is decided on locked rows or counted by a conditional UPDATE, so no two transactions
can decide on the same points.
"""

from app.points.actions.books import BalanceRefused, open_wallet
from app.points.actions.budgets import set_budget
from app.points.actions.donations import donate
from app.points.actions.earning import earn
from app.points.actions.expiry import expire
from app.points.actions.grants import approve_grant, decline_grant, grant, withdraw_grant
from app.points.actions.holds import hold, post_hold, void_hold
from app.points.actions.reminding import remind
from app.points.actions.reversals import reverse

__all__ = [
    "BalanceRefused",
    "approve_grant",
    "decline_grant",
    "donate",
    "earn",
    "expire",
    "grant",
    "hold",
    "open_wallet",
    "post_hold",
    "remind",
    "reverse",
    "set_budget",
    "void_hold",
    "withdraw_grant",
]
