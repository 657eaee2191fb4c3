"""The wordings that come with the house: kept in code, approved, ready to be sent or copied."""

from __future__ import annotations

from dataclasses import dataclass

from . import blanks


@dataclass(frozen=True)
class Shipped:
    """A wording of the house; `key` stands in addresses."""

    key: str
    name: str
    text: str

    @property
    def typed_names(self) -> tuple[str, ...]:
        """The names of the blanks that the sender fills in."""
        return tuple(blanks.typed_in(self.text))


SHIPPED: dict[str, Shipped] = {
    one.key: one
    for one in (
        Shipped("gift", "领慰问品", "【姓名】老师：【节日】慰问品请于【时间】到【地点】领取，联系人【联系人】。"),
        Shipped("checkup", "健康体检", "【姓名】老师：您的工会体检安排在【时间】，地点【地点】，请空腹并带好身份证。"),
        Shipped("draw", "抽签结果", "【姓名】老师：您报名的【活动】抽签结果：【结果】。请于【时间】前在会员之家确认。"),
        Shipped("proposals", "提案截止", "【姓名】代表：教代会提案征集【时间】截止，请登录会员之家提交。"),
        Shipped("birthday", "生日祝福", "【姓名】老师：【分工会】祝您生日快乐，工作顺利，阖家幸福！"),
        Shipped("check", "核对信息", "【姓名】老师：请于【时间】前登录会员之家核对本人信息，如有变动请及时修改。"),
    )
}
