"""The bundle: the program, wheels whose sums the lock names, and packages that apt finds in it without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from portal import machine
from portal.__main__ import apt_from
from portal.core.errors import DomainError
from portal.operations import bundle

APT = """#!/bin/sh
# stands for the network: what apt would fetch is a package made by the test
for word in "$@"; do case "$word" in Dir::Cache::archives=*) cp {folder}/*.deb "${{word#*=}}"; esac; done
echo "$@" > {folder}/asked
"""


def wheel(folder: Path, name: str) -> str:
    """Write a wheel of one empty module; return the locked requirement."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            for path, text in files.items()}  # fmt: skip
    record = "".join(f"{path},sha256={sums[path]},{len(text)}\n" for path, text in files.items())
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(inside, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for all servers: three wheels and one Debian package."""
    folder = tmp_path / "network"
    (folder / "package/DEBIAN").mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "package/DEBIAN").chmod(0o755)
    (folder / "package/DEBIAN/control").write_text(
        "Package: libmeiyou9\nVersion: 1.0-1\nArchitecture: all\nMaintainer: Test <t@example.org>\n"
        "Description: a package of the test\n and its second line\n"
    )
    words = [
        "dpkg-deb",
        "--root-owner-group",
        "--build",
        str(folder / "package"),
        str(folder / "libmeiyou9_1.0-1_all.deb"),
    ]
    subprocess.run(words, check=True, capture_output=True)
    lock = folder / "requirements.lock"
    sections = {"runtime": "zhuang", "postgres": "shuju", "sms": "duanxin"}
    lock.write_text("# head\n" + "".join(f"\n# == {name} ==\n{wheel(folder, of)}" for name, of in sections.items()))
    monkeypatch.setattr(machine, "LOCK", str(lock))
    (folder / "bin").mkdir()
    (folder / "bin/apt-get").write_text(APT.format(folder=folder))
    (folder / "bin/apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def quiet(sentence: str) -> None:
    """Say nothing."""


def test_a_bundle_holds_program_wheels_and_packages(network: Path, tmp_path: Path) -> None:
    to = tmp_path / "usb"

    bundle.bundle(to, say=quiet)

    told = json.loads((to / "bundle.json").read_text("utf-8"))
    assert told["machine"] == machine.kind_of_machine()
    assert told["packages"] == ["libmeiyou9_1.0-1_all.deb"]
    assert sorted(path.name for path in (to / "wheels").iterdir()) == [
        "duanxin-1.0-py3-none-any.whl", "shuju-1.0-py3-none-any.whl", "zhuang-1.0-py3-none-any.whl",
    ]  # fmt: skip
    assert {path.name for path in (to / "program").iterdir()} == {*bundle.PROGRAM, "instance"}
    assert list((to / "program").rglob("__pycache__")) == list((to / "program/instance").iterdir()) == []
    asked = (network / "asked").read_text().split()
    assert {*machine.LIBRARIES.values(), *machine.FONTS.values(), machine.venv_package()} <= set(asked)
    assert to.stat().st_mode & 0o055 == 0o055
    assert "python3 -m portal run --from" in (to / "说明.txt").read_text("utf-8")


@pytest.mark.skipif(shutil.which("apt-cache") is None, reason="this machine has no apt")
def test_apt_itself_finds_the_packages_in_it(network: Path, tmp_path: Path) -> None:
    bundle.bundle(tmp_path / "usb", say=quiet)
    settings = apt_from(str(tmp_path / "usb"), str(tmp_path / "apt"))
    environment = {**os.environ, "APT_CONFIG": settings, "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}

    def apt(*words: str) -> str:
        done = subprocess.run(
            [*words, "-o", "Debug::NoLocking=1"], env=environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    apt("apt-get", "update")
    known = apt("apt-cache", "policy", "libmeiyou9")
    uris = apt("apt-get", "--print-uris", "-y", "install", "libmeiyou9")

    assert "Candidate: 1.0-1" in known
    package = (network / "libmeiyou9_1.0-1_all.deb").read_bytes()
    assert f"usb/debs/./libmeiyou9_1.0-1_all.deb' libmeiyou9_1.0-1_all.deb {len(package)} " in uris
    assert f"SHA256: {hashlib.sha256(package).hexdigest()}\n" in (tmp_path / "usb/debs/Packages").read_text()


def test_half_a_bundle_is_known_as_one_and_finished_by_the_next(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "usb"
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(DomainError, match="程序库下载失败，请检查网络后重试"):
        bundle.bundle(to, say=quiet)
    half = (to / "bundle.json").exists()
    monkeypatch.setenv("PIP_FIND_LINKS", str(network))
    bundle.bundle(to, say=quiet)
    bundle.bundle(to, say=quiet)

    assert half is False
    assert (to / "bundle.json").exists()


def test_a_folder_with_other_things_or_no_apt_is_refused(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("亲爱的")
    sentences = []
    for folder in (tmp_path / "home", tmp_path / "home/letter.txt"):
        with pytest.raises(DomainError) as caught:
            bundle.bundle(folder, say=quiet)
        sentences.append(caught.value.message)
    monkeypatch.setattr(bundle.shutil, "which", lambda name: None)
    with pytest.raises(DomainError, match="这台机器没有 apt"):
        bundle.bundle(tmp_path / "usb", say=quiet)

    assert sentences == [
        f"{tmp_path / 'home'} 里有别的文件：请换一个空文件夹",
        f"不能写入 {tmp_path / 'home/letter.txt'}：请检查它是否是文件夹、是否可写",
    ]
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter.txt"]
