"""Members report in at the community or compound where they live; the community accepts and gives a receipt.

States: submitted → accepted (with a receipt number) → transferred (a new report-in is born elsewhere) or
withdrawn; submitted → returned (with a reason) or withdrawn. Only submitted and accepted are active.

Invariants: a person has at most one active report-in; every move is one row of history; nobody reviews the own
report-in; `Person.member_kind` is set exactly while a report-in of the person is accepted. Every move of a
person's report-ins begins with a lock on the person, so that the loser of a race reads the true state.
"""
