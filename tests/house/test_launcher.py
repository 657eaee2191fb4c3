"""The launcher prepares a machine from nothing, repairs what was killed, and never shows a traceback.

The installations here are real ones: a small checkout with the real launcher, a real virtual environment, and a lock
whose packages are wheels written by the test, so that no network is asked.
"""

import ast
import base64
import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from portal import __main__ as launcher
from portal import machine as here

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
CLI = """
import importlib.metadata, sys
for name in ("zhuang", "shuju"):
    try:
        print(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        print(name, "-")
print(*sys.argv[1:])
"""
PRELUDE = "import os, sys\nfrom portal import __main__ as m, machine\n"


class Checkout:
    """A checkout of its own, whose lock names wheels that the test has written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "portal").mkdir(parents=True, exist_ok=True)
        for name in ("__init__.py", "__main__.py", "machine.py"):
            (folder / "portal" / name).write_bytes((ROOT / "portal" / name).read_bytes())
        (folder / "portal/cli.py").write_text(CLI)
        self.wheels = folder / "wheels"
        self.wheels.mkdir(exist_ok=True)
        self.lock(self.wheel("zhuang", "1.0"), self.wheel("shuju", "1.0"))

    def wheel(self, name: str, version: str) -> str:
        """Write a wheel of one empty module; return the locked requirement."""
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": "",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},sha256={_record_hash(text)},{len(text)}\n" for path, text in files.items())
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for inside, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
                archive.writestr(zipfile.ZipInfo(inside), text)  # without the time, so that it is the same again
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

    def lock(self, runtime: str, postgres: str = "") -> None:
        """Write requirements.lock."""
        text = f"# head\n\n# == runtime ==\n{runtime}\n# == postgres ==\n{postgres}\n# == development ==\n"
        (self.folder / "requirements.lock").write_text(text)

    def begin(self, *words: str, **settings: str) -> "subprocess.Popen[str]":
        """Start `python -m portal hello`, with no index but the wheels."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PORTAL_", "PYTHON"))}
        pip = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(self.wheels)}
        return subprocess.Popen(
            [BASE_PYTHON, "-m", "portal", "hello", "世界", *words],
            cwd=self.folder,
            env={**kept, **pip, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def start(self, *words: str, **settings: str) -> tuple[int, str, str]:
        """Run `python -m portal hello` to its end: exit code, standard output, standard error."""
        process = self.begin(*words, **settings)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    """A checkout nobody has started yet."""
    return Checkout(tmp_path / "bare")


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, tuple[int, str, str]]:
    """A checkout after its first start, and what that start said; tests copy it."""
    made = Checkout(tmp_path_factory.mktemp("first") / "checkout")
    return made, made.start()


@pytest.fixture
def prepared(first_start: tuple[Checkout, tuple[int, str, str]], tmp_path: Path) -> Checkout:
    """A checkout whose first start lies behind it."""
    shutil.copytree(first_start[0].folder, tmp_path / "prepared", symlinks=True)
    return Checkout(tmp_path / "prepared")


def steps(err: str) -> list[str]:
    """The steps that standard error says are done, without their times."""
    return re.findall(r"^(.+)：完成，用时 \d+\.\d 秒$", err, re.MULTILINE)


def test_a_first_start_makes_the_environment(first_start: tuple[Checkout, tuple[int, str, str]]) -> None:
    made, (code, out, err) = first_start

    assert (code, out) == (0, "zhuang 1.0\nshuju -\nhello 世界\n")
    assert steps(err) == [f"建立虚拟环境 {made.folder}/instance/venv", "安装程序库（运行，1 个）"]


def test_a_second_start_has_nothing_to_do(prepared: Checkout) -> None:
    assert prepared.start() == (0, "zhuang 1.0\nshuju -\nhello 世界\n", "")


def test_a_section_is_added_beside_the_others_and_a_changed_lock_is_installed_exactly(prepared: Checkout) -> None:
    added = prepared.start(PORTAL_DATABASE_URI="postgresql+psycopg://nobody@localhost/none")
    prepared.lock(prepared.wheel("zhuang", "2.0"), prepared.wheel("shuju", "1.0"))
    changed = prepared.start()

    assert (added[:2], steps(added[2])) == (
        (0, "zhuang 1.0\nshuju 1.0\nhello 世界\n"),
        ["安装程序库（PostgreSQL，1 个）"],
    )
    assert (changed[:2], len(steps(changed[2]))) == ((0, "zhuang 2.0\nshuju 1.0\nhello 世界\n"), 3)
    assert not (prepared.folder / "instance/venv.old").exists()


def test_a_killed_start_is_repaired_and_two_starts_wait_for_each_other(bare: Checkout) -> None:
    killed = bare.begin()
    lines: list[str] = []
    assert killed.stderr is not None
    while "安装程序库" not in "".join(lines):
        lines.append(killed.stderr.readline())
    killed.kill()  # pip lives on, and the next start has to wait for it
    killed.communicate()

    both = [bare.begin(), bare.begin()]
    answers = [process.communicate(timeout=120) for process in both]

    assert killed.returncode == -signal.SIGKILL
    assert [process.returncode for process in both] == [0, 0]
    assert [out for out, _ in answers] == ["zhuang 1.0\nshuju -\nhello 世界\n"] * 2
    assert "".join(err for _, err in answers).count("建立虚拟环境") == 2  # its beginning and its end, by one of them


def test_a_program_that_outlives_a_killed_start_keeps_the_next_one_waiting(tmp_path: Path) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    os.mkfifo(up)
    os.mkfifo(down)
    code = f"with m.alone({str(tmp_path / 'lock')!r}) as lock:\n"
    code += f"    m.call(['sh', '-c', 'exec < {down}; echo up > {up}; cat'], lock, '')"
    ends = [os.open(path, os.O_RDWR) for path in (up, down)]

    with subprocess.Popen([BASE_PYTHON, "-c", PRELUDE + code], cwd=ROOT) as start:
        is_up = select.select(ends[:1], [], [], 30)[0]
        start.kill()
    with (tmp_path / "lock").open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for end in ends:
            os.close(end)  # ends the program
        fcntl.flock(file, fcntl.LOCK_EX)

    assert is_up == ends[:1]


def test_a_failed_installation_keeps_the_old_environment(prepared: Checkout) -> None:
    good = (prepared.folder / "requirements.lock").read_text()
    (prepared.folder / "requirements.lock").write_text(good.replace("zhuang==1.0", "zhuang==9.9"))

    code, out, err = prepared.start()
    (prepared.folder / "requirements.lock").write_text(good)

    assert (code, out) == (2, "")
    assert "程序库安装失败，请检查网络后重试" in err
    assert "Traceback" not in err
    assert prepared.start() == (0, "zhuang 1.0\nshuju -\nhello 世界\n", "")


def test_a_wheel_with_another_hash_is_not_installed(bare: Checkout) -> None:
    with (bare.wheels / "zhuang-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"\n")

    code, out, err = bare.start()

    assert (code, out) == (2, "")
    assert "程序库安装失败" in err
    assert not (bare.folder / "instance/venv").exists()


def test_a_folder_with_other_things_is_left_alone(bare: Checkout, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("亲爱的")

    code, out, err = bare.start(PORTAL_VENV=str(tmp_path / "home"))

    assert (code, out) == (2, "")
    assert err == f"PORTAL_VENV 指向的文件夹里有别的东西，请换一个空文件夹：{tmp_path / 'home'}\n"
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["letter.txt"]


# --- from a bundle, without a network -------------------------------------------------------------------------------


def bundle(folder: Path, **machine: str) -> Path:
    """Make a bundle for this machine, or another one, out of the checkout's wheels."""
    made = folder.parent / "bundle"
    (made / "debs").mkdir(parents=True)
    shutil.copytree(folder / "wheels", made / "wheels")
    text = json.dumps({"machine": {**here.kind_of_machine(), **machine}})
    (made / "bundle.json").write_text(text, "utf-8")
    return made


def test_a_machine_without_a_network_is_installed_from_a_bundle(prepared: Checkout) -> None:
    made = bundle(prepared.folder)
    alone = {"PORTAL_DATABASE_URI": "postgresql+psycopg://here", "PIP_FIND_LINKS": ""}  # another section is wanted

    without = prepared.start(**alone)
    whole = (made / "wheels/shuju-1.0-py3-none-any.whl").read_bytes()
    (made / "wheels/shuju-1.0-py3-none-any.whl").write_bytes(whole + b"\n")
    spoiled = prepared.start("--from", str(made), **alone)
    (made / "wheels/shuju-1.0-py3-none-any.whl").write_bytes(whole)
    told = prepared.start("--from", str(made), **alone)
    again = prepared.start(**alone)

    assert (without[0], "程序库安装失败，请检查网络后重试" in without[2]) == (2, True)
    assert (spoiled[0], "程序库安装失败，请检查离线安装包后重试" in spoiled[2]) == (2, True)
    assert told[:2] == (0, "zhuang 1.0\nshuju 1.0\nhello 世界\n")  # the command itself does not get --from
    assert again == (0, "zhuang 1.0\nshuju 1.0\nhello 世界\n", "")


@pytest.mark.parametrize(
    ("words", "left", "folder"),
    [
        (["run", "--from", "/usb", "--port", "80"], ["run", "--port", "80"], "/usb"),
        (["run", "--from=/usb"], ["run"], "/usb"),
        (["run"], ["run"], ""),
    ],
)
def test_the_folder_of_a_bundle_is_taken_out_of_the_words(words: list[str], left: list[str], folder: str) -> None:
    assert launcher.take_source(words) == (left, folder)


def test_what_is_no_bundle_or_for_another_machine_is_named(bare: Checkout, tmp_path: Path) -> None:
    none = bare.start("--from", str(tmp_path))
    missing = bare.start("--from")
    other = bare.start("--from", str(bundle(bare.folder, python="3.9", processor="sparc64")))

    assert none == (
        2, "", f"{tmp_path} 不是离线安装包（没有 bundle.json，或没有做完）：--from 应指向 bundle 命令做好的文件夹\n",
    )  # fmt: skip
    assert missing == (2, "", "--from 后面要写离线安装包的文件夹\n")
    assert other[0] == 2
    assert other[2].startswith("这个离线安装包是为 Python 3.9、sparc64 做的，这台机器是 Python 3.")
    assert not (bare.folder / "instance").exists()


def test_a_plain_user_gets_the_one_line_for_a_bundle_too(tmp_path: Path) -> None:
    folder = tmp_path / "venv.apt"
    told = run(
        "m.os.geteuid = lambda: 1000\n"
        "try:\n    m.install_system(['libmeiyou9'], 0, '/media/u s b', sys.argv[1])\n"
        "except m.Refusal as refusal:\n    m.say(str(refusal))",
        folder,
    )

    assert told.stderr == (
        "缺少系统软件，请先以管理员身份运行这一行：\n"
        f"    sudo sh -c 'export APT_CONFIG={folder}/apt.conf && apt-get update && "
        "apt-get install -y --no-install-recommends libmeiyou9'\n"
    )
    assert (folder / "sources.list").read_text() == "deb [trusted=yes] file:/media/u%20s%20b/debs ./\n"


def run(code: str, *words: object, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `code` in a fresh Python in this checkout, where `m` is the launcher."""
    return subprocess.run(
        [BASE_PYTHON, "-c", PRELUDE + code, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def test_an_old_python_is_refused_in_chinese() -> None:
    told = run("sys.version_info = (3, 9, 2, 'final', 0)\nsys.exit(m.main(['run']))")

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "需要 Python 3.11 或更新的版本，当前是 3.9。Debian 12 自带合适的 python3。\n"


@pytest.mark.parametrize("file", ["__init__.py", "__main__.py", "machine.py"])
def test_an_old_python_can_read_the_launcher(file: str) -> None:
    text = (ROOT / "portal" / file).read_text(encoding="utf-8")

    with pytest.raises(SyntaxError):
        ast.parse("if (x := 1): pass", feature_version=(3, 7))
    assert ast.parse(text, feature_version=(3, 7)).body != []


def test_without_apt_the_missing_packages_are_named(tmp_path: Path) -> None:
    told = run(
        "machine.LIBRARIES['libmeiyou.so.9'] = 'libmeiyou9'\nsys.exit(m.main(['run']))",
        PATH=str(tmp_path),
        PORTAL_VENV=str(tmp_path / "venv"),
    )

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "缺少系统软件，而这台机器没有 apt，请用它自己的办法安装（Debian 的包名）：libmeiyou9\n"


def test_a_plain_user_gets_the_one_line_to_run() -> None:
    told = run(
        "if os.geteuid() == 0:\n    os.setuid(65534)\n"
        "try:\n    m.install_system(['libmeiyou9'], 0)\nexcept m.Refusal as refusal:\n    m.say(str(refusal))"
    )

    assert told.stderr == (
        "缺少系统软件，请先以管理员身份运行这一行：\n"
        "    sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends libmeiyou9'\n"
    )


def test_an_error_nobody_foresaw_is_a_sentence_and_its_detail_a_setting(tmp_path: Path) -> None:
    code = f"m.LOCK = {str(tmp_path / 'nowhere')!r}\nsys.exit(m.main(['run']))"

    told = run(code, PORTAL_DEBUG="")
    detailed = run(code, PORTAL_DEBUG="1")

    assert told.returncode == 2
    assert re.fullmatch(r"启动时出了没有料到的错误：.*PORTAL_DEBUG=1 再运行一次可以看到细节\n", told.stderr)
    assert "Traceback" in detailed.stderr


@pytest.mark.parametrize(("mypy", "tests", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 2, 2)])
def test_the_test_command_ends_with_pytest_and_fails_if_anything_did(
    tmp_path: Path, mypy: int, tests: int, code: int
) -> None:
    scripts = {
        "ruff": "echo ruff",
        "mypy": f"echo mypy; exit {mypy}",
        "lint-imports": "echo lint",
        "python": f'echo "$PORTAL_TEST_PROOF $@"; exit {tests}',
    }
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    ran = run(f"sys.exit(m.run_tests({str(tmp_path / 'python')!r}, ['-k', 'x', '--proof']))", PORTAL_TEST_POSTGRES="")

    assert ran.returncode == code
    assert ran.stdout == "1 -m pytest -n auto --maxprocesses 4 --dist worksteal -k x\n"
    assert ("类型 mypy：未通过" in ran.stderr) == bool(mypy)
    assert "PostgreSQL 那一半没有运行" in ran.stderr


@pytest.mark.parametrize(
    ("command", "database", "gateway", "sections"),
    [
        ("run", "", "", ["runtime"]),
        ("run", "sqlite:///x.db", "http", ["runtime"]),
        ("run", "postgresql+psycopg://here", "", ["runtime", "postgres"]),
        ("doctor", "", "tencent", ["runtime", "sms"]),
        ("run", "postgresql+psycopg://here", "aliyun", ["runtime", "postgres", "sms"]),
        ("test", "", "", ["runtime", "postgres", "sms", "development"]),
    ],
)
def test_a_command_gets_the_sections_it_needs(command: str, database: str, gateway: str, sections: list[str]) -> None:
    assert launcher.sections_for(command, database, gateway) == sections


def test_portal_cfg_names_the_database_and_the_environment_overrules_it(tmp_path: Path) -> None:
    (tmp_path / "portal.cfg").write_text("# 数据库\nDATABASE_URI = 'postgresql+psycopg://file'\n")
    code = "print(m.setting('DATABASE_URI', ''), m.setting('VENV', 'instance/venv'))"

    from_file = run(code, PORTAL_INSTANCE=str(tmp_path), PORTAL_DATABASE_URI="", PORTAL_VENV="")
    overruled = run(code, PORTAL_INSTANCE=str(tmp_path), PORTAL_DATABASE_URI="sqlite://", PORTAL_VENV="v")

    assert (from_file.stdout, overruled.stdout) == ("postgresql+psycopg://file instance/venv\n", "sqlite:// v\n")


def test_the_lock_holds_what_pyproject_asks_for_each_once_and_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = launcher.read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    asked = {"runtime": project["dependencies"], **project["optional-dependencies"]}

    blocks = {name: re.split(r"\n(?=\w)", text.strip()) for name, text in locked.items()}
    pins = [(name, Requirement(block.split("\\")[0].strip())) for name in blocks for block in blocks[name]]
    versions = {(name, canonicalize_name(pin.name)): str(pin.specifier)[2:] for name, pin in pins}

    assert list(locked) == list(asked) == list(launcher.SECTIONS)
    assert len({pin.name for _, pin in pins}) == len(pins)
    assert [block for found in blocks.values() for block in found if "--hash=sha256:" not in block] == []
    for name, lines in asked.items():
        for wish in map(Requirement, lines):
            assert wish.specifier.contains(versions[name, canonicalize_name(wish.name)]), wish
