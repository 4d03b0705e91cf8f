"""What each fact is called when an admin reads the journal."""

from collections.abc import Mapping

from app.core.permissions import ROLE_NAMES_ZH

# The sentence follows the name of whoever did it ("王* 认领了微心愿"; the system's name is 系统) and is filled
# from the payload. Tested to be complete: an event without a sentence fails the build.
SENTENCES: Mapping[str, str] = {
    # areas, policies, units, sites
    "areas_imported": "导入了区域清单（{rows} 行，新增 {added}，变更 {changed}）",
    "area_added": "新建了区域 {code}",
    "area_ended": "停用了区域 {code}",
    "policy_set": "设定了规则 {key}＝{value}，自 {effective_from} 起",
    "unit_added": "录入了单位",
    "site_opened": "开设了服务点",
    # people
    "person_registered": "登记了一名居民",
    "staff_created": "开通了工作人员账号",
    "role_given": "授予了角色：{role}",
    "role_ended": "收回了角色：{role}",
    "family_asked": "申请与居民互认为家人",
    "family_joined": "与居民互认为家人",
    "family_registered": "为居民登记了家人关系",
    "family_ended": "解除了家人关系",
    "rebinding_code_given": "为居民开具了换绑微信的验证码",
    "wechat_rebound": "换绑了微信",
    "account_locked": "多次输错密码，账号已暂时锁定",
    "login_revoked": "登录凭证被重复使用，该设备已下线",
    "password_changed": "修改了密码",
    "totp_enrolled": "启用了动态口令",
    "phone_revealed": "查看了居民的完整手机号",
    "account_deleted": "注销了账号",
    # report-in
    "report_in_submitted": "提交了报到",
    "report_in_accepted": "接收了报到，回执号 {receipt_number}",
    "report_in_returned": "退回了报到",
    "report_in_withdrawn": "撤回了报到",
    "report_in_transferred": "将报到转往其他社区",
    # service
    "opportunity_published": "发布了服务机会",
    "opportunity_closed": "停止了服务机会的认领",
    "opportunity_cancelled": "取消了服务机会，{claims_called_off} 份认领随之取消",
    "claim_made": "认领了班次",
    "claim_approved": "通过了认领",
    "claim_role_set": "将认领人的角色定为 {role}",
    "claim_declined": "没有通过认领",
    "claim_cancelled": "取消了认领",
    "claim_called_off": "认领随服务机会取消",
    "claim_promoted": "候补认领转为正式",
    "checked_in": "签到",
    "presence_confirmed": "到场得到另一方扫码确认",
    "checked_out": "签退，服务 {minutes} 分钟，得 {points} 分",
    "service_record_approved": "通过了服务记录（{minutes} 分钟，{points} 分）",
    "service_record_declined": "没有通过服务记录（{minutes} 分钟）",
    # points
    "points_earned": "积分到账 {points} 分",
    "points_unpaid": "因积分预算不足，{points} 分未计",
    "points_granted": "发放了积分 {points} 分",
    "grant_asked": "提出了积分发放 {points} 分，待第二人审批",
    "grant_declined": "没有通过积分发放",
    "grant_withdrawn": "撤回了积分发放",
    "points_given": "转赠了积分 {points} 分",
    "points_received": "家人转赠积分 {points} 分",
    "fund_points_expired": "爱心基金积分到期 {points} 分",
    "budget_set": "设定了 {year} 年积分预算 {points} 分",
    "points_reversed": "冲正了一笔积分（{points} 分）",
    "points_expired": "积分到期 {points} 分",
    "ledger_breach": "对账发现异常（{code}），已发出告警",
    "ledger_alert_lifted": "解除了对账告警（{code}）",
    "points_expiring": "提醒积分即将到期（{points} 分，提前 {lead_days} 天）",
    # redemption
    "reward_offered": "上架了礼品（{points} 分）",
    "reward_closed": "下架了礼品",
    "reward_edited": "修改了礼品（{points} 分，原 {points_before} 分）",
    "reward_pictured": "更换了礼品图片",
    "reward_picture_removed": "移除了礼品图片",
    "stock_received": "礼品入库 {quantity} 件",
    "stock_written_off": "礼品报损 {quantity} 件",
    "stock_transferred": "礼品调拨 {quantity} 件",
    "stock_count_opened": "开始盘点服务点的礼品",
    "stock_counted": "完成礼品盘点 {rewards} 种，盘盈 {pieces_more} 件，盘亏 {pieces_less} 件",
    "reward_redeemed": "兑换了礼品 {quantity} 件（{points} 分）",
    "redemption_collected": "核销了兑换 {quantity} 件（{points} 分）",
    "redemption_cancelled": "取消了兑换，退回 {points} 分",
    "redemption_lapsed": "逾期未领，兑换失效，退回 {points} 分",
    # wishes
    "wish_made": "登记了微心愿",
    "wish_published": "发布了微心愿（{points} 分）",
    "wish_declined": "没有采纳微心愿",
    "wish_claimed": "认领了微心愿",
    "wish_claim_approved": "通过了微心愿的认领",
    "wish_claim_declined": "没有通过微心愿的认领",
    "wish_claim_dropped": "放弃了微心愿的认领",
    "wish_claim_lapsed": "微心愿逾期未办，已重新上墙",
    "wish_claim_cancelled": "微心愿的认领随撤回取消",
    "wish_delivered": "办好了微心愿，等待确认",
    "wish_confirmed": "确认微心愿达成（{points} 分）",
    "wish_withdrawn": "撤回了微心愿",
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "role": {str(role): name for role, name in ROLE_NAMES_ZH.items()},
}
"""Chinese for codes inside a payload, by field."""

SYSTEM_ZH = "系统"
NAMELESS_ZH = "未留姓名"
