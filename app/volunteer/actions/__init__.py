"""What can be done with opportunities, claims, scans and service records. Nothing here commits.

Rows are locked in one order: opportunity (shared by those who claim, alone by those who close it), person, claim
or attendance, and last the shift, the scarcest.
"""
