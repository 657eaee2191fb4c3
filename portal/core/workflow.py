"""Whatever is submitted, judged and settled moves by `Workflow.fire`, which checks, moves, does, and leaves a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update

from . import audit
from .actors import Actor
from .db import db
from .enums import LabelEnum
from .errors import Absent, Conflict, DomainError, Forbidden

Changes = dict[str, tuple[Any, Any]]  # by name: old, new, as anyone may read them


@dataclass(frozen=True)
class Step:
    """One line of the table: who may take an item from where to where.

    `action` is the English verb in the address and the trace, `label` the Chinese button; `sources` the states it
    starts from. `permission` is asked at the unit `at(item)`; `own` steps belong to the applicant and ask for no
    permission. `effect(item, actor, comment=…, **inputs)` does the work inside the transaction; what it returns
    (old and new by name) joins the state among the changes of the trace. `not_yet(item, actor)` says why
    the step has to wait though the state is right, or "". `form` names the endpoint of the page that asks for inputs
    (None: a plain step with at most a comment). `tone` is "", "primary" or "danger"; `confirm` is asked before.
    `profile` is the only profile in which the step is ever taken, "" for every one.
    """

    action: str
    label: str
    sources: tuple[LabelEnum, ...]
    target: LabelEnum
    permission: str | None = None
    at: Callable[[Any], Any] | None = None
    effect: Callable[..., Changes | None] | None = None
    not_yet: Callable[[Any, Actor], str] | None = None
    comment_required: bool = False
    own: bool = False
    form: str | None = None
    tone: str = ""
    confirm: str = ""
    profile: str = ""


@dataclass(frozen=True)
class Workflow:
    """The table of steps of one kind of item, and the only thing that sets its `state`.

    `fetch(actor, id)` returns the item or raises Absent; `concerns(item, actor)` tells whether the actor is the
    person the item is about (nobody decides on himself); `notify(item, step, actor, comment)` writes the notices of a
    step.
    """

    name: str
    title: str
    model: type[Any]
    steps: tuple[Step, ...]
    fetch: Callable[[Actor, int], Any]
    concerns: Callable[[Any, Actor], bool]
    notify: Callable[[Any, Step, Actor, str], None]
    _by_action: Mapping[str, Step] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_action", {step.action: step for step in self.steps})
        workflows[self.name] = self
        for step in self.steps:
            audit.name_acts({f"{self.name}.{step.action}": step.label}, profile=step.profile)

    def step(self, action: str) -> Step:
        """Return the step named `action`. Raises Absent."""
        try:
            return self._by_action[action]
        except KeyError as error:
            raise Absent from error

    def open_steps(self, item: Any, actor: Actor, *, own: bool = False) -> list[Step]:
        """Return the steps this actor may take now: the buttons, the to-do list and the refusal ask the same."""
        return [
            step
            for step in self.steps
            if item.state in step.sources
            and not (step.not_yet and step.not_yet(item, actor))
            and self._may(step, item, actor, own=own)
        ]

    def _may(self, step: Step, item: Any, actor: Actor, *, own: bool) -> bool:
        if step.own:
            return own
        if step.permission is None or step.at is None or self.concerns(item, actor):
            return False
        return actor.may(step.permission, step.at(item))

    def fire(
        self,
        item: Any,
        action: str,
        actor: Actor,
        *,
        comment: str = "",
        own: bool = False,
        batch_id: str | None = None,
        **inputs: Any,
    ) -> None:
        """Take the step `action` on `item`.

        `own` says that the caller has proven to be the applicant (by receipt or account); `batch_id` joins the traces
        of what is done to many at once. Raises Forbidden for one's own case or without the right, Conflict if the item
        has moved on, DomainError if a comment is missing, the time has not come, or the effect refuses.
        """
        step = self.step(action)
        if not step.own and self.concerns(item, actor):
            raise Forbidden("本人不能审批自己的事项，请由其他有权限的人员办理")
        if not self._may(step, item, actor, own=own):
            raise Forbidden(f"您没有「{step.label}」这一事项的权限")
        before = item.state
        if before not in step.sources:
            raise self._too_late(item)
        if step.not_yet and (why := step.not_yet(item, actor)):
            raise DomainError(why)
        if step.comment_required and not comment.strip():
            raise DomainError(f"请填写{step.label}的理由", field="comment")
        moved = db.session.execute(
            update(self.model)
            .where(self.model.id == item.id, self.model.state == before)
            .values(state=step.target)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult
            raise self._too_late(item)
        db.session.refresh(item, ["state"])
        name = actor.label_for(step.permission, step.at(item)) if step.permission and step.at else actor.label
        with audit.speaking_as(actor, name):
            self._settle(step, item, before, actor, comment.strip(), batch_id, inputs)

    def _settle(
        self,
        step: Step,
        item: Any,
        before: LabelEnum,
        actor: Actor,
        comment: str,
        batch_id: str | None,
        inputs: dict[str, Any],
    ) -> None:
        """Leave the trace of a step that has been taken, do its work, and tell whom it concerns."""
        event = audit.record(
            actor,
            f"{self.name}.{step.action}",
            item,
            changes={"state": (before.label, step.target.label)},
            reason=comment,
            batch_id=batch_id,
        )
        if step.effect:
            changes = step.effect(item, actor, comment=comment, **inputs) or {}
            event.changes = event.changes | {name: list(pair) for name, pair in changes.items()}
        self.notify(item, step, actor, comment)

    def _too_late(self, item: Any) -> Conflict:
        steps = {f"{self.name}.{step.action}" for step in self.steps}
        who = [event.actor_label for event in audit.events_of(item) if event.action in steps]
        return Conflict(f"该事项已由 {who[-1]} 处理，请刷新后查看" if who else "该事项已被处理，请刷新后查看")


workflows: dict[str, Workflow] = {}
