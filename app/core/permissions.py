"""Who may do what kind of thing: one enum of permissions, one of roles, one table between them.

`needs=` on a route answers *may this kind of person*; the query answers *in which part of the tree*.
Printed to docs/permissions.md and tested equal.
"""

from enum import StrEnum


class Permission(StrEnum):
    """`noun:verb`, alphabetical. `self` permissions are about the actor's own things."""

    ALERT_LIFT = "alert:lift"
    ALERT_READ = "alert:read"
    AREA_MANAGE = "area:manage"
    CLAIM_REVIEW = "claim:review"
    INBOX_READ = "inbox:read"
    JOURNAL_READ = "journal:read"
    OPPORTUNITY_CLAIM = "opportunity:claim"
    OPPORTUNITY_MANAGE = "opportunity:manage"
    PERSON_HELP = "person:help"
    POINTS_BUDGET_SET = "points:budget_set"
    POINTS_DONATE = "points:donate"
    POINTS_GRANT = "points:grant"
    POINTS_READ_OWN = "points:read_own"
    POINTS_REPORT = "points:report"
    POINTS_REVERSE = "points:reverse"
    POLICY_READ = "policy:read"
    POLICY_SET = "policy:set"
    PROFILE_OWN = "profile:own"
    REDEMPTION_COLLECT = "redemption:collect"
    REDEMPTION_MAKE = "redemption:make"
    REPORT_IN_MAKE = "report_in:make"
    REPORT_IN_REVIEW = "report_in:review"
    REWARD_MANAGE = "reward:manage"
    ROLE_ASSIGN = "role:assign"
    SCAN_MEMBER = "scan:member"
    SCAN_SITE = "scan:site"
    SERVICE_RECORD_REVIEW = "service_record:review"
    SITE_MANAGE = "site:manage"
    SITE_SHOW_CODE = "site:show_code"
    UNIT_MANAGE = "unit:manage"
    UNIT_REPORT_READ = "unit:report_read"
    WISH_CLAIM = "wish:claim"
    WISH_MAKE = "wish:make"
    WISH_MAKE_FOR_OTHERS = "wish:make_for_others"
    WISH_REVIEW = "wish:review"


class Role(StrEnum):
    """A role is held somewhere (area, unit or site), except `resident`, which everybody who is logged in has."""

    RESIDENT = "resident"
    STATION_STAFF = "station_staff"
    PARTNER_STAFF = "partner_staff"
    COMMUNITY_ADMIN = "community_admin"
    UNIT_ADMIN = "unit_admin"
    AREA_ADMIN = "area_admin"


class HeldAt(StrEnum):
    """What kind of place a role is held at."""

    NOWHERE = "nowhere"
    AREA = "area"
    UNIT = "unit"
    SITE = "site"
    SHOP = "shop"


ROLE_HELD_AT: dict[Role, HeldAt] = {
    Role.RESIDENT: HeldAt.NOWHERE,
    Role.STATION_STAFF: HeldAt.SITE,
    Role.PARTNER_STAFF: HeldAt.SHOP,
    Role.COMMUNITY_ADMIN: HeldAt.AREA,
    Role.UNIT_ADMIN: HeldAt.UNIT,
    Role.AREA_ADMIN: HeldAt.AREA,
}

ROLE_NAMES_ZH: dict[Role, str] = {
    Role.RESIDENT: "居民（含党员）",
    Role.STATION_STAFF: "站点工作人员",
    Role.PARTNER_STAFF: "爱心商家店员",
    Role.COMMUNITY_ADMIN: "社区管理员",
    Role.UNIT_ADMIN: "单位管理员",
    Role.AREA_ADMIN: "街道、区县、市管理员",
}

P = Permission

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.RESIDENT: frozenset(
        {
            P.INBOX_READ,
            P.OPPORTUNITY_CLAIM,
            P.POINTS_DONATE,
            P.POINTS_READ_OWN,
            P.POLICY_READ,
            P.PROFILE_OWN,
            P.REDEMPTION_MAKE,
            P.REPORT_IN_MAKE,
            P.SCAN_SITE,
            P.WISH_CLAIM,
            P.WISH_MAKE,
        }
    ),
    Role.STATION_STAFF: frozenset(
        {
            P.PERSON_HELP,
            P.REDEMPTION_COLLECT,
            P.SCAN_MEMBER,
            P.SITE_SHOW_CODE,
            P.WISH_MAKE_FOR_OTHERS,
        }
    ),
    Role.PARTNER_STAFF: frozenset({P.REDEMPTION_COLLECT}),
    Role.COMMUNITY_ADMIN: frozenset(
        {
            P.ALERT_READ,
            P.CLAIM_REVIEW,
            P.JOURNAL_READ,
            P.OPPORTUNITY_MANAGE,
            P.PERSON_HELP,
            P.POINTS_GRANT,
            P.POINTS_REPORT,
            P.POINTS_REVERSE,
            P.REDEMPTION_COLLECT,
            P.REPORT_IN_REVIEW,
            P.REWARD_MANAGE,
            P.ROLE_ASSIGN,
            P.SCAN_MEMBER,
            P.SERVICE_RECORD_REVIEW,
            P.SITE_MANAGE,
            P.SITE_SHOW_CODE,
            P.WISH_MAKE_FOR_OTHERS,
            P.WISH_REVIEW,
        }
    ),
    Role.UNIT_ADMIN: frozenset({P.UNIT_REPORT_READ}),
    Role.AREA_ADMIN: frozenset(
        {
            P.ALERT_LIFT,
            P.ALERT_READ,
            P.AREA_MANAGE,
            P.JOURNAL_READ,
            P.POINTS_BUDGET_SET,
            P.POINTS_REPORT,
            P.POLICY_SET,
            P.ROLE_ASSIGN,
            P.UNIT_MANAGE,
        }
    ),
}
