"""What may be done about findings, and the one way in which it is done: chosen, checked, traced once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from portal.core import audit
from portal.core.db import new_uuid
from portal.core.enums import LabelEnum
from portal.core.errors import Absent, DomainError
from portal.org.models import User

from . import applying, judging, service, settling
from .matters.models import MatterKind
from .models import NOTE_MOST, Finding, Kind, Outcome
from .settling import Batch, Settled

NOBODY = "请先勾选要处理的行"
NOTE_LONGEST = NOTE_MOST - 40  # characters; the reason stands before it


class Act(LabelEnum):
    """What may be done about findings; the label is the button's."""

    INVITE = "invite", "邀请入会"
    LEAVE = "leave", "拟办离职"
    RETIRE = "retire", "拟办退休"
    TRANSFER = "transfer", "拟办转会"
    APPLY = "apply", "按名单更新"
    SAME = "same", "是同一人"
    OTHER = "other", "不是同一人"
    IGNORE = "ignore", "忽略"
    REOPEN = "reopen", "改回未处理"


class Reason(LabelEnum):
    """Why something is ignored."""

    OUTSIDER = "outsider", "外聘、兼职"
    REHIRED = "rehired", "离退休返聘"
    DISPATCHED = "dispatched", "劳务派遣，会籍在派遣单位"
    SECONDED = "seconded", "借调、挂职、进修"
    UNWILLING = "unwilling", "本人暂不入会"
    LIST_WRONG = "list_wrong", "名单有误，以系统为准"
    OTHER = "other", "其他"


# what may be done about what waits on each list
ACTS: Mapping[Kind, tuple[Act, ...]] = {
    Kind.ONLY_THERE: (Act.INVITE, Act.IGNORE),
    Kind.ONLY_HERE: (Act.LEAVE, Act.RETIRE, Act.IGNORE),
    Kind.MISPLACED: (Act.TRANSFER, Act.IGNORE),
    Kind.DIFFERENT: (Act.APPLY, Act.LEAVE, Act.RETIRE, Act.IGNORE),
    Kind.UNSURE: (Act.SAME, Act.OTHER, Act.IGNORE),
    Kind.RETAINED: (Act.IGNORE,),
}
_VERBS: Mapping[Act, Callable[[Batch], None]] = {
    Act.INVITE: settling.invite,
    Act.LEAVE: settling.intend(MatterKind.LEAVE),
    Act.RETIRE: settling.intend(MatterKind.RETIRE),
    Act.TRANSFER: settling.intend(MatterKind.TRANSFER),
    Act.APPLY: applying.apply,
    Act.SAME: judging.are_one,
    Act.OTHER: judging.are_two,
    Act.IGNORE: settling.ignore,
    Act.REOPEN: settling.reopen,
}
_TRACED = {Act.LEAVE: "intend", Act.RETIRE: "intend", Act.TRANSFER: "intend", Act.SAME: "judge", Act.OTHER: "judge"}


def act_of(text: str) -> Act:
    """Return the act with this word. Raises Absent."""
    try:
        return Act(text)  # type: ignore[call-arg]  # by its value alone
    except ValueError as error:
        raise Absent from error


def take(
    actor: User, comparison_id: int, act: Act, ids: Collection[int], *, reason: Reason | None = None, note: str = ""
) -> Settled:
    """Do `act` to the findings `ids` of a comparison, and return what became of each.

    What another has settled meanwhile, or the act does not fit, is left with its sentence. `reason` is asked where
    something is ignored. One event is traced, whatever the number. Raises Absent, DomainError where nothing is chosen,
    a reason is missing, or a note is too long.
    """
    note = " ".join(note.split())
    if len(note) > NOTE_LONGEST:
        raise DomainError(f"备注最多 {NOTE_LONGEST} 个字，请缩短", field="note")
    if act is Act.IGNORE:
        if reason is None:
            raise DomainError("请选择忽略的原因", field="reason")
        if reason is Reason.OTHER and len(note) < 2:
            raise DomainError("请在备注中写明原因", field="note")
        note = reason.label + (f"：{note}" if note else "")
    item = service.find(actor, comparison_id)
    told = Settled()
    findings = [one for one in service.chosen(actor, item, ids) if _waits(one, act, told)]
    if not findings and not told.skipped:
        raise DomainError(NOBODY)
    batch = Batch(actor, item, findings, told, note, new_uuid())
    if findings:
        _VERBS[act](batch)
    kinds = sorted({one.kind.label for one in findings})
    audit.record(
        actor, f"comparison.{_TRACED.get(act, act.value)}", item, reason=note, batch_id=batch.batch_id,
        details={"lists": kinds, "done": told.done, "skipped": len(told.skipped)},
    )  # fmt: skip
    return told


def _waits(finding: Finding, act: Act, told: Settled) -> bool:
    """Whether the act may be done to the finding; else it is told why not."""
    if act is Act.REOPEN:
        if finding.outcome is Outcome.IGNORED:
            return True
        told.skip(finding, "只有已忽略的可以改回未处理")
    elif finding.outcome is not None:
        who = finding.settler.label if finding.settler is not None else "系统"
        told.skip(finding, f"已由{who}处理")
    elif act not in ACTS[finding.kind]:
        told.skip(finding, f"“{finding.kind.label}”不能{act.label}")
    else:
        return True
    return False
