"""What the roof takes from the room of transfers: its pages, its work to do, its figures, and what follows a unit."""

from __future__ import annotations

from portal.core.todo import Todo
from portal.org.models import User

from . import following, many_views, service, views
from .incoming import service as incoming
from .incoming import views as incoming_views
from .plans import views as plan_views

ROOMS = (views.bp, many_views.bp, incoming_views.bp, plan_views.bp)
FOLLOWERS = following.FOLLOWERS
figures = service.figures


def todo(actor: User) -> list[Todo]:
    """Return what waits for the actor: those who move, and those who come."""
    return [*service.todo(actor), *incoming.todo(actor)]
