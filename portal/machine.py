"""What this machine needs to have, in a table, and whether it has it.

Standard library alone, and readable for Python 3.6, as the launcher is, which asks it before anything is installed; the
doctor asks it afterwards.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCK = os.path.join(ROOT, "requirements.lock")

# what is loaded by name -> the Debian package that brings it
LIBRARIES = {
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libharfbuzz.so.0": "libharfbuzz0b",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
}
TEST_LIBRARIES = {"libatomic.so.1": "libatomic1", "libzbar.so.0": "libzbar0"}
TEST_PROGRAMS = {"chromium": "chromium"}
# what the long run alone asks: whether another office program opens our workbooks
PROOF_PROGRAMS = {"soffice": "libreoffice-calc-nogui"}
# the beginning of a font file's name -> the Debian package that brings it
FONTS = {"NotoSerifCJK": "fonts-noto-cjk", "HanaMinA": "fonts-hanazono", "HanaMinB": "fonts-hanazono"}

# the sections of the lock, in the words of the steps
SECTIONS = {"runtime": "运行", "postgres": "PostgreSQL", "sms": "短信", "development": "测试"}
# the gateways that are spoken to by their vendors' SDKs
VENDORS = ("aliyun", "tencent")


def setting(name: "str", default: "str") -> "str":
    """Return the setting `name` (without PORTAL_) from the environment, else from portal.cfg, else `default`."""
    values = {}
    folder = os.environ.get("PORTAL_INSTANCE") or os.path.join(ROOT, "instance")
    with contextlib.suppress(OSError), open(os.path.join(folder, "portal.cfg"), encoding="utf-8") as file:
        pairs = (line.partition("=") for line in file)
        values = {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
    value = os.environ.get("PORTAL_" + name) or values.get(name) or values.get("PORTAL_" + name)
    return value or default


def read_lock(text: "str") -> "dict[str, str]":
    """Cut the text of requirements.lock into its sections: name -> requirements."""
    parts = text.split("\n# == ")[1:]
    return {part.partition(" ==\n")[0]: part.partition(" ==\n")[2].strip() + "\n" for part in parts}


def sections_to_run(database: "str", gateway: "str") -> "list[str]":
    """Return the sections of the lock that the portal needs for its `database` address and its SMS `gateway`."""
    sections = ["runtime"]
    if database.startswith("postgresql"):
        sections.append("postgres")
    if gateway in VENDORS:
        sections.append("sms")
    return sections


def digest(text: "str") -> "str":
    """Return the sha256 (hex) of a section."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def system_packages(command: "str") -> "list[str]":
    """Return the Debian packages that are missing for `command`, found by loading what they bring.

    The doctor tells of them itself, and installs nothing.
    """
    if command == "doctor":
        return []
    missing = [package for name, package in LIBRARIES.items() if not loads(name)]
    missing += [package for name, package in FONTS.items() if not has_font(name)]
    if command == "test":
        missing += [package for name, package in TEST_LIBRARIES.items() if not loads(name)]
        missing += [package for name, package in TEST_PROGRAMS.items() if shutil.which(name) is None]
        if os.environ.get("PORTAL_TEST_PROOF"):
            missing += [package for name, package in PROOF_PROGRAMS.items() if shutil.which(name) is None]
    return sorted(set(missing))


def loads(library: "str") -> "bool":
    """Say whether the shared `library` can be loaded."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font(beginning: "str") -> "bool":
    """Say whether a font file whose name starts with `beginning` is installed."""
    home = os.path.expanduser("~")
    folders = ("/usr/share/fonts", "/usr/local/share/fonts", home + "/.local/share/fonts", home + "/.fonts")
    return any(file.startswith(beginning) for folder in folders for _, _, files in os.walk(folder) for file in files)


def venv_package() -> "str":
    """Return the Debian package that lets this Python make virtual environments."""
    return "python{}.{}-venv".format(*sys.version_info[:2])


def kind_of_machine() -> "dict[str, str]":
    """Return what a bundle must fit: the version of Python, the processor, the distribution."""
    system = {}
    with contextlib.suppress(OSError), open("/etc/os-release", encoding="utf-8") as file:
        system = dict(line.strip().replace('"', "").split("=", 1) for line in file if "=" in line)
    distribution = "{} {}".format(system.get("ID", ""), system.get("VERSION_ID", "")).strip()
    return {
        "python": "{}.{}".format(*sys.version_info[:2]),
        "processor": os.uname().machine,
        "distribution": distribution or "unknown",
    }
