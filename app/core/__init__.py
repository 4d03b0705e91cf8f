"""What every room stands on: database, refusals, actors, permissions, journal, jobs, clock, paging.

Core knows nothing of wishes, points or HTTP. It imports no other room.
"""
