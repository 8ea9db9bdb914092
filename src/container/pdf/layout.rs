//! Names, sizes and limits of the format (ISO 32000-2, and the Microsoft IRM supplement to it).

use crate::code::ErrorCode;

/// The start of the header (ISO 32000-2 7.5.2).
pub(crate) const HEADER: &[u8; 5] = b"%PDF-";
/// The largest offset of the header. Readers accept other bytes before it (ISO 32000-2 annex I).
pub(in crate::container) const HEADER_WITHIN: usize = 1024;
/// The length of the end of the file in which `startxref` is searched for. By the specification it
/// is on the last lines.
pub(crate) const TAIL: usize = 4096;
/// The keyword before the offset of the newest section (ISO 32000-2 7.5.5).
pub(crate) const STARTXREF: &[u8] = b"startxref";
/// The number of bytes after `startxref` that are checked for the continuation of a trailer that
/// was closed too early.
pub(crate) const AFTER_TRAILER: usize = 128;
/// The longest white space between the listed offset of an object and the object.
pub(crate) const SPACE_BEFORE: u64 = 16;
/// The length of an entry of a cross-reference table (ISO 32000-2 7.5.4).
pub(crate) const ENTRY: u64 = 20;

/// The handler's name in `/Filter`, compared without case (the SDK does the same).
pub(crate) const MICROSOFT_IRM: &[u8] = b"MicrosoftIRMServices";
/// The key of the license in the encryption dictionary.
pub(crate) const PUBLISHING_LICENSE: &[u8] = b"PublishingLicense";
/// `/AFRelationship` and `/EP /Type` of a wrapper (ISO 32000-2 7.6.7).
pub(crate) const ENCRYPTED_PAYLOAD: &[u8] = b"EncryptedPayload";
/// The code of an error in a wrapper's payload.
pub(crate) const PAYLOAD_DAMAGED: ErrorCode = ErrorCode::MalformedPdfPayload;
/// Names, or starts of names, that only Microsoft's handler and wrappers of protected PDFs contain.
/// A name whose end is damaged still begins like this.
pub(crate) const MARKERS: [&[u8]; 3] = [b"MicrosoftIRM", PUBLISHING_LICENSE, ENCRYPTED_PAYLOAD];
/// The same names, each with the offset of its letter `c`, which is rare in trailers.
pub(crate) const MARKERS_BY_C: [(&[u8], usize); 3] =
    [(b"MicrosoftIRM", 2), (PUBLISHING_LICENSE, 12), (ENCRYPTED_PAYLOAD, 2)];
/// The markers of a trailer. `Encrypt` in a trailer without that key is a marker too.
pub(crate) const TRAILER_MARKERS_BY_C: [(&[u8], usize); 3] =
    [(b"MicrosoftIRM", 2), (PUBLISHING_LICENSE, 12), (b"Encrypt", 2)];

/// The markers that a scan searches for: [`MARKERS`], and the name that Foxit gives the handler.
pub(crate) const SEARCH_MARKERS: [&[u8]; 4] =
    [b"MicrosoftIRM", PUBLISHING_LICENSE, ENCRYPTED_PAYLOAD, b"FoxitRMS"];

/// Names under which Foxit writes Microsoft's handler: `FoxitRMS`, and `FoxitRMSV2` for version 2.
pub(crate) const FOXIT_RMS: [&[u8]; 2] = [b"FoxitRMS", b"FoxitRMSV2"];

/// The handler of passwords (ISO 32000-2 7.6.4).
pub(crate) const STANDARD: &[u8] = b"Standard";

/// The other handlers that need no rights management server of Microsoft. A handler that is not
/// listed may need one.
pub(crate) const OTHER_HANDLERS: [&[u8]; 12] = [
    // Certificates (ISO 32000-2 7.6.5), and earlier plug-ins for certificates.
    b"Adobe.PubSec",
    b"Adobe.PPKLite",
    b"Adobe.PPKMS",
    b"Entrust.PPKEF",
    b"VeriSign.PPKVS",
    // Adobe Content Server (ADEPT), and Adobe's policy server (LiveCycle Rights Management, and
    // Barnes & Noble).
    b"EBX_HANDLER",
    b"Adobe.APS",
    // FileOpen: its plug-in and its web service.
    b"FOPN_fLock",
    b"FOPN_foweb",
    // Acrobat's document shop, up to version 5.
    b"Adobe.WebBuy",
    b"WebBuy",
    // The document shop of SoftLock.com.
    b"SoftLock",
];

/// Keys of a trailer and of a cross-reference stream (ISO 32000-2 tables 5, 15, 17 and 19), with
/// those of known producers. A value under any other key is read: the key may be `/Encrypt` with
/// one changed byte.
pub(crate) const TRAILER_KEYS: &[&[u8]] = &[
    b"Size",
    b"Root",
    b"Info",
    b"ID",
    b"Prev",
    b"Encrypt",
    b"XRefStm",
    b"Type",
    b"W",
    b"Index",
    b"Length",
    b"Filter",
    b"DecodeParms",
    b"DL",
    b"F",
    b"FFilter",
    b"FDecodeParms",
    b"Wrapper",
    b"WrapperOffset",
    b"DocChecksum",
    b"AuthCode",
];

/// Keys of a catalog (ISO 32000-2 table 29) and those of PAdES. Values under other keys are read
/// too.
pub(crate) const CATALOG_KEYS: &[&[u8]] = &[
    b"Type",
    b"Version",
    b"Extensions",
    b"Pages",
    b"PageLabels",
    b"Names",
    b"Dests",
    b"ViewerPreferences",
    b"PageLayout",
    b"PageMode",
    b"Outlines",
    b"Threads",
    b"OpenAction",
    b"AA",
    b"URI",
    b"AcroForm",
    b"Metadata",
    b"StructTreeRoot",
    b"MarkInfo",
    b"Lang",
    b"SpiderInfo",
    b"OutputIntents",
    b"PieceInfo",
    b"OCProperties",
    b"Perms",
    b"Legal",
    b"Requirements",
    b"Collection",
    b"NeedsRendering",
    b"DSS",
    b"AF",
    b"DPartRoot",
];

/// The maximum number of references under one unknown key that are read.
pub(crate) const SUSPECTS: usize = 16;
/// The maximum depth of nested arrays and dictionaries. Real files stay below 10.
pub(crate) const DEPTH: usize = 64;
/// The maximum number of entries of a dictionary. The dictionaries that are read here have about
/// twenty.
pub(crate) const DICT_ENTRIES: usize = 1024;
/// The lengths of the first two reads of an object. Most dictionaries are shorter.
pub(crate) const OBJECT: [usize; 2] = [1024, 4096];
/// The length of further reads of an object. A license has tens of kilobytes.
pub(crate) const OBJECT_STEP: usize = 65_536;
/// The maximum decoded length of an object stream. Producers write 100 to 200 objects in one, about
/// 50 KB.
pub(crate) const OBJECT_STREAM: usize = 1_048_576;
/// The maximum number of decoded bytes of a cross-reference stream that are stored. Later bytes are
/// inflated for each lookup.
pub(crate) const XREF_KEPT: usize = 262_144;
/// The maximum number of columns of a PNG predictor (ISO 32000-2 table 8). Real files use the
/// length of an entry.
pub(crate) const COLUMNS: usize = 64;
/// The maximum number of objects that a scan stores, 16 bytes each.
pub(crate) const SEARCH_OBJECTS: usize = 32_768;
/// The maximum number of trailers, of object streams and of markers that a scan stores.
pub(crate) const SEARCH_PLACES: usize = 4096;
/// The length of the pieces that a scan reads, and their overlap.
pub(crate) const SEARCH_PIECE: usize = 65_536;
pub(crate) const SEARCH_OVERLAP: usize = 1024;
/// The maximum length of a metadata stream that is read for labels.
pub(crate) const METADATA: usize = 1_048_576;

/// The parts of a compressed payload that the first pass stores: the start, the end (twice that
/// length during the pass), and the bytes around markers. With the second pass they take less than
/// 2 MiB.
pub(crate) const KEPT_HEAD: usize = 65_536;
pub(crate) const KEPT_TAIL: usize = 262_144;
pub(crate) const KEPT_MARKED: usize = 786_432;
/// The number of bytes that are stored before a marker, for the start of its dictionary.
pub(crate) const KEPT_BEFORE: usize = 4_096;
/// The number of decoded bytes that the second pass stores for reads at an earlier offset.
pub(crate) const KEPT_RECENT: usize = 131_072;
/// The length of a piece of compressed or inflated bytes.
pub(crate) const PIECE: usize = 65_536;
