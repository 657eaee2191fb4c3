"""The finished files of jobs, one for each."""

from portal.core.sealed_files import SealedFolder

FILES = SealedFolder("roster")
