"""Named refusals: one class says the code, the status, the Chinese sentence, and which constraint says the same.

A refusal is raised by a rule or an action and turned into the error envelope by `app.web` alone.
Statuses: 401 who are you, 403 not your kind of task, 404 does not exist for you, 409 a rule says no,
422 malformed payload, 429 too often, 503 try again.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override


class Refusal(Exception):
    """Base of every refusal. Details given to the constructor fill the sentence and reach the client."""

    code: ClassVar[str] = ""
    status: ClassVar[int] = 409
    message: ClassVar[str] = ""
    constraint: ClassVar[str | None] = None
    """Name of the database constraint that refuses the same thing when two requests race."""
    keeps_work: ClassVar[bool] = False
    """True: what was written before refusing is committed with the refusal (a failed login counted, a stolen
    login ended) instead of rolled back. Raise such a refusal only when nothing else was written."""

    def __init__(self, **details: Any) -> None:
        super().__init__(self.code)
        self.details: Mapping[str, Any] = details

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return  # an abstract step between Refusal and the named ones
        if cls.code in _BY_CODE:
            raise TypeError(f"two refusals share the code {cls.code}")
        _BY_CODE[cls.code] = cls
        if cls.constraint is not None:
            if cls.constraint in _BY_CONSTRAINT:
                raise TypeError(f"two refusals share the constraint {cls.constraint}")
            _BY_CONSTRAINT[cls.constraint] = cls

    @property
    def sentence(self) -> str:
        """The Chinese sentence, with the details filled in."""
        return self.message.format(**self.details)


_BY_CODE: dict[str, type[Refusal]] = {}
_BY_CONSTRAINT: dict[str, type[Refusal]] = {}


def all_refusals() -> Mapping[str, type[Refusal]]:
    """Every named refusal by code, for documents and tests."""
    return _BY_CODE


def refusal_for_constraint(name: str) -> type[Refusal] | None:
    """The refusal that stands for a violated constraint, if one claims it."""
    return _BY_CONSTRAINT.get(name)


class Unauthenticated(Refusal):
    """No valid access token came with the request."""

    code = "unauthenticated"
    status = 401
    message = "请先登录。"


class Forbidden(Refusal):
    """This kind of person may not do this kind of thing, wherever it is."""

    code = "forbidden"
    status = 403
    message = "您的身份不能做这项操作。如有需要，请联系社区工作人员。"


class NotFound(Refusal):
    """It does not exist, or not for this actor: the two must look the same."""

    code = "not_found"
    status = 404
    message = "没有找到您要的内容，它可能已被移除，或不在您的范围内。"


class Malformed(Refusal):
    """The payload has the wrong shape; `details.fields` names each field and what is wrong with it."""

    code = "malformed"
    status = 422
    message = "提交的内容有误：{summary}。"


class MalformedJson(Refusal):
    """The body is not JSON at all."""

    code = "malformed_json"
    status = 422
    message = "提交的内容不是有效的 JSON。"


class Busy(Refusal):
    """The database could not finish in time although the request was repeated; nothing was changed."""

    code = "busy"
    status = 503
    message = "现在办理的人较多，请稍后再试一次。"


class OutcomeUnknown(Refusal):
    """The connection broke during COMMIT and the request had no key that would make a repeat safe."""

    code = "outcome_unknown"
    status = 503
    message = "网络中断，暂时不能确定是否办理成功，请刷新后查看。"


class Conflict(Refusal):
    """A constraint refused what no rule had a name for."""

    code = "conflict"
    message = "这项操作与现有记录冲突，请刷新后再试。"
