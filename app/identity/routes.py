"""Addresses of logging in, of one's own account, of people at the counter, and of roles."""

from typing import Any

from app.core.actor import Actor
from app.core.paging import Page
from app.core.permissions import Permission
from app.identity import actions, passwords, queries, wechat
from app.identity.schemas import (
    FamilyAskedSchema,
    FamilyRegisteredSchema,
    FamilySchema,
    HeldRoleSchema,
    HelpedPersonSchema,
    LoginSchema,
    MeChangeSchema,
    MeSchema,
    MyDataSchema,
    PasswordChangeSchema,
    PasswordLoginSchema,
    PeopleQuery,
    RebindingCodeSchema,
    RebindSchema,
    RefreshSchema,
    RegisterSchema,
    RevealedPhoneSchema,
    RoleGivenSchema,
    RolesQuery,
    TotpConfirmSchema,
    TotpEnrolmentSchema,
    TotpStartSchema,
    WechatLoginSchema,
)
from app.identity.terms import (
    FAMILY_REQUESTS_PER_MINUTE_MAX,
    PASSWORD_LOGINS_PER_MINUTE_MAX,
    FamilyShown,
    HeldRole,
    HelpedPerson,
    Login,
    Me,
    MyData,
    PasswordChange,
    PasswordCheck,
    RebindingCodeShown,
    RevealedPhone,
    TotpEnrolment,
    WechatAccount,
)
from app.web import PageQuery, Room, page_of

room = Room("identity", "登录、账号与身份")


@room.post(
    "/auth/wechat",
    public=True,
    takes=WechatLoginSchema,
    before=wechat.whose_phone,
    gives=LoginSchema,
)
def log_in_by_wechat(actor: Actor, account: WechatAccount, _body: dict[str, Any]) -> Login:
    """Log in with the code of `wx.login`; who comes for the first time is registered."""
    return actions.log_in_by_wechat(actor, account)


@room.post(
    "/auth/password",
    public=True,
    takes=PasswordLoginSchema,
    before=passwords.compare,
    gives=LoginSchema,
    calls_per_minute_max=PASSWORD_LOGINS_PER_MINUTE_MAX,
)
def log_in_by_password(actor: Actor, check: PasswordCheck, body: dict[str, Any]) -> Login:
    """Log in as staff; five failures lock the username for a quarter of an hour."""
    return actions.log_in_by_password(actor, check, body.get("totp"))


@room.post("/auth/refresh", public=True, takes=RefreshSchema, gives=LoginSchema)
def refresh(actor: Actor, body: dict[str, Any]) -> Login:
    """Swap the refresh token for the next pair; a used one that comes late ends the login."""
    return actions.refresh(actor, body["refresh_token"])


@room.post("/auth/logout", needs=Permission.PROFILE_OWN, status=204)
def log_out(actor: Actor) -> None:
    """End this login on the server, so that neither of its tokens is worth anything."""
    actions.log_out(actor)


@room.get("/me", needs=Permission.PROFILE_OWN, gives=MeSchema)
def me(actor: Actor) -> Me:
    """Who I am, where I live, what roles I hold and what they let me do."""
    return queries.me(actor.person_id)


@room.put("/me", needs=Permission.PROFILE_OWN, takes=MeChangeSchema, gives=MeSchema)
def change_me(actor: Actor, body: dict[str, Any]) -> Me:
    """Change my name, phone number or home area."""
    return actions.change_me(actor, body)


@room.delete("/me", needs=Permission.PROFILE_OWN, status=204)
def delete_me(actor: Actor) -> None:
    """Delete my account; ledgers keep a number without a name."""
    actions.delete_me(actor)


@room.get("/me/export", needs=Permission.PROFILE_OWN, gives=MyDataSchema)
def my_data(actor: Actor) -> MyData:
    """Everything the system holds about me."""
    return queries.my_data(actor)


@room.post(
    "/me/password",
    needs=Permission.PROFILE_OWN,
    takes=PasswordChangeSchema,
    status=204,
    before=passwords.prepare_change,
)
def change_password(actor: Actor, change: PasswordChange, _body: dict[str, Any]) -> None:
    """Change my password; my other logins end."""
    actions.change_password(actor, change)


@room.post(
    "/me/totp", needs=Permission.PROFILE_OWN, takes=TotpStartSchema, gives=TotpEnrolmentSchema
)
def start_totp(actor: Actor, body: dict[str, Any]) -> TotpEnrolment:
    """Get a secret for an authenticator app; replacing one takes a code of the present one."""
    return actions.start_totp(actor, body.get("totp"))


@room.post("/me/totp/confirm", needs=Permission.PROFILE_OWN, takes=TotpConfirmSchema, status=204)
def confirm_totp(actor: Actor, body: dict[str, Any]) -> None:
    """Switch the second factor on with its first code."""
    actions.confirm_totp(actor, body["totp"])


@room.post("/me/rebind", needs=Permission.PROFILE_OWN, takes=RebindSchema, gives=LoginSchema)
def rebind(actor: Actor, body: dict[str, Any]) -> Login:
    """Bring my new WeChat to my old account with the code that staff read out to me."""
    return actions.rebind(actor, body["code"])


@room.get("/me/family", needs=Permission.PROFILE_OWN, query=PageQuery, gives=page_of(FamilySchema))
def family(actor: Actor, query: dict[str, Any]) -> Page[FamilyShown]:
    """My family, and whoever waits for an answer."""
    return queries.list_family(actor, **query)


@room.post(
    "/me/family",
    needs=Permission.PROFILE_OWN,
    takes=FamilyAskedSchema,
    gives=FamilySchema,
    status=201,
    calls_per_minute_max=FAMILY_REQUESTS_PER_MINUTE_MAX,
)
def ask_family(actor: Actor, body: dict[str, Any]) -> FamilyShown:
    """Ask somebody to be family, by whole name and phone number."""
    return actions.ask_family(actor, **body)


@room.post("/me/family/<id:link_id>/accept", needs=Permission.PROFILE_OWN, gives=FamilySchema)
def accept_family(actor: Actor, link_id: int) -> FamilyShown:
    """Say yes to somebody who asked to be family."""
    return actions.accept_family(actor, link_id)


@room.post("/me/family/<id:link_id>/end", needs=Permission.PROFILE_OWN, status=204)
def end_family(actor: Actor, link_id: int) -> None:
    """Decline, withdraw, or be family no more."""
    actions.end_family(actor, link_id)


@room.post(
    "/people/<id:person_id>/family",
    needs=Permission.PERSON_HELP,
    takes=FamilyRegisteredSchema,
    gives=FamilySchema,
    status=201,
)
def register_family(actor: Actor, body: dict[str, Any], person_id: int) -> FamilyShown:
    """Note at the counter that two people are family, and how both agreed."""
    return actions.register_family(
        actor, person_id, other_person_id=body["person_id"], consent_note=body["consent_note"]
    )


@room.post(
    "/people",
    needs=Permission.PERSON_HELP,
    takes=RegisterSchema,
    gives=HelpedPersonSchema,
    status=201,
)
def register(actor: Actor, body: dict[str, Any]) -> HelpedPerson:
    """Register somebody who has no phone at hand."""
    return actions.register(
        actor, name=body["name"], phone=body.get("phone"), area_code=body.get("home_area")
    )


@room.get(
    "/people",
    needs=Permission.PERSON_HELP,
    query=PeopleQuery,
    gives=page_of(HelpedPersonSchema),
)
def find_people(actor: Actor, query: dict[str, Any]) -> Page[HelpedPerson]:
    """Find somebody who lives in my area by phone tail or whole name."""
    return queries.find_people(actor, **query)


@room.post("/people/<id:person_id>/phone", needs=Permission.PERSON_HELP, gives=RevealedPhoneSchema)
def reveal_phone(actor: Actor, person_id: int) -> RevealedPhone:
    """Show the whole phone number of somebody I help; this is noted in the journal."""
    return actions.reveal_phone(actor, person_id)


@room.post(
    "/people/<id:person_id>/wechat-rebinding",
    needs=Permission.PERSON_HELP,
    gives=RebindingCodeSchema,
    status=201,
)
def give_rebinding_code(actor: Actor, person_id: int) -> RebindingCodeShown:
    """Make a one-time code for somebody whose WeChat has changed."""
    return actions.give_rebinding_code(actor, person_id)


@room.get("/roles", needs=Permission.ROLE_ASSIGN, query=RolesQuery, gives=page_of(HeldRoleSchema))
def list_roles(actor: Actor, query: dict[str, Any]) -> Page[HeldRole]:
    """Who holds which role in my part of the tree."""
    return queries.list_roles(actor, **query)


@room.post(
    "/roles",
    needs=Permission.ROLE_ASSIGN,
    takes=RoleGivenSchema,
    gives=HeldRoleSchema,
    status=201,
)
def give_role(actor: Actor, body: dict[str, Any]) -> HeldRole:
    """Give somebody a role at a place of mine."""
    return actions.give_role(
        actor,
        person_id=body["person_id"],
        role=body["role"],
        area_code=body.get("area"),
        unit_id=body.get("unit_id"),
        site_id=body.get("site_id"),
    )


@room.post("/roles/<id:role_id>/end", needs=Permission.ROLE_ASSIGN, gives=HeldRoleSchema)
def end_role(actor: Actor, role_id: int) -> HeldRole:
    """End a role at a place of mine; its holder loses it at once."""
    return actions.end_role(actor, role_id)
