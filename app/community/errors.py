"""Refusals of the area tree."""

from app.core.errors import Refusal


class UnknownArea(Refusal):
    """No area in force has this code, or not for this actor."""

    code = "unknown_area"
    status = 404
    message = "没有找到这个区域，请核对后重新选择。"


class AreaTooLarge(Refusal):
    """A community, compound or grid was needed."""

    code = "area_too_large"
    message = "“{name}”的范围太大，请选择具体的社区、村或小区。"


class AreaParentUnfit(Refusal):
    """Compounds and grids hang under communities only."""

    code = "area_parent_unfit"
    message = "小区和网格只能加在社区或村下面，请先选择社区或村。"


class AreaCodeTaken(Refusal):
    """Another area in force has the code."""

    code = "area_code_taken"
    message = "这个编号已被使用，请换一个编号。"
    constraint = "uq_area_code_in_force"


class AreaNameTaken(Refusal):
    """The community has a compound or grid of this name already."""

    code = "area_name_taken"
    message = "这个社区已有同名的小区或网格，请核对名称。"
    constraint = "uq_area_name_below_community"


class AreaNumbersUsedUp(Refusal):
    """Every number below the community has been given out once."""

    code = "area_numbers_used_up"
    message = "编号已用到 {number_max}，请自己指定一个空出来的编号。"


class AreaHasAreasBelow(Refusal):
    """Areas in force hang under the one to be ended."""

    code = "area_has_areas_below"
    message = "“{name}”下面还有在用的区域，请先逐个办理撤并。"


class AreaNeedsSuccessor(Refusal):
    """Down to the community an area ends only by merging into another."""

    code = "area_needs_successor"
    message = "撤销社区（村）及以上区域时，请指明并入哪个区域。"


class AreaSuccessorUnfit(Refusal):
    """The successor is the area itself or stands at another level."""

    code = "area_successor_unfit"
    message = "并入的区域应与被撤销的区域级别相同，且不能是它自己。"


class AreaEndDateUnfit(Refusal):
    """The day of ending lies in the future or before the area's first day."""

    code = "area_end_date_unfit"
    message = "撤销日期不能晚于今天，也不能早于该区域的启用日期 {valid_from}。"
