"""Times a program as a whole, and takes its peak memory from the system.

    python benchmarks/peers/process.py WARM_UPS TIMED COMMAND…
"""

import json
import os
import resource
import statistics
import sys
import time

# Linux counts it in KiB.
KIB = 1024


def run(command: list[str]) -> tuple[float, int]:
    """Seconds and the peak memory in KiB; what the program prints is thrown away, its errors are not."""
    silence = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=[silence])
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(command)} ended with {code}")
    return seconds, usage.ru_maxrss


def main() -> None:
    warm_ups, timed, *command = sys.argv[1:]
    for _ in range(int(warm_ups)):
        run(command)
    seconds, peaks = zip(*(run(command) for _ in range(int(timed))))
    # A process is born with the peak of the one that started it; below that, nothing is known.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = max(peaks) * KIB if max(peaks) > own else None
    print(json.dumps({"seconds": statistics.median(seconds), "peak_memory_bytes": peak, "versions": {}}))


if __name__ == "__main__":
    main()
