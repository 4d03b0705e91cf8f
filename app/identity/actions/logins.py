"""Logging in, staying logged in, logging out, and the password's own affairs."""

import logging
from hashlib import sha256

from pyotp import TOTP, random_base32
from sqlalchemy import ColumnElement, update

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict
from app.core.ids import new_token
from app.core.journal import announce
from app.core.sealing import blind_index, seal, unseal
from app.core.upsert import insert_or_ignore
from app.identity import queries, rules
from app.identity.errors import (
    AccountDisabled,
    AccountLocked,
    LoginRefused,
    PasswordLoginMissing,
    RefreshRefused,
    TotpNotStarted,
    TotpRequired,
    TotpWrong,
)
from app.identity.events import (
    LoginLocked,
    LoginRevoked,
    PasswordChanged,
    PersonRegistered,
    TotpEnrolled,
)
from app.identity.models import (
    LoginAttempts,
    LoginSession,
    Person,
    RefreshToken,
    StaffCredential,
    WechatIdentity,
)
from app.identity.terms import (
    REFRESH_LIFE,
    Login,
    LoginWay,
    PasswordChange,
    PasswordCheck,
    TotpEnrolment,
    WechatAccount,
)
from app.identity.tokens import ACCESS_MINUTES, access_token

log = logging.getLogger(__name__)


def log_in_by_wechat(actor: Actor, account: WechatAccount) -> Login:
    """Begin a login for the person of this WeChat account, who is registered at the first time.

    Raises: AccountDisabled.
    """
    person = queries.person_of_wechat(account.app_id, account.openid)
    if person is None:
        person = _register_by_wechat(actor, account)
    if person.disabled_at is not None:
        raise AccountDisabled
    return begin_login(actor, person.id, LoginWay.WECHAT)


def log_in_by_password(actor: Actor, check: PasswordCheck, totp: str | None) -> Login:
    """Begin a login for whom the password was compared.

    Raises: AccountLocked, LoginRefused, AccountDisabled, TotpRequired, TotpWrong.
    """
    attempts = _attempts(actor, check.username)
    credential = _proved(actor, attempts, check)
    if queries.person_by_id(credential.person_id).disabled_at is not None:
        raise AccountDisabled
    if credential.totp_secret is not None:
        if totp is None:
            raise TotpRequired
        _use_totp(actor, attempts, credential, totp)
    db.session.delete(attempts)
    return begin_login(actor, credential.person_id, LoginWay.PASSWORD)


def refresh(actor: Actor, token: str) -> Login:
    """Swap a refresh token for its successor; once, except for a double tap, which gets the very same one.

    A used token that comes later was copied, so its whole login ends. Raises: RefreshRefused.
    """
    digest = _digest(token)
    successor = new_token()
    session_id = db.session.scalar(
        update(RefreshToken)
        .where(
            RefreshToken.digest == digest,
            RefreshToken.used_at.is_(None),
            RefreshToken.expires_at > actor.now,
            queries.login_is_alive(),
        )
        .values(used_at=actor.now, successor_sealed=seal(successor, _place(digest)))
        .returning(RefreshToken.session_id)
        .execution_options(synchronize_session=False)
    )
    if session_id is None:
        return _answer_again(actor, digest)
    session = queries.login_session(session_id)
    _keep_refresh_token(actor, session, successor)
    return _login(actor, session, successor)


def log_out(actor: Actor) -> None:
    """End the login that this request came with."""
    _end(actor, LoginSession.id == actor.session_id, "logged_out")


def change_password(actor: Actor, change: PasswordChange) -> None:
    """Take the new password and end every other login. Raises: AccountLocked, LoginRefused."""
    attempts = _attempts(actor, change.old.username)
    credential = _proved(actor, attempts, change.old)
    credential.password_hash = change.new_hash
    db.session.delete(attempts)
    end_logins(actor, actor.person_id, "password_changed", but=actor.session_id)
    _note(actor, PasswordChanged, credential.person_id)


def start_totp(actor: Actor, totp: str | None) -> TotpEnrolment:
    """Make a secret for an authenticator app; it counts once `confirm_totp` has seen its first code.

    Replacing a second factor takes a code of the present one.
    Raises: PasswordLoginMissing, AccountLocked, TotpRequired, TotpWrong.
    """
    attempts, credential = _own(actor)
    if credential.totp_secret is not None:
        if totp is None:
            raise TotpRequired
        _use_totp(actor, attempts, credential, totp)
    db.session.delete(attempts)
    secret = random_base32()
    credential.totp_pending_secret = secret
    uri = TOTP(secret).provisioning_uri(name=credential.username, issuer_name="邻里")
    return TotpEnrolment(secret, uri)


def confirm_totp(actor: Actor, totp: str) -> None:
    """Switch the second factor on by its first code.

    Raises: PasswordLoginMissing, TotpNotStarted, AccountLocked, TotpWrong.
    """
    attempts, credential = _own(actor)
    pending = credential.totp_pending_secret
    if pending is None:
        raise TotpNotStarted
    step = rules.totp_step(pending, totp, actor.now)
    if step is None:
        _count_failure(actor, attempts, credential.person_id)
        raise TotpWrong
    credential.totp_step_used = step
    credential.totp_sealed = credential.totp_pending_sealed
    credential.totp_pending_sealed = None
    db.session.delete(attempts)
    _note(actor, TotpEnrolled, credential.person_id)


def begin_login(actor: Actor, person_id: int, way: LoginWay) -> Login:
    """A new login of a person who has proved who they are: a family of refresh tokens with its first."""
    session = LoginSession(person_id=person_id, way=way, created_at=actor.now)
    db.session.add(session)
    db.session.flush()  # the tokens name it by its id
    token = new_token()
    _keep_refresh_token(actor, session, token)
    return _login(actor, session, token)


def end_logins(actor: Actor, person_id: int, why: str, *, but: int | None = None) -> None:
    """End every login of a person, except perhaps the one that asks."""
    _end(actor, (LoginSession.person_id == person_id) & (LoginSession.id != (but or 0)), why)


def _end(actor: Actor, which: ColumnElement[bool], why: str) -> bool:
    """End the logins that have not ended yet; False when there was none."""
    ended = db.session.scalars(
        update(LoginSession)
        .where(which, LoginSession.revoked_at.is_(None))
        .values(revoked_at=actor.now, revoked_why=why)
        .returning(LoginSession.id)
    )
    return bool(ended.all())


# --- WeChat -------------------------------------------------------------------------------------------------------


def _register_by_wechat(actor: Actor, account: WechatAccount) -> Person:
    person = Person(created_at=actor.now)
    db.session.add(person)
    db.session.flush()  # the identity names the person by id
    if not bind(actor, person.id, account):
        # The same phone was quicker in another request: that person stands, this one never was.
        db.session.delete(person)
        standing = queries.person_of_wechat(account.app_id, account.openid)
        if standing is None:
            raise Conflict  # and was deleted again in this very moment
        return standing
    announce(
        actor,
        PersonRegistered(subject_id=person.id, area_id=None, person_id=person.id, way="wechat"),
    )
    return person


def bind(actor: Actor, person_id: int, account: WechatAccount) -> bool:
    """Note that a WeChat account is this person's; False when it is somebody's already."""
    return insert_or_ignore(
        WechatIdentity,
        {
            "person_id": person_id,
            "app_id": account.app_id,
            "openid": account.openid,
            "unionid": account.unionid,
            "bound_at": actor.now,
        },
    )


# --- password and second factor -----------------------------------------------------------------------------------


def _attempts(actor: Actor, username: str) -> LoginAttempts:
    """The counter under this username, locked, so that guesses made at once are counted one by one."""
    index = blind_index(username, "login_attempts.username")
    # Another login may have succeeded and removed the row between the insert and the lock.
    while (attempts := queries.lock_attempts(index)) is None:
        insert_or_ignore(LoginAttempts, {"username_index": index, "last_at": actor.now})
    if attempts.locked_until is not None and attempts.locked_until > actor.now:
        raise AccountLocked(minutes_left=rules.minutes_left(attempts.locked_until, actor.now))
    return attempts


def _proved(actor: Actor, attempts: LoginAttempts, check: PasswordCheck) -> StaffCredential:
    """The credential whose password was right, row locked. Raises: LoginRefused, after counting."""
    credential = None
    if check.person_id is not None:
        credential = queries.credential_of(check.person_id, lock=True)
    # The password may have been changed, or the account deleted, since it was compared.
    if not check.right or credential is None or credential.password_hash != check.password_hash:
        _count_failure(actor, attempts, check.person_id)
        raise LoginRefused
    return credential


def _use_totp(
    actor: Actor, attempts: LoginAttempts, credential: StaffCredential, totp: str
) -> None:
    """Take a code of the second factor, once; the credential's row is locked. Raises: TotpWrong, after counting."""
    step = rules.totp_step(credential.totp_secret or "", totp, actor.now)
    if step is None or step <= (credential.totp_step_used or 0):
        _count_failure(actor, attempts, credential.person_id)
        raise TotpWrong
    credential.totp_step_used = step


def _count_failure(actor: Actor, attempts: LoginAttempts, person_id: int | None) -> None:
    log.warning("login refused: person %s, request %s", person_id or "unknown", actor.request_id)
    attempts.failures, attempts.locked_until = rules.after_failure(
        attempts.failures, attempts.locked_until, actor.now
    )
    attempts.last_at = actor.now
    if attempts.locked_until is not None and person_id is not None:
        _note(actor, LoginLocked, person_id)


def _own(actor: Actor) -> tuple[LoginAttempts, StaffCredential]:
    """The counter and the credential of a logged-in staff member, locked in the order in which a login locks them."""
    known = queries.password_of(actor.person_id)
    if known is None:
        raise PasswordLoginMissing
    attempts = _attempts(actor, known.username)
    credential = queries.credential_of(actor.person_id, lock=True)
    if credential is None:
        raise PasswordLoginMissing
    return attempts, credential


def _note(
    actor: Actor,
    fact: type[LoginLocked | LoginRevoked | PasswordChanged | TotpEnrolled],
    person_id: int,
) -> None:
    area_id = queries.person_by_id(person_id).home_area_id
    announce(actor, fact(subject_id=person_id, area_id=area_id, person_id=person_id))


# --- tokens -------------------------------------------------------------------------------------------------------


def _answer_again(actor: Actor, digest: str) -> Login:
    """The successor once more for a double tap. Raises: RefreshRefused, after ending a copied login."""
    token = queries.living_refresh_token(digest)
    if token is None or token.used_at is None:
        raise RefreshRefused  # unknown, logged out, or simply too old
    session = queries.login_session(token.session_id)
    if token.successor_sealed is None or not rules.is_double_tap(token.used_at, actor.now):
        log.warning("refresh token reused: login %s, request %s", session.id, actor.request_id)
        if _end(actor, LoginSession.id == session.id, "token_reused"):
            _note(actor, LoginRevoked, session.person_id)
        raise RefreshRefused
    return _login(actor, session, unseal(token.successor_sealed, _place(digest)))


def _keep_refresh_token(actor: Actor, session: LoginSession, token: str) -> None:
    db.session.add(
        RefreshToken(
            digest=_digest(token),
            session_id=session.id,
            created_at=actor.now,
            expires_at=actor.now + REFRESH_LIFE[LoginWay(session.way)],
        )
    )


def _login(actor: Actor, session: LoginSession, token: str) -> Login:
    return Login(
        access_token=access_token(session.person_id, session.id, actor.now),
        expires_in=ACCESS_MINUTES * 60,
        refresh_token=token,
        person=queries.me(session.person_id),
    )


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _place(digest: str) -> str:
    return f"refresh_token.successor.{digest}"
