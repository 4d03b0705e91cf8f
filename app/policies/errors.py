"""Refusals about policies."""

from app.core.errors import Refusal


class PolicyValueInvalid(Refusal):
    """The value is none that this key may take."""

    code = "policy_value_invalid"
    message = "“{title}”应为{expected}。"


class PolicyBackdated(Refusal):
    """What was in force on a past day must stay explainable."""

    code = "policy_backdated"
    message = "规则只能从今天或以后的日期起生效，不能改动过去的日子。"


class PolicyContradiction(Refusal):
    """The value fits by itself but not together with another key in force on the same day."""

    code = "policy_contradiction"
    message = (
        "动态码的更换间隔和可迟到步数合起来，会让一个码在 {code_life_seconds} 秒内都有效，"
        "最多只能 {code_life_seconds_max} 秒。请调小其中一项。"
    )
