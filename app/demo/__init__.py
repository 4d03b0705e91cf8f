"""Demo people and things, so that the product can be used a minute after cloning. Demo mode only.

Everything is made through the rooms' own actions, as the named people would make it, so the journal, the ledger
and the inboxes of the demo are true ones.
"""

from app.demo.load import accounts, load

__all__ = ["accounts", "load"]
