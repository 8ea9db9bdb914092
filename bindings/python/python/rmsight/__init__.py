"""Finds rights-protected (AD RMS, Azure RMS) files and the keys that open them.

>>> import rmsight
>>> rmsight.detect(b"Nothing in this text is protected.").protected
False

`protected` is None if a file was not read far enough to tell. None is not False.
"""

from ._rmsight import (
    READER_VERSION,
    RETRIED_CODES,
    RULES_VERSION,
    Detection,
    Estate,
    Finding,
    Inspector,
    RecordBatch,
    RmsightError,
    __version__,
    columns,
    detect,
    from_ndjson,
    inspect,
    judge,
    not_read,
    run,
    to_ndjson,
)
from ._scan import Scan, scan


def inspect_batch(paths=None, *, content=None, estate=None):
    """Inspect many files with the default options and return one Arrow record batch.

    See `Inspector.inspect_batch`.
    """
    return _inspector().inspect_batch(paths, content=content, estate=estate)


_DEFAULT = None


def _inspector():
    global _DEFAULT
    if _DEFAULT is None:
        _DEFAULT = Inspector()
    return _DEFAULT


__all__ = [
    "READER_VERSION",
    "RETRIED_CODES",
    "RULES_VERSION",
    "Detection",
    "Estate",
    "Finding",
    "Inspector",
    "RecordBatch",
    "RmsightError",
    "Scan",
    "__version__",
    "columns",
    "detect",
    "from_ndjson",
    "inspect",
    "inspect_batch",
    "judge",
    "not_read",
    "run",
    "scan",
    "to_ndjson",
]
