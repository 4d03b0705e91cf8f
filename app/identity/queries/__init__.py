"""Every select on people, logins and roles."""

from app.identity.queries.family import (
    are_family,
    family_link,
    family_of,
    list_family,
    open_family_of,
    own_family_link,
)
from app.identity.queries.logins import (
    credential_of,
    living_refresh_token,
    lock_attempts,
    login_is_alive,
    login_session,
    password_of,
    password_under,
    person_of_rebinding,
    person_of_wechat,
    standing_of,
    wechat_identities,
)
from app.identity.queries.own import me, my_data
from app.identity.queries.people import (
    find_people,
    has_demo_people,
    helped_person,
    lock_person,
    masked_names,
    person_by_id,
    person_of_phone,
    person_within,
)
from app.identity.queries.places import paths_of, place
from app.identity.queries.roles import held_role, list_roles, role_within, roles_of

__all__ = [
    "are_family",
    "credential_of",
    "family_link",
    "family_of",
    "find_people",
    "has_demo_people",
    "held_role",
    "helped_person",
    "list_family",
    "list_roles",
    "living_refresh_token",
    "lock_attempts",
    "lock_person",
    "login_is_alive",
    "login_session",
    "masked_names",
    "me",
    "my_data",
    "open_family_of",
    "own_family_link",
    "password_of",
    "password_under",
    "paths_of",
    "person_by_id",
    "person_of_phone",
    "person_of_rebinding",
    "person_of_wechat",
    "person_within",
    "place",
    "role_within",
    "roles_of",
    "standing_of",
    "wechat_identities",
]
