"""Examine an installation, also one that cannot start, and say in Chinese what is wrong and how to mend it."""

from __future__ import annotations

from portal import jobs
from portal.app import bare_app
from portal.config import Settings
from portal.core import crypto
from portal.core import db as database
from portal.core.db import db
from portal.system import checks
from portal.system.checks import Finding
from portal.system.premises import House


def examine(settings: Settings) -> list[Finding]:
    """Return what every check finds of the installation of `settings`; nothing is made, changed or repaired."""
    crypto.use(_keys(settings))
    with bare_app(settings).app_context():
        database.reads()
        try:
            return checks.findings(House(settings, jobs.QUEUES, jobs.JOBS), slow=True)
        finally:
            db.session.remove()
            db.engine.dispose()


def _keys(settings: Settings) -> crypto.Keys:
    """Return the stored keys; where they are missing or broken any others, so that the check of the key says so."""
    try:
        return crypto.keys_at(settings.keys_path) or crypto.Keys.fresh()
    except crypto.KeyProblem:
        return crypto.Keys.fresh()


def told(finding: Finding) -> str:
    """Return the line that says a finding."""
    mark = "✗" if finding.is_wrong else "！" if finding.is_advice else "✓"
    return f"{mark} {finding.name}：{finding.sentence}"
