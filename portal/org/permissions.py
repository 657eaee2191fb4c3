"""Who may do what: the permissions, and the one table that names roles."""

from __future__ import annotations

from enum import StrEnum

from portal.core.enums import LabelEnum


class Permission(StrEnum):
    """subject.verb; a grant gives it at a unit and below. `SIGNED_IN` needs no grant."""

    SIGNED_IN = "signed-in"
    AUDIT_READ = "audit.read"
    JOINING_APPROVE = "joining.approve"
    JOINING_CODES = "joining.codes"
    JOINING_ENTER = "joining.enter"
    JOINING_OPINE = "joining.opine"
    JOINING_READ = "joining.read"
    JOINING_RETURN = "joining.return"
    MEMBER_EDIT = "member.edit"
    MEMBER_EDIT_UNION = "member.edit_union"
    MEMBER_FAMILY = "member.family"
    MEMBER_PRINT = "member.print"
    MEMBER_PRINT_FULL = "member.print_full"
    MEMBER_READ = "member.read"
    MEMBER_REVEAL = "member.reveal"
    MEMBER_SALARY = "member.salary"
    SYSTEM = "system"


class Role(LabelEnum):
    """The roles a grant may give."""

    SUPER_ADMIN = "super_admin", "超级管理员"
    UNION_CHAIR = "union_chair", "校工会主席"
    UNION_OPERATOR = "union_operator", "校工会操作员"
    BRANCH_CHAIR = "branch_chair", "分工会主席"
    BRANCH_OPERATOR = "branch_operator", "分工会操作员"


_P = Permission

_BRANCH = frozenset(
    {
        _P.JOINING_CODES,
        _P.JOINING_ENTER,
        _P.JOINING_OPINE,
        _P.JOINING_READ,
        _P.JOINING_RETURN,
        _P.MEMBER_EDIT,
        _P.MEMBER_FAMILY,
        _P.MEMBER_PRINT,
        _P.MEMBER_READ,
    }
)

_UNION_CHAIR = frozenset(
    {
        _P.AUDIT_READ,
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
    }
)

# The super administrator is a technical role: no membership decisions, no personal data.
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUPER_ADMIN: frozenset({_P.AUDIT_READ, _P.JOINING_CODES, _P.SYSTEM}),
    Role.UNION_CHAIR: _UNION_CHAIR,
    Role.UNION_OPERATOR: _UNION_CHAIR - {_P.AUDIT_READ} | {_P.JOINING_ENTER, _P.MEMBER_EDIT, _P.MEMBER_EDIT_UNION},
    Role.BRANCH_CHAIR: _BRANCH,
    Role.BRANCH_OPERATOR: _BRANCH,
}
