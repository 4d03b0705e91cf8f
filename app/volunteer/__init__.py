"""Service opportunities, who claims a place, who came, and the permanent record of the minutes served.

States:
- opportunity: draft → published → closed | cancelled (a draft may be cancelled too);
- claim: pending | approved | waitlisted → declined | cancelled; waitlisted → pending | approved when promoted;
- attendance: open → closed;
- service record: waiting → confirmed | declined, or confirmed at once.

Invariants: a pending or approved claim holds one place of its shift, and `shift.taken` counts exactly those;
a person holds no two places at one time and waits or holds at most once per shift; at most one attendance per
person is open; presences of one person never overlap; one attendance makes one service record; a record pays once.
"""
