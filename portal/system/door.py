"""What the roof takes from the room of the system: its pages."""

from __future__ import annotations

from . import calendar_views, views

ROOMS = (views.bp, calendar_views.bp)
