"""The server is told to stop: it finishes what it has begun, says goodbye, and the next start finds everything."""

from __future__ import annotations

import http.client
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import Server, command, seeded

__all__ = ["seeded"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_when_told(seeded: Path, tmp_path: Path, how: signal.Signals) -> None:
    instance = tmp_path / "instance"
    shutil.copytree(seeded, instance)

    with Server(instance) as server:
        place = urlsplit(server.address)
        line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)  # kept open, as browsers do
        line.request("GET", "/login")
        page = line.getresponse().read().decode()
        code = server.stop(how)
        said = server.log.read_text("utf-8")
        line.close()
    with Server(instance) as again:
        alive = again.get("/healthz")
    verified = command(instance, "audit", "verify")

    assert "登录会员之家" in page
    assert code == 0
    assert said.rstrip().endswith("已停止")
    assert alive == "ok\n"
    assert (verified.returncode, verified.stdout) == (0, "日志完整，未发现改动\n")
