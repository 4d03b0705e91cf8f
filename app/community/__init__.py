"""The area tree: province, city, district, street, community, compound, grid.

Invariants: a path is `/id/id/…/` from the root to the area itself; a code is unique among areas in force; an
area is never deleted, only ended (`valid_to`) and pointed to its successor. Codes down to the community are the
national statistical codes (12 digits); a grid's has 15 (community + 3); a compound has none of its own.
"""
