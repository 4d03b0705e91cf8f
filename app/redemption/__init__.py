"""Points become goods: rewards, their stock at each station, and redemptions from order to collection.

A redemption is held, then collected | cancelled | lapsed; exactly one of the three, whatever races. Ordering
holds points and stock in one transaction; collecting spends the points and hands the stock out; cancelling and
lapsing give both back. Invariant per reward and station: received − handed out − written off = available + held.
"""
