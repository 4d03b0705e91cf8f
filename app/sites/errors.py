"""Refusals of stations and codes."""

from app.core.errors import Refusal


class CodeInvalid(Refusal):
    """It is none of our codes, it is damaged, or its signature is not ours."""

    code = "code_invalid"
    message = (
        "没有认出这个码，它不是本平台的有效码。请扫描服务点屏幕上的码，或请对方打开自己的个人码。"
    )


class CodeExpired(Refusal):
    """It was ours, and its time is over."""

    code = "code_expired"
    message = "这个码已经过期，请扫描屏幕上正在显示的码。"


class CodeNotYetValid(Refusal):
    """It was made later than the moment at which it is said to have been scanned."""

    code = "code_not_yet_valid"
    message = "这个码还没有生效，请检查设备的时间是否准确，再扫一次。"


class CodeWrongKind(Refusal):
    """A good code, shown to the wrong scanner."""

    code = "code_wrong_kind"
    message = "您扫的是{found}，这里需要扫描{expected}。"


class CodeReplayed(Refusal):
    """The code was used by this person already, at another site."""

    code = "code_replayed"
    message = "这个码已经用过一次，请等它更新后再扫。"


class CodeOfAnotherPlace(Refusal):
    """A link to somebody else's server."""

    code = "code_of_another_place"
    message = "这个码属于别的平台，不能在这里使用。请扫描本社区服务点的码。"


class SiteClosed(Refusal):
    """The station no longer works."""

    code = "site_closed"
    message = "这个服务点已经停用，请到附近的其他服务点。"
