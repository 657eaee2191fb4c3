"""Who may do what: the permissions, and the one table that names roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.core.enums import LabelEnum


class Permission(StrEnum):
    """subject.verb; a grant gives it at a unit and below. `SIGNED_IN` needs no grant."""

    SIGNED_IN = "signed-in"
    ACCOUNT_MANAGE = "account.manage"
    ACCOUNT_READ = "account.read"
    AUDIT_READ = "audit.read"
    CHANGE_AGREE = "change.agree"
    CHANGE_DECIDE = "change.decide"
    COMPARE = "compare"
    CONGRESS_MANAGE = "congress.manage"
    CONGRESS_READ = "congress.read"
    DELEGATE = "delegate"
    DEPARTMENT_MANAGE = "department.manage"
    DUES_KEEP = "dues.keep"
    HANDOVER = "handover"
    JOINING_APPROVE = "joining.approve"
    JOINING_CODES = "joining.codes"
    JOINING_ENTER = "joining.enter"
    JOINING_OPINE = "joining.opine"
    JOINING_READ = "joining.read"
    JOINING_RETURN = "joining.return"
    MEMBER_EDIT = "member.edit"
    MEMBER_EDIT_UNION = "member.edit_union"
    MEMBER_FAMILY = "member.family"
    MEMBER_IMPORT = "member.import"
    MEMBER_IMPORT_HISTORIC = "member.import_historic"
    MEMBER_MERGE = "member.merge"
    MEMBER_PRINT = "member.print"
    MEMBER_PRINT_FULL = "member.print_full"
    MEMBER_READ = "member.read"
    MEMBER_REVEAL = "member.reveal"
    MEMBER_SALARY = "member.salary"
    MESSAGE_SEND = "message.send"
    MESSAGE_TEMPLATE = "message.template"
    POST_MANAGE = "post.manage"
    PROPOSAL_ANSWER = "proposal.answer"
    PROPOSAL_REVIEW = "proposal.review"
    QUERY_OFFICIAL = "query.official"
    ROSTER_CHECK = "roster.check"
    ROSTER_KEEP = "roster.keep"
    STANDING_ASK = "standing.ask"
    STANDING_DECIDE = "standing.decide"
    STANDING_EXPEL = "standing.expel"
    STANDING_READ = "standing.read"
    SYSTEM = "system"
    TRANSFER_APPROVE = "transfer.approve"
    TRANSFER_RECEIVE = "transfer.receive"
    TRANSFER_SEND = "transfer.send"
    UNIT_MANAGE = "unit.manage"
    UNIT_READ = "unit.read"


class Role(LabelEnum):
    """The roles a grant may give."""

    SUPER_ADMIN = "super_admin", "超级管理员"
    UNION_CHAIR = "union_chair", "校工会主席"
    UNION_OPERATOR = "union_operator", "校工会操作员"
    BRANCH_CHAIR = "branch_chair", "分工会主席"
    BRANCH_OPERATOR = "branch_operator", "分工会操作员"
    ORG_ADMIN = "org_admin", "组织机构管理员"
    UNIT_ADMIN = "unit_admin", "基层工会管理员"
    PROPOSAL_COMMITTEE = "proposal_committee", "提案委员会委员"
    HANDLER = "handler", "承办部门"


_P = Permission

_BRANCH = frozenset(
    {
        _P.CHANGE_AGREE,
        _P.JOINING_CODES,
        _P.JOINING_ENTER,
        _P.JOINING_OPINE,
        _P.JOINING_READ,
        _P.JOINING_RETURN,
        _P.MEMBER_EDIT,
        _P.MEMBER_FAMILY,
        _P.MEMBER_IMPORT,  # what they import are applications
        _P.MEMBER_PRINT,
        _P.MEMBER_READ,
        _P.MESSAGE_SEND,
        _P.ROSTER_CHECK,
        _P.ROSTER_KEEP,
        _P.STANDING_ASK,
        _P.STANDING_READ,
        _P.TRANSFER_RECEIVE,
        _P.TRANSFER_SEND,
    }
)

# 校工会主席, 校工会操作员 and 基层工会管理员 alike
_UNION = frozenset(
    {
        _P.ACCOUNT_READ,
        _P.CHANGE_AGREE,
        _P.CHANGE_DECIDE,
        _P.CONGRESS_READ,
        _P.JOINING_APPROVE,
        _P.JOINING_CODES,
        _P.JOINING_READ,
        _P.JOINING_RETURN,
        _P.MEMBER_FAMILY,
        _P.MEMBER_PRINT,
        _P.MEMBER_PRINT_FULL,
        _P.MEMBER_READ,
        _P.MEMBER_REVEAL,
        _P.MEMBER_SALARY,
        _P.MESSAGE_SEND,
        _P.MESSAGE_TEMPLATE,
        _P.ROSTER_KEEP,
        _P.STANDING_DECIDE,
        _P.STANDING_READ,
        _P.TRANSFER_APPROVE,
    }
)

# who does the daily work of one 基层工会
_CLERK = _UNION | {
    _P.ACCOUNT_MANAGE,
    _P.COMPARE,
    _P.CONGRESS_MANAGE,
    _P.DEPARTMENT_MANAGE,
    _P.DUES_KEEP,
    _P.JOINING_ENTER,
    _P.MEMBER_EDIT,
    _P.MEMBER_EDIT_UNION,
    _P.MEMBER_IMPORT,
    _P.MEMBER_IMPORT_HISTORIC,
    _P.MEMBER_MERGE,
    _P.POST_MANAGE,
    _P.STANDING_ASK,
    _P.TRANSFER_RECEIVE,
    _P.TRANSFER_SEND,
    _P.UNIT_READ,
}

# 组织机构管理员 looks after the units below and their administrators, and reads; she decides on no member.
_ORG_ADMIN = frozenset(
    {
        _P.ACCOUNT_MANAGE,
        _P.ACCOUNT_READ,
        _P.AUDIT_READ,
        _P.DEPARTMENT_MANAGE,
        _P.HANDOVER,
        _P.JOINING_CODES,
        _P.JOINING_READ,
        _P.MEMBER_READ,
        _P.MESSAGE_SEND,
        _P.QUERY_OFFICIAL,
        _P.TRANSFER_APPROVE,  # between two unions below alone: see portal.transfers.workflow
        _P.UNIT_MANAGE,
        _P.UNIT_READ,
    }
)

# The super administrator is a technical role: no membership decisions, no personal data.
_SUPER_ADMIN = frozenset(
    {
        _P.ACCOUNT_MANAGE,
        _P.ACCOUNT_READ,
        _P.AUDIT_READ,
        _P.DEPARTMENT_MANAGE,
        _P.HANDOVER,
        _P.JOINING_CODES,
        _P.SYSTEM,
        _P.UNIT_MANAGE,
        _P.UNIT_READ,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUPER_ADMIN: _SUPER_ADMIN,
    Role.UNION_CHAIR: _UNION
    | {_P.AUDIT_READ, _P.DELEGATE, _P.HANDOVER, _P.QUERY_OFFICIAL, _P.STANDING_EXPEL, _P.UNIT_READ},
    Role.UNION_OPERATOR: _CLERK | {_P.HANDOVER, _P.QUERY_OFFICIAL, _P.UNIT_MANAGE},
    Role.BRANCH_CHAIR: _BRANCH,
    Role.BRANCH_OPERATOR: _BRANCH,
    Role.ORG_ADMIN: _ORG_ADMIN,
    Role.UNIT_ADMIN: _CLERK,
    Role.PROPOSAL_COMMITTEE: frozenset({_P.CONGRESS_READ, _P.PROPOSAL_REVIEW}),
    Role.HANDLER: frozenset({_P.PROPOSAL_ANSWER}),  # of the proposals given to her own department
}


@dataclass(frozen=True)
class Lendable:
    """A decision in the words of the page, and the permissions that it takes: who decides has to read the case."""

    label: str
    permissions: frozenset[Permission]


# What a chair may hand to somebody else from a day to a day.
DELEGABLE: dict[Permission, Lendable] = {
    _P.JOINING_APPROVE: Lendable(
        "审批入会申请（批准、退回、不予批准）", frozenset({_P.JOINING_APPROVE, _P.JOINING_READ, _P.JOINING_RETURN})
    ),
}

# The roles that each profile knows.
ROLES: dict[str, tuple[Role, ...]] = {
    "school": (
        Role.SUPER_ADMIN,
        Role.UNION_CHAIR,
        Role.UNION_OPERATOR,
        Role.BRANCH_CHAIR,
        Role.BRANCH_OPERATOR,
        Role.PROPOSAL_COMMITTEE,
        Role.HANDLER,
    ),
    "city": tuple(role for role in Role if role not in (Role.PROPOSAL_COMMITTEE, Role.HANDLER)),
}


class Reach(StrEnum):
    """Where, seen from the unit of one's own grant, one may appoint."""

    WITHIN = "within"  # there and below
    BELOW = "below"  # strictly below


# Whoever holds the role on the left may open accounts with the roles on the right, and look after them.
MAY_APPOINT: dict[Role, dict[Role, Reach]] = {
    Role.SUPER_ADMIN: dict.fromkeys(Role, Reach.WITHIN),
    Role.UNION_OPERATOR: dict.fromkeys(
        (Role.UNION_OPERATOR, Role.BRANCH_CHAIR, Role.BRANCH_OPERATOR, Role.PROPOSAL_COMMITTEE, Role.HANDLER),
        Reach.WITHIN,
    ),
    Role.ORG_ADMIN: {Role.ORG_ADMIN: Reach.BELOW, Role.UNIT_ADMIN: Reach.WITHIN},
    Role.UNIT_ADMIN: dict.fromkeys((Role.BRANCH_CHAIR, Role.BRANCH_OPERATOR), Reach.BELOW)
    | dict.fromkeys((Role.PROPOSAL_COMMITTEE, Role.HANDLER), Reach.WITHIN),
}


class HeldAt(StrEnum):
    """At what kind of unit a role is held."""

    HOUSE = "house"  # the root alone
    LEVEL = "level"  # a city, county, system, industry or town
    UNION = "union"  # a unit that approves members, or the root
    BRANCH = "branch"  # a branch or a group


HELD_AT: dict[Role, HeldAt] = {
    Role.SUPER_ADMIN: HeldAt.HOUSE,
    Role.UNION_CHAIR: HeldAt.UNION,
    Role.UNION_OPERATOR: HeldAt.UNION,
    Role.BRANCH_CHAIR: HeldAt.BRANCH,
    Role.BRANCH_OPERATOR: HeldAt.BRANCH,
    Role.ORG_ADMIN: HeldAt.LEVEL,
    Role.UNIT_ADMIN: HeldAt.UNION,
    Role.PROPOSAL_COMMITTEE: HeldAt.UNION,
    Role.HANDLER: HeldAt.UNION,
}

# The office that goes with a post in the union, by the code of the post in the list 工会职务.
OF_POST: dict[str, Role] = {"01": Role.UNION_CHAIR, "04": Role.BRANCH_CHAIR}

# The office that goes with one in the congress: who judges proposals, and who answers them.
OF_COMMITTEE, OF_DEPARTMENT = Role.PROPOSAL_COMMITTEE, Role.HANDLER

# A unit that has somebody in one of these offices is never left without.
NEVER_EMPTY = frozenset({Role.SUPER_ADMIN, Role.UNION_CHAIR, Role.UNION_OPERATOR, Role.ORG_ADMIN})

# Who has a list, and a line in the menu, of her own in a city.
LISTED_ALONE: dict[str, Role] = {"unit_admins": Role.UNIT_ADMIN, "org_admins": Role.ORG_ADMIN}
