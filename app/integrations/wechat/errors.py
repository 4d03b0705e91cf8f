"""What WeChat may refuse, in words a user can act upon.

Meanings of the numbers: the official page of code2Session (auth.code2Session, "错误码").
"""

from app.core.errors import Refusal


class WechatCodeRefused(Refusal):
    """The login code is unknown, older than five minutes or used: a fresh `wx.login` is needed.

    WeChat's 40029 and 40163. Both mean the same to us: a re-used code may answer with either.
    """

    code = "wechat_code_refused"
    status = 401
    message = "微信登录已失效，请重新打开页面再试。"


class WechatUnavailable(Refusal):
    """WeChat gave no verdict although it was asked again, or our own app settings are refused.

    The first may pass by itself; the second is written to the log as an error with WeChat's number.
    """

    code = "wechat_unavailable"
    status = 503
    message = "暂时连不上微信，请您稍后再试。"


class WechatUserBlocked(Refusal):
    """WeChat holds this user for high-risk and lets nobody log them in (40226)."""

    code = "wechat_user_blocked"
    status = 403
    message = "微信暂时限制了您的账号登录，请稍后再试，或到服务点请工作人员协助。"


class WechatTooFrequent(Refusal):
    """The user logged in more than 100 times within a minute (45011)."""

    code = "wechat_too_frequent"
    status = 429
    message = "您登录得太频繁了，请过一分钟再试。"
