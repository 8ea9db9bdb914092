"""How the workers read files."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadOptions:
    """How the workers read files.

    jobs: files that one task reads at the same time. More than 4 help if each read waits for a server.
    deadline: seconds after which a file that does not answer is `hung`.
    memory: bytes of address space of the process that reads, or None for no limit. Each task has one.
    arguments: options of `rmsight scan`, such as `("--labels", "--deep")`.
    program: what starts the program on a worker; by default the package in the worker's interpreter.
    """

    jobs: int = 4
    deadline: float = 900.0
    memory: int | None = 2 << 30
    arguments: tuple[str, ...] = ()
    program: tuple[str, ...] | None = None
