from collections.abc import Iterable, Iterator
from datetime import datetime
from os import PathLike
from typing import Any, BinaryIO, Literal, Protocol

__version__: str
READER_VERSION: int
RETRIED_CODES: tuple[str, ...]
RULES_VERSION: int

Path = str | PathLike[str]
Input = Path | bytes | bytearray | memoryview | BinaryIO
Protection = Literal["rms", "password", "other", "none", "unknown"]
Need = Literal["yes", "possible", "no"]

class ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class RmsightError(Exception):
    code: str
    offset: int | None

class Detection:
    @property
    def protected(self) -> bool | None: ...
    @property
    def protection(self) -> Protection: ...
    @property
    def decided(self) -> bool: ...
    @property
    def searched(self) -> bool: ...
    @property
    def container(self) -> str: ...
    @property
    def member(self) -> str | None: ...
    @property
    def error_code(self) -> str | None: ...
    @property
    def slc_key(self) -> str | None: ...
    def raise_for_error(self) -> None: ...

class Finding:
    # The columns of the record. A test compares them with the module.
    schema: int
    reader: int
    source: str | None
    path: str
    path_raw: str | None
    size: int | None
    modified: datetime | None
    member: str | None
    member_size: int | None
    container: str
    protection: Protection
    searched: str
    depth: str
    license_offset: int | None
    license_bytes: int | None
    license_sha256: str | None
    chain_length: int | None
    crypto_mode: int | None
    issued: datetime | None
    valid_until: datetime | None
    descriptor_id: str | None
    descriptor_name: str | None
    content_id: str | None
    owner: str | None
    owner_id_type: str | None
    issuer_kind: str | None
    issuer_id_type: str | None
    issuer_id: str | None
    issuer_name: str | None
    client_version: str | None
    clc_issued: datetime | None
    clc_until: datetime | None
    slc_id: str | None
    slc_key: str | None
    slc_key_bits: int | None
    slc_name: str | None
    slc_address: str | None
    server_version: str | None
    server_sku: str | None
    tenant_id: str | None
    hierarchy: str | None
    slc_issuer_key: str | None
    licensing_intranet: str | None
    licensing_extranet: str | None
    referral: str | None
    label_id: str | None
    label_tenant: str | None
    double_key: bool | None
    use_licenses: int | None
    use_license_key: str | None
    signature: str
    link: str
    error_code: str | None
    error: str | None
    error_offset: int | None
    anomalies: list[str]
    need: Need
    dependency: str
    confidence: str | None
    rule: str
    rules: int
    key_match: str
    authority: str | None
    estate: str | None
    etag: str | None
    version_id: str | None
    tier: str | None
    def __getitem__(self, name: str, /) -> Any: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def __contains__(self, name: str, /) -> bool: ...
    def keys(self) -> list[str]: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_json(self) -> str: ...
    @staticmethod
    def from_json(line: str) -> Finding: ...
    def raise_for_error(self) -> None: ...

class Estate:
    def __init__(self, toml: str | None = None) -> None: ...
    @staticmethod
    def load(path: Path) -> Estate: ...
    @property
    def authorities(self) -> list[str]: ...
    @property
    def digest(self) -> str | None: ...

class RecordBatch:
    @property
    def num_rows(self) -> int: ...
    @property
    def column_names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class Inspector:
    def __init__(
        self,
        *,
        limits: Literal["default", "strict"] | dict[str, int] | None = None,
        verify: bool = True,
        labels: bool = False,
        deep: bool = False,
        quick: bool = False,
        fingerprint: bool = False,
        deadline: float | None = None,
    ) -> None: ...
    def detect(self, file: Input) -> Detection: ...
    def inspect(
        self, file: Input, *, estate: Estate | None = None, path: str | None = None
    ) -> list[Finding]: ...
    def inspect_batch(
        self,
        paths: Iterable[Path | bytes] | ArrowArray | ArrowStream | None = None,
        *,
        content: ArrowArray | ArrowStream | None = None,
        estate: Estate | None = None,
    ) -> RecordBatch: ...

class Scan(Iterator[Finding]):
    exit_code: int | None
    def __next__(self) -> Finding: ...
    def close(self) -> None: ...
    def __enter__(self) -> Scan: ...
    def __exit__(self, *_: object) -> None: ...

def columns() -> list[str]: ...
def detect(file: Input) -> Detection: ...
def from_ndjson(lines: bytes) -> RecordBatch: ...
def inspect(
    file: Input, *, estate: Estate | None = None, path: str | None = None
) -> list[Finding]: ...
def inspect_batch(
    paths: Iterable[Path | bytes] | ArrowArray | ArrowStream | None = None,
    *,
    content: ArrowArray | ArrowStream | None = None,
    estate: Estate | None = None,
) -> RecordBatch: ...
def judge(records: Iterable[Finding] | ArrowArray | ArrowStream, estate: Estate) -> Any: ...
def not_read(
    path: Path | bytes,
    code: str,
    text: str,
    *,
    size: int | None = None,
    modified: int | None = None,
    source: str | None = None,
) -> Finding: ...
def run(arguments: list[str]) -> int: ...
def scan(
    paths: Path | bytes | Iterable[Path | bytes],
    *,
    threads: int | None = None,
    estate: Path | None = None,
    quick: bool = False,
    verify: bool = True,
    labels: bool = False,
    deep: bool = False,
    strict: bool = False,
) -> Scan: ...
def to_ndjson(records: ArrowArray | ArrowStream) -> bytes: ...
