"""Refusals about work units."""

from app.core.errors import Refusal


class CreditCodeInvalid(Refusal):
    """The code does not check out (GB 32100)."""

    code = "credit_code_invalid"
    message = "统一社会信用代码应为 18 位且校验正确，请对照证照核对。"


class UnitKnown(Refusal):
    """A unit with this credit code was entered before."""

    code = "unit_known"
    message = "这个统一社会信用代码的单位已经登记，请直接查找。"
    constraint = "uq_unit_credit_code"
