"""What the roof takes from the room of changes: its pages, its work to do, and where a member objects."""

from __future__ import annotations

from portal.core.todo import Todo
from portal.org.models import User

from . import service, views
from .checks import part_views as check_part_views
from .checks import service as checks
from .checks import views as check_views
from .objections import service as objections
from .objections import views as objection_views

ROOMS = (views.bp, objection_views.bp, check_views.bp, check_part_views.bp)
# for the notices of the members floor: where it leads, and what it says
OBJECT = ("/changes/mine", f"如有异议，请在 {objections.DAYS} 天内到“我的信息变更”提出")


def todo(actor: User) -> list[Todo]:
    """Return what waits for the actor: requests, objections, lists to be signed."""
    return [*service.todo(actor), *objections.todo(actor), *checks.todo(actor)]
