"""What the roof takes from the room of the congress: its pages, what the clock does, whose accounts it knows."""

from __future__ import annotations

from . import accounts, seat_views, session_views, views
from .importing import service as importing
from .offices import office_views
from .offices import service as offices

ROOMS = (views.bp, session_views.bp, seat_views.bp, office_views.bp)
expire = importing.expire
settle = offices.settle_all
looks_after = accounts.looks_after
