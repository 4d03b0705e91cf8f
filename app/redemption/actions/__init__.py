"""What can be done with rewards, their stock and redemptions. Each verb is complete when it returns; none commits.

Rows are locked in one order: the redemption, its holds and pockets (in the points bank), the stock last, by
ascending reward and site: at the last piece of a reward everybody meets, so nobody waits there for more than a
commit.
"""

from app.redemption.actions.orders import cancel, collect, lapse, redeem
from app.redemption.actions.shelf import close, edit, offer, picture, redraw, unpicture
from app.redemption.actions.stock import close_count, open_count, receive, transfer, write_off

__all__ = [
    "cancel",
    "close",
    "close_count",
    "collect",
    "edit",
    "lapse",
    "offer",
    "open_count",
    "picture",
    "receive",
    "redeem",
    "redraw",
    "transfer",
    "unpicture",
    "write_off",
]
