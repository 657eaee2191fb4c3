"""One operation in a process of its own, to watch its memory: python -m portal.bench.alone FOLDER NAME."""

import sys
from pathlib import Path

from portal.bench.runner import alone

if __name__ == "__main__":
    alone(Path(sys.argv[1]), sys.argv[2])
