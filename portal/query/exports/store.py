"""The files of exports that the clock has made."""

from portal.core.sealed_files import SealedFolder

FILES = SealedFolder("export")
