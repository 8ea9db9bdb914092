"""Compares the latency of `detect` in Rust, C and Python on the same files: latency.py LIST [ROUNDS]

LIST names files, one a line. The package `rmsight` is imported as it is installed; the programs in Rust and C are
built in the release profile. All three take turns, because other load changes the times of each. For each call the
fastest of all turns counts: it is the one that other processes disturbed least.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import rmsight

ROOT = pathlib.Path(__file__).resolve().parents[1]
TURNS = 7


def build(folder):
    """Build the programs in Rust and C, and return the command of each."""
    cargo = ["cargo", "build", "--quiet", "--release", "--features", "zlib-rs", "--example", "latency"]
    subprocess.run(cargo, cwd=ROOT, check=True)
    prefix = pathlib.Path(folder) / "sdk"
    subprocess.run([ROOT / "bindings/c/package.sh", prefix], check=True)
    program = pathlib.Path(folder) / "latency"
    flags = [f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lrmsight"]
    source = ROOT / "bindings/c/examples/latency.c"
    subprocess.run(["cc", "-std=c11", "-O2", source, *flags, "-o", program], check=True)
    return {"Rust": [ROOT / "target/release/examples/latency"], "C": [program]}


def measured(command, arguments):
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


def measured_here(listed, rounds):
    """Return the nanoseconds of each call from Python."""
    paths = pathlib.Path(listed).read_text().splitlines()
    detect, now, took = rmsight.detect, time.perf_counter_ns, []
    for turn in range(rounds + 1):
        for path in paths:
            start = now()
            detect(path)
            if turn:
                took.append(now() - start)
    return took


def main():
    listed, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    files = len(pathlib.Path(listed).read_text().splitlines())
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        programs = build(folder)
        for _ in range(TURNS):
            for name in [*programs, "Python"]:
                arguments = (listed, str(rounds))
                took = measured(programs[name], arguments) if name in programs else measured_here(listed, rounds)
                # The calls of one file in all rounds.
                fastest = [min(took[at::files]) for at in range(files)]
                best[name] = [min(pair) for pair in zip(fastest, best.get(name, fastest))]
    print("| | median | 99th percentile | added to the median |")
    print("|---|---|---|---|")
    base = statistics.median(best["Rust"])
    for name, took in best.items():
        median, high = statistics.median(took), sorted(took)[len(took) * 99 // 100]
        print(f"| {name} | {median / 1000:.1f} µs | {high / 1000:.1f} µs | {(median - base) / 1000:.1f} µs |")


if __name__ == "__main__":
    main()
