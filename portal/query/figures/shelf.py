"""All reports of the year by the word in their address: title, what they tell, and the function that makes them."""

from __future__ import annotations

from collections.abc import Callable

from portal.org.models import User

from . import ledger, monthly, reports, small
from .reports import Report, Wish


def families(actor: User, wish: Wish) -> Report:
    """Return 婚育情况表, without small numbers where it leaves the house. Raises DomainError."""
    found = reports.families(actor, wish)
    return small.published(found) if wish.is_public else found


REPORTS: dict[str, tuple[str, str, Callable[[User, Wish], Report]]] = {
    **reports.REPORTS,
    "families": (*reports.REPORTS["families"][:2], families),
    "monthly": (
        "会员动态月报",
        "本月期初、入会、转入、转出、保留会籍、退会、除名、去世和期末人数，期初加减变动等于期末",
        monthly.monthly,
    ),
    "retained": ("保留会籍动态月报", "保留会籍人员本月的期初、变动和期末人数", monthly.retained),
    "ledger": (
        "会员动态台账",
        "一个单位全年逐月的期初、变动和期末人数，变动取自会籍变化记录，并与会员信息的历史逐人核对",
        ledger.ledger,
    ),
    "ledger-retained": ("保留会籍动态台账", "保留会籍人员全年逐月的期初、变动和期末人数", ledger.retained),
}
