"""What the roof takes from the room of merges: its pages and its work to do."""

from __future__ import annotations

from . import service, views

ROOMS = (views.bp,)
todo = service.todo
