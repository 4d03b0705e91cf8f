"""What identity refuses, and why."""

from app.core.errors import Refusal


class LoginRefused(Refusal):
    """Username and password do not belong together. The failure is counted."""

    code = "login_refused"
    status = 401
    message = "用户名或密码不正确。"
    keeps_work = True


class AccountLocked(Refusal):
    """Too many wrong attempts under this username, whether it exists or not."""

    code = "account_locked"
    status = 403
    message = "密码输错次数过多，请 {minutes_left} 分钟后再试。"


class AccountDisabled(Refusal):
    """The account exists and is switched off."""

    code = "account_disabled"
    status = 403
    message = "您的账号已停用，请联系社区工作人员。"


class TotpRequired(Refusal):
    """The password is right and a second factor is set."""

    code = "totp_required"
    status = 401
    message = "请输入身份验证器上的六位动态码。"


class TotpWrong(Refusal):
    """The six digits are wrong, too old, or were used already. The failure is counted."""

    code = "totp_wrong"
    status = 401
    message = "动态码不正确或已用过，请等下一个动态码再试。"
    keeps_work = True


class RefreshRefused(Refusal):
    """The refresh token is unknown, expired, revoked, or was used before (which ends its login for good)."""

    code = "refresh_refused"
    status = 401
    message = "登录已过期，请重新登录。"
    keeps_work = True


class PhoneInvalid(Refusal):
    """Not a mobile number of mainland China; the command line has no schema to say so."""

    code = "phone_invalid"
    message = "手机号应为 11 位数字，以 1 开头。"


class PhoneTaken(Refusal):
    """Another account has this number. Whose is not said."""

    code = "phone_taken"
    message = "这个手机号已登记在另一个账号下。如号码是您本人的，请到服务点请工作人员协助。"
    constraint = "uq_person_phone"


class HomeTooWide(Refusal):
    """Somebody lives in a community, a compound or a grid, not in a whole street or city."""

    code = "home_too_wide"
    message = "请选择您居住的社区或小区。"


class HomeSettledByReportIn(Refusal):
    """An accepted report-in says where a member belongs; a transfer changes it."""

    code = "home_settled_by_report_in"
    message = "您已在社区报到，如需更换社区，请办理报到转接。"


class HomeNeeded(Refusal):
    """Staff of several areas must say in which one the person lives."""

    code = "home_needed"
    message = "您负责的区域不止一个，请选择居民所在的社区或小区。"


class PersonHasNoPhone(Refusal):
    """There is no number to show."""

    code = "person_has_no_phone"
    message = "这位居民没有登记手机号。"


class RoleAlreadyHeld(Refusal):
    """The person has this role at this place."""

    code = "role_already_held"
    message = "对方在这里已有这个身份，无需重复设置。"
    constraint = "uq_role_holding_active"


class RoleAlreadyEnded(Refusal):
    """Somebody ended it before."""

    code = "role_already_ended"
    message = "这个身份已经结束。"


class RolePlaceWrong(Refusal):
    """This role is not held at such a place."""

    code = "role_place_wrong"
    message = "“{role_name}”不能设在这里，请选择合适的区域、单位或服务点。"


class RoleNotYoursToGive(Refusal):
    """The place is within the actor's reach, the role is not: nobody gives above or beside the own place."""

    code = "role_not_yours_to_give"
    status = 403
    message = "您不能设置或取消“{role_name}”，请联系上级管理员。"


class RoleNotForYourself(Refusal):
    """Nobody gives roles to themselves."""

    code = "role_not_for_yourself"
    status = 403
    message = "不能给自己设置身份，请由其他管理员办理。"


class RebindingCodeInvalid(Refusal):
    """The code is unknown, used or older than its quarter of an hour."""

    code = "rebinding_code_invalid"
    message = "验证码不正确或已过期，请工作人员重新生成。"


class RebindingNeedsWechat(Refusal):
    """Whoever enters the code must have logged in by the WeChat account that is to be moved."""

    code = "rebinding_needs_wechat"
    message = "请先用新的微信登录，再输入验证码。"


class RebindingNotYours(Refusal):
    """The person holds a role that the actor could not give, so a code would hand that role over."""

    code = "rebinding_not_yours"
    status = 403
    message = "对方是工作人员，请由其上级管理员办理微信换绑。"


class RebindingToSelf(Refusal):
    """This WeChat account belongs to that very person already."""

    code = "rebinding_to_self"
    message = "这个微信已经绑定在您的账号上，无需再次绑定。"


class AccountNotEmpty(Refusal):
    """The account of the new WeChat holds something, which a rebinding would lose."""

    code = "account_not_empty"
    message = "这个微信的账号已有自己的记录，不能合并。请联系社区工作人员。"


class UsernameTaken(Refusal):
    """Another staff member logs in with this name."""

    code = "username_taken"
    message = "这个用户名已被使用，请换一个。"
    constraint = "uq_staff_credential_username"


class UsernameInvalid(Refusal):
    """Usernames are lower-case, so that they are read and typed the same everywhere."""

    code = "username_invalid"
    message = "用户名应为 3 到 40 个小写字母、数字、点、下划线或短横线，并以字母开头。"


class PasswordWeak(Refusal):
    """The password is short, of too few kinds of characters, well known, or the username itself."""

    code = "password_weak"
    message = "密码太弱：{reason}。"


class PasswordLoginMissing(Refusal):
    """Only those who log in with a password have one to change or to strengthen."""

    code = "password_login_missing"
    message = "您的账号没有设置密码登录。"


class TotpNotStarted(Refusal):
    """There is no enrolment to confirm."""

    code = "totp_not_started"
    message = "请先获取新的验证器密钥，再确认动态码。"


class FamilyUnknown(Refusal):
    """No account has this number under this name. Which of the two is wrong is not said."""

    code = "family_unknown"
    message = "没有找到这位家人，请核对姓名和手机号，并请对方先登录一次。"


class FamilyWithSelf(Refusal):
    """Family are two people."""

    code = "family_with_self"
    message = "不能把自己添加为家人。"
    constraint = "ck_family_link_order"


class FamilyAlreadyLinked(Refusal):
    """The two are family, or one of them has asked and the other has not answered."""

    code = "family_already_linked"
    message = "您和对方已互认，或有一份申请待确认，请到“我的家人”中查看。"
    constraint = "uq_family_link_open"


class FamilyFull(Refusal):
    """One of the two has as many open links as there may be."""

    code = "family_full"
    message = "每人最多与 {family_max} 位家人互认，请先解除不再需要的。"


class FamilyLinkClosed(Refusal):
    """The link was accepted or ended before, or it is the other one's to accept."""

    code = "family_link_closed"
    message = "这份家人申请已经处理，或须由对方确认，请刷新后查看。"
