"""What the roof takes of this room: its pages, its work that waits, what a leaver owns, and tasks on a result."""

from __future__ import annotations

from portal.config import Settings
from portal.org.permissions import Permission
from portal.query.tasks import Task

from .birthdays import views as birthdays
from .bulletins import board_views
from .bulletins import service as bulletins_service
from .bulletins import views as bulletins
from .composing import asking, receipt_views
from .composing import service as composing_service
from .composing import views as composing
from .composing.models import Sms
from .groups import views as groups
from .groups.models import Group
from .sending import claiming, message_views, worker
from .sending import receipt_views as gateway_reports
from .sending import service as outbox_service
from .sending import views as outbox_views
from .sending.gateways import choosing
from .sending.models import Batch
from .wordings import service as wordings_service
from .wordings import views as wordings

ROOMS = (
    composing.bp,
    receipt_views.bp,
    groups.bp,
    wordings.bp,
    bulletins.bp,
    board_views.bp,
    birthdays.bp,
    outbox_views.bp,
    message_views.bp,
    gateway_reports.bp,
)
TODOS = (composing_service.todo, wordings_service.todo, bulletins_service.todo, outbox_service.todo)
OWNED = (("短信分组", Group.owner_id), ("编写的短信", Sms.owner_id), ("短信", Batch.owner_id))
TASKS = (
    Task("发短信", "composing.new", Permission.MESSAGE_SEND),
    Task("存为短信分组", "groups.new", Permission.MESSAGE_SEND),
)


def use(settings: Settings) -> None:
    """Send by the gateway that the settings name. Raises SettingProblem where they are wrong."""
    choosing.use(choosing.outlet(settings))
    claiming.ask_too(asking.barred)
    worker.keep_in(settings.jobs_path / "messages")
