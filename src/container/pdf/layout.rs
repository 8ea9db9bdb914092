//! Names, sizes and limits of the format (ISO 32000-2, and the Microsoft IRM supplement to it).

use crate::code::ErrorCode;

/// ISO 32000-2 7.5.2.
pub(crate) const HEADER: &[u8; 5] = b"%PDF-";
/// Readers accept junk before the header up to here (ISO 32000-2 annex I, implementation notes).
pub(in crate::container) const HEADER_WITHIN: usize = 1024;
/// How much of the end is read for `startxref`; the specification wants it on the last two lines.
pub(crate) const TAIL: usize = 4096;
/// ISO 32000-2 7.5.5.
pub(crate) const STARTXREF: &[u8] = b"startxref";
/// Bytes behind it that are looked at for the rest of a trailer that was closed too early.
pub(crate) const BEHIND_TRAILER: usize = 128;
/// White space that may stand between the place where an object is listed and the object.
pub(crate) const SPACE_BEFORE: u64 = 16;
/// Bytes of one entry of a cross-reference table (ISO 32000-2 7.5.4).
pub(crate) const ENTRY: u64 = 20;

/// The handler's name in `/Filter`, compared without case (the SDK does the same).
pub(crate) const MICROSOFT_IRM: &[u8] = b"MicrosoftIRMServices";
/// The key of the license in the encryption dictionary.
pub(crate) const PUBLISHING_LICENSE: &[u8] = b"PublishingLicense";
/// `/AFRelationship` and `/EP /Type` of a wrapper (ISO 32000-2 7.6.7).
pub(crate) const ENCRYPTED_PAYLOAD: &[u8] = b"EncryptedPayload";
/// The code of an error in a wrapper's payload.
pub(crate) const PAYLOAD_DAMAGED: ErrorCode = ErrorCode::MalformedPdfPayload;
/// What a damaged name of the handler still begins with, and what no other producer writes.
pub(crate) const MARKERS: [&[u8]; 3] = [b"MicrosoftIRM", PUBLISHING_LICENSE, ENCRYPTED_PAYLOAD];
/// The same with the place of their `c`: a letter that all of them have, and few trailers.
pub(crate) const MARKERS_BY_C: [(&[u8], usize); 3] =
    [(b"MicrosoftIRM", 2), (PUBLISHING_LICENSE, 12), (ENCRYPTED_PAYLOAD, 2)];
/// The same in a trailer, where `Encrypt` is a sign if it is no key.
pub(crate) const TRAILER_MARKERS_BY_C: [(&[u8], usize); 3] =
    [(b"MicrosoftIRM", 2), (PUBLISHING_LICENSE, 12), (b"Encrypt", 2)];

/// What a search looks for: `SIGNS`, and Foxit's names of the handler.
pub(crate) const SEARCH_MARKERS: [&[u8]; 4] =
    [b"MicrosoftIRM", PUBLISHING_LICENSE, ENCRYPTED_PAYLOAD, b"FoxitRMS"];

/// Names under which Foxit writes Microsoft's handler: `FoxitRMS`, and `FoxitRMSV2` for version 2.
pub(crate) const FOXIT_RMS: [&[u8]; 2] = [b"FoxitRMS", b"FoxitRMSV2"];

/// The handler of passwords (ISO 32000-2 7.6.4).
pub(crate) const STANDARD: &[u8] = b"Standard";

/// The other handlers that are known to need no rights management server of Microsoft. A handler
/// that is missing here may be one that does.
pub(crate) const OTHER_HANDLERS: [&[u8]; 12] = [
    // Certificates (ISO 32000-2 7.6.5), and the plug-ins that wrote them before.
    b"Adobe.PubSec",
    b"Adobe.PPKLite",
    b"Adobe.PPKMS",
    b"Entrust.PPKEF",
    b"VeriSign.PPKVS",
    // Adobe Content Server (ADEPT), and Adobe's policy server (LiveCycle Rights Management, and
    // Barnes & Noble).
    b"EBX_HANDLER",
    b"Adobe.APS",
    // FileOpen, by its plug-in and by its web service.
    b"FOPN_fLock",
    b"FOPN_foweb",
    // Acrobat's shop for documents, up to version 5.
    b"Adobe.WebBuy",
    b"WebBuy",
    // SoftLock.com's shop for documents.
    b"SoftLock",
];

/// Keys of a trailer and of a cross-reference stream (ISO 32000-2 tables 5, 15, 17 and 19), with
/// those that known producers add. A value under any other key is looked at: it may be `/Encrypt`
/// with one byte changed.
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

/// Keys of a catalog (ISO 32000-2 table 29) with those of PAdES; as above.
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

/// Values under unknown keys that are looked at, and file specifications of one list.
pub(crate) const SUSPECTS: usize = 16;
/// Nested arrays and dictionaries. Real ones stay under 10.
pub(crate) const DEPTH: usize = 64;
/// Entries of one dictionary; resource dictionaries reach hundreds, those read here some twenty.
pub(crate) const DICT_ENTRIES: usize = 1024;
/// An object that is asked for at first, and then: most dictionaries are smaller.
pub(crate) const OBJECT: [usize; 2] = [1024, 4096];
/// What an object grows by: a license has tens of kilobytes.
pub(crate) const OBJECT_STEP: usize = 65_536;
/// Decoded bytes of one object stream. Producers put 100 to 200 objects in one, some 50 KB.
pub(crate) const OBJECT_STREAM: usize = 1_048_576;
/// Decoded bytes of a cross-reference stream that are kept; what lies behind is inflated again.
pub(crate) const XREF_KEPT: usize = 262_144;
/// Columns of a PNG predictor (ISO 32000-2 table 8); real ones are the width of an entry.
pub(crate) const COLUMNS: usize = 64;
/// Objects that a search keeps, 16 bytes each.
pub(crate) const SEARCH_OBJECTS: usize = 32_768;
/// Places that a search keeps: trailers, object streams, mentions of the handler.
pub(crate) const SEARCH_PLACES: usize = 4096;
/// Piece of the file that a search reads at a time, and what it sees again of the last one.
pub(crate) const SEARCH_PIECE: usize = 65_536;
pub(crate) const SEARCH_OVERLAP: usize = 1024;
/// A metadata stream or Info dictionary that is read for labels.
pub(crate) const METADATA: usize = 1_048_576;

/// Of a compressed payload, what its first pass keeps: the beginning, the end (twice while it
/// runs), and what follows a mention of the handler. Together with the second pass under 2 MiB.
pub(crate) const KEPT_HEAD: usize = 65_536;
pub(crate) const KEPT_TAIL: usize = 262_144;
pub(crate) const KEPT_MENTIONED: usize = 786_432;
/// What a mention is kept with before it: the dictionary around it begins there.
pub(crate) const KEPT_BEFORE: usize = 4_096;
/// What the second pass still has when a read goes back.
pub(crate) const KEPT_BEHIND: usize = 131_072;
/// Compressed and inflated bytes at a time.
pub(crate) const PIECE: usize = 65_536;
