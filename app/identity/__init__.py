"""People: how they prove who they are, what they are called, and which roles they hold where.

A person logs in by WeChat (openid bound to the person) or, staff, by password and, if switched on, a second factor.
Either begins a *login session*: access tokens of ≤ 15 minutes and refresh tokens that rotate in one family.

What always holds: one person per WeChat account; a used refresh token gives the very same successor for seconds and
afterwards ends its login; five failures lock a username, known or not; a role is held at exactly one place and is
read at every request, so one that is ended is gone at once; names and phone numbers are sealed at rest, masked in
lists, and a whole number read by staff is in the journal; a deleted account leaves a number without a name.
"""
