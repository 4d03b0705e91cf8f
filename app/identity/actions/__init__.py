"""Verbs that change people, their logins and their roles."""

from app.identity.actions.family import accept_family, ask_family, end_family, register_family
from app.identity.actions.logins import (
    change_password,
    confirm_totp,
    log_in_by_password,
    log_in_by_wechat,
    log_out,
    refresh,
    start_totp,
)
from app.identity.actions.people import (
    change_me,
    delete_me,
    find_or_register,
    give_rebinding_code,
    rebind,
    register,
    reveal_phone,
    settle,
)
from app.identity.actions.roles import appoint, create_staff, end_role, give_role

__all__ = [
    "accept_family",
    "appoint",
    "ask_family",
    "change_me",
    "change_password",
    "confirm_totp",
    "create_staff",
    "delete_me",
    "end_family",
    "end_role",
    "find_or_register",
    "give_rebinding_code",
    "give_role",
    "log_in_by_password",
    "log_in_by_wechat",
    "log_out",
    "rebind",
    "refresh",
    "register",
    "register_family",
    "reveal_phone",
    "settle",
    "start_totp",
]
