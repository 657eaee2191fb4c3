"""`python3 -m portal COMMAND`: prepares the machine, then hands the command over to portal.cli.

Standard library alone, for a machine that has nothing but Python. What is missing is found by loading it; apt installs
it where it may, else the one line to run is printed. The virtual environment holds exactly what requirements.lock
names; a stamp in it says which sections are complete, so a start that was killed half-way is repaired by the next one
and a second start has nothing to do. Only `test` is a command of this file: it has to run where the portal itself may
be broken. Syntax and annotations stay readable for Python 3.6, which must be told in Chinese that it is too old.
"""

import contextlib
import fcntl
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote

from portal.machine import (
    LOCK,
    ROOT,
    SECTIONS,
    digest,
    kind_of_machine,
    read_lock,
    sections_to_run,
    setting,
    system_packages,
    venv_package,
)

STAMP = "portal-sections.json"
OLDEST = (3, 11)

# how a test run begins: title, and the words after the environment's bin folder
CHECKS = (
    ("代码规范 ruff", ("ruff", "check", ".")),
    ("类型 mypy", ("mypy",)),
    ("楼层 lint-imports", ("lint-imports",)),
)


class Refusal(Exception):
    """Why the start cannot go on: one Chinese sentence the user can act on."""


def say(text: "str") -> "None":
    """Print one line on standard error, in UTF-8 whatever the machine's locale is."""
    sys.stderr.flush()
    sys.stderr.buffer.write((text + "\n").encode("utf-8"))
    sys.stderr.buffer.flush()


@contextlib.contextmanager
def step(title: "str") -> "Iterator[None]":
    """Print what begins, and when it is done the seconds it took."""
    say(title + " ……")
    begun = time.monotonic()
    yield
    say("{}：完成，用时 {:.1f} 秒".format(title, time.monotonic() - begun))


def sections_for(command: "str", database: "str", gateway: "str") -> "list[str]":
    """Return the sections of the lock that `command` needs with these settings, in the order of the file."""
    return list(SECTIONS) if command == "test" else sections_to_run(database, gateway)


def venv_packages() -> "list[str]":
    """Return the Debian package without which this Python cannot make a virtual environment, if it is missing."""
    try:
        for name in ("venv", "ensurepip"):
            importlib.import_module(name)
    except ImportError:
        return [venv_package()]
    return []


def call(words: "list[str]", lock: "int", failure: "str", extra: "dict[str, str] | None" = None) -> "None":
    """Run a program to its end and show nothing of it.

    It inherits `lock`, so that a program which outlives a killed start keeps the next start waiting. Raises Refusal
    with the sentence `failure` and the program's last line.
    """
    environment = dict(os.environ, LC_ALL="C.UTF-8", **(extra or {}))
    done = subprocess.run(
        words,
        env=environment,
        pass_fds=[lock],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = done.stdout.decode("utf-8", "replace").strip()
    if os.environ.get("PORTAL_DEBUG"):
        say(output)
    if done.returncode:
        raise Refusal("{}（{}）".format(failure, output.splitlines()[-1] if output else done.returncode))


def read_bundle(source: "str") -> "None":
    """Refuse a folder that is no bundle of the command `bundle`, or one for another kind of machine."""
    try:
        with open(os.path.join(source, "bundle.json"), encoding="utf-8") as file:
            made_for = json.load(file)["machine"]
    except (OSError, ValueError, KeyError, TypeError):
        sentence = "{} 不是离线安装包（没有 bundle.json，或没有做完）：--from 应指向 bundle 命令做好的文件夹"
        raise Refusal(sentence.format(source)) from None
    here = kind_of_machine()
    if any(made_for.get(name) != here[name] for name in ("python", "processor")):
        raise Refusal(
            "这个离线安装包是为 Python {python}、{processor} 做的，".format(**made_for)
            + "这台机器是 Python {python}、{processor}：请在同样的系统上另做一个".format(**here)
        )
    if made_for.get("distribution") != here["distribution"]:
        say(
            "注意：安装包是在 {} 上做的，这台机器是 {}，系统软件可能装不上".format(
                made_for.get("distribution"), here["distribution"]
            )
        )


def apt_from(source: "str", folder: "str") -> "str":
    """Return a settings file with which apt sees the packages of a bundle alone; what apt writes goes to `folder`."""
    lists, sources = os.path.join(folder, "lists"), os.path.join(folder, "sources.list")
    os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
    with open(sources, "w", encoding="utf-8") as file:
        file.write("deb [trusted=yes] file:{} ./\n".format(quote(os.path.join(source, "debs"))))
    options = {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "-", "Dir::State::lists": lists}
    options.update({"Dir::Cache::pkgcache": "", "Dir::Cache::srcpkgcache": "", "APT::Sandbox::User": "root"})
    path = os.path.join(folder, "apt.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines('{} "{}";\n'.format(name, value) for name, value in options.items())
    return path


def install_system(packages: "list[str]", lock: "int", source: "str" = "", folder: "str" = "") -> "None":
    """Install the Debian `packages`, or refuse with the line that does it; out of the bundle `source` if given."""
    line = "apt-get update && apt-get install -y --no-install-recommends " + " ".join(packages)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if source and shutil.which("apt-get"):
        quiet["APT_CONFIG"] = apt_from(source, folder)
        line = "export APT_CONFIG={} && {}".format(quiet["APT_CONFIG"], line)
    if shutil.which("apt-get") is None:
        raise Refusal("缺少系统软件，而这台机器没有 apt，请用它自己的办法安装（Debian 的包名）：" + " ".join(packages))
    if os.geteuid() != 0:
        raise Refusal("缺少系统软件，请先以管理员身份运行这一行：\n    sudo sh -c '{}'".format(line))
    apt = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=600"]
    with step("更新软件目录"), contextlib.suppress(Refusal):  # a broken source is no matter if the others have it all
        call(apt + ["update"], lock, "", quiet)
    with step("安装系统软件 " + " ".join(packages)):
        with contextlib.suppress(Refusal):  # finishes what a killed start left; apt tells what is still wrong
            call(["dpkg", "--configure", "-a"], lock, "", quiet)
        call(
            apt + ["install", "--fix-broken", "--no-install-recommends"] + packages,
            lock,
            "系统软件安装失败，请检查{}后重试，或运行这一行看原因：{}".format("离线安装包" if source else "网络", line),
            quiet,
        )


def read_stamp(venv: "str") -> "dict[str, str]":
    """Return which sections are complete in the environment, name -> digest; empty where it cannot be used as it is."""
    python = os.path.join(venv, "bin", "python")
    try:
        with open(os.path.join(venv, STAMP), encoding="utf-8") as file:
            stamp = json.load(file)
        usable = os.access(python, os.X_OK) and stamp["python"] == os.path.realpath(python)
        return dict(stamp["sections"]) if usable else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_stamp(venv: "str", sections: "dict[str, str]") -> "None":
    """Write down, in one move, which sections are complete."""
    path = os.path.join(venv, STAMP)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"python": os.path.realpath(os.path.join(venv, "bin", "python")), "sections": sections}, file)
    os.replace(path + ".new", path)


def outdated(stamp: "dict[str, str]", locked: "dict[str, str]") -> "bool":
    """Say whether the environment holds anything but what the lock names, so that it has to be built anew."""
    return not stamp or any(digest(locked.get(name, "")) != sha256 for name, sha256 in stamp.items())


def install_section(venv: "str", name: "str", locked: "dict[str, str]", lock: "int", source: "str" = "") -> "None":
    """Install one section of the lock, over whatever an interrupted installation left of it, and stamp it.

    The wheels come out of the bundle `source` if given, with the same sums.
    """
    requirements = os.path.join(venv, "portal-" + name + ".txt")
    with open(requirements, "w", encoding="utf-8") as file:
        file.write(locked[name])
    pip = [os.path.join(venv, "bin", "python"), "-m", "pip", "install", "-q", "--no-input"]
    pip += ["--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    with step("安装程序库（{}，{} 个）".format(SECTIONS.get(name, name), locked[name].count("=="))):
        pip += ["--no-index", "--find-links", os.path.join(source, "wheels")] if source else []
        failure = "程序库安装失败，请检查{}后重试".format("离线安装包" if source else "网络")
        call(pip + ["--ignore-installed", "-r", requirements], lock, failure)
    write_stamp(venv, dict(read_stamp(venv), **{name: digest(locked[name])}))


def build(venv: "str", names: "list[str]", locked: "dict[str, str]", lock: "int", source: "str" = "") -> "None":
    """Make the environment anew with the sections `names`; the old one comes back if that fails."""
    aside = venv + ".old"
    foreign = os.path.isdir(venv) and not os.path.exists(os.path.join(venv, "pyvenv.cfg"))
    if foreign and set(os.listdir(venv)) - {"bin", "include", "lib", "lib64"}:
        raise Refusal("PORTAL_VENV 指向的文件夹里有别的东西，请换一个空文件夹：" + venv)
    shutil.rmtree(aside, ignore_errors=True)
    if os.path.isdir(venv):
        os.rename(venv, aside)
    try:
        python = getattr(sys, "_base_executable", None) or sys.executable
        with step("建立虚拟环境 " + venv):
            call([python, "-m", "venv", venv], lock, "虚拟环境建立失败")
            write_stamp(venv, {})
        for name in names:
            install_section(venv, name, locked, lock, source)
    except BaseException:
        shutil.rmtree(venv, ignore_errors=True)
        if os.path.isdir(aside):
            os.rename(aside, venv)
        raise
    shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def alone(path: "str") -> "Iterator[int]":
    """Hold the lock file `path`, so that two starts do not install into the same environment; yields its descriptor."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("另一个启动正在准备这台机器，等它完成 ……")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def prepare(command: "str", source: "str" = "") -> "str":
    """Install what `command` needs and is missing; return the environment's Python. Raises Refusal.

    `source` is the folder of a bundle from which it is installed without a network.
    """
    if source:
        read_bundle(source)
    venv = os.path.abspath(setting("VENV", os.path.join(ROOT, "instance", "venv")))
    with open(LOCK, encoding="utf-8") as file:
        locked = read_lock(file.read())
    wanted = sections_for(command, setting("DATABASE_URI", ""), setting("SMS_GATEWAY", ""))

    def ready() -> "bool":
        stamp = read_stamp(venv)
        return not outdated(stamp, locked) and set(wanted) <= set(stamp) and not system_packages(command)

    if not ready():
        with alone(venv + ".lock") as lock:
            stamp = read_stamp(venv)  # again: the start we may have waited for has written it
            anew = outdated(stamp, locked)
            missing = system_packages(command) + (venv_packages() if anew else [])
            if missing:
                install_system(missing, lock, source, venv + ".apt")
            if anew:
                build(venv, [name for name in locked if name in wanted or name in stamp], locked, lock, source)
            else:
                for name in wanted:
                    if name not in stamp:
                        install_section(venv, name, locked, lock, source)
        if not ready():
            raise Refusal("安装之后仍然缺少：" + " ".join(system_packages(command) or wanted))
    return os.path.join(venv, "bin", "python")


def take_source(arguments: "list[str]") -> "tuple[list[str], str]":
    """Return the arguments without `--from DIR`, and the folder, "" where there is none. Raises Refusal."""
    for place, word in enumerate(arguments):
        if word == "--from" or word.startswith("--from="):
            after = 1 if "=" in word else 2
            folder = word.partition("=")[2] if "=" in word else "".join(arguments[place + 1 : place + 2])
            if not folder:
                raise Refusal("--from 后面要写离线安装包的文件夹")
            return arguments[:place] + arguments[place + after :], os.path.abspath(folder)
    return arguments, ""


def run_tests(python: "str", options: "list[str]") -> "int":
    """Run the checks and the tests; return 0 only if all of them passed. Standard output is pytest's alone."""
    if "--proof" in options:
        os.environ["PORTAL_TEST_PROOF"] = "1"
        options = [option for option in options if option != "--proof"]
    failed = 0
    for title, words in CHECKS:
        begun = time.monotonic()
        program = os.path.join(os.path.dirname(python), words[0])
        code = subprocess.call([program, *words[1:]], cwd=ROOT, stdout=sys.stderr)
        say("{}：{}，用时 {:.1f} 秒".format(title, "未通过" if code else "通过", time.monotonic() - begun))
        failed = failed or code
    if not os.environ.get("PORTAL_TEST_POSTGRES"):
        say("没有设置 PORTAL_TEST_POSTGRES：数据库测试只在 SQLite 上运行，PostgreSQL 那一半没有运行")
    if failed:
        say("上面有检查未通过；测试照常运行，最后的结果仍算未通过")
    workers = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]  # each has a browser of its own
    tests = subprocess.call([python, "-m", "pytest"] + workers + options, cwd=ROOT)
    return tests or (1 if failed else 0)


def main(arguments: "list[str]") -> "int":
    """Prepare the machine and run the command; return the exit code where this process lives on."""
    if sys.version_info < OLDEST:
        say("需要 Python 3.11 或更新的版本，当前是 {}.{}。Debian 12 自带合适的 python3。".format(*sys.version_info[:2]))
        return 2
    command = arguments[0] if arguments else ""
    try:
        arguments, source = take_source(arguments)
        if command == "test" and "--proof" in arguments:
            os.environ["PORTAL_TEST_PROOF"] = "1"  # which takes more of the machine
        python = prepare(command, source)
        os.environ["PYTHONUTF8"] = "1"  # Chinese on any terminal
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
        if command == "test":
            return run_tests(python, arguments[1:])
        sys.stderr.flush()
        os.execv(python, [python, "-m", "portal.cli"] + arguments)
    except Refusal as refusal:
        say(str(refusal))
    except KeyboardInterrupt:
        say("已中断；下次启动会接着做完")
    except Exception as error:  # whatever it is, the user gets a sentence
        if os.environ.get("PORTAL_DEBUG"):
            raise
        say("启动时出了没有料到的错误：{}。加上 PORTAL_DEBUG=1 再运行一次可以看到细节".format(error))
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
