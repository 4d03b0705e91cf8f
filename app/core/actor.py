"""Who asks, when, and where they may act. An actor is the first argument of every action and query."""

from dataclasses import dataclass, field
from datetime import datetime

from app.core.permissions import GRANTS, Permission, Role


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """One role at one place. Exactly the field that `ROLE_HELD_AT` names is filled."""

    role: Role
    area_path: str | None = None
    unit_id: int | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or the system, or nobody) at the moment of one request.

    `person_id` is 0 for the system and for nobody. `now` is fixed once for the request, so that everything
    the request writes bears one time and rules never reach for a clock.
    """

    person_id: int
    now: datetime
    roles: tuple[RoleHeld, ...] = ()
    session_id: int | None = None
    request_id: str = ""
    permissions: frozenset[Permission] = field(init=False)

    def __post_init__(self) -> None:
        granted: frozenset[Permission] = frozenset().union(
            *(GRANTS[held.role] for held in self.roles)
        )
        object.__setattr__(self, "permissions", granted)

    def may(self, permission: Permission) -> bool:
        """Whether any role held anywhere grants `permission`."""
        return permission in self.permissions

    def area_paths(self, permission: Permission) -> tuple[str, ...]:
        """Paths of the areas at and below which the actor holds `permission`."""
        return tuple(
            held.area_path
            for held in self.roles
            if held.area_path is not None and permission in GRANTS[held.role]
        )

    def unit_ids(self, permission: Permission) -> tuple[int, ...]:
        """Units for which the actor holds `permission`."""
        return tuple(
            held.unit_id
            for held in self.roles
            if held.unit_id is not None and permission in GRANTS[held.role]
        )

    def site_ids(self, permission: Permission) -> tuple[int, ...]:
        """Sites at which the actor holds `permission` by a role held at the site itself."""
        return tuple(
            held.site_id
            for held in self.roles
            if held.site_id is not None and permission in GRANTS[held.role]
        )


def system(now: datetime) -> Actor:
    """The actor of jobs and reactions: no person, no roles, and the journal says so."""
    return Actor(person_id=0, now=now)


def nobody(now: datetime, request_id: str = "") -> Actor:
    """The actor of a public route without a token."""
    return Actor(person_id=0, now=now, request_id=request_id)
