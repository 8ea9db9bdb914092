//! Writes small PDFs in each layout that producers use.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine;
use flate2::Compression;
use flate2::write::ZlibEncoder;

pub(super) const LICENSE: &str =
    "\u{feff}<XrML version=\"1.2\"><BODY type=\"Microsoft Rights Label\"></BODY></XrML>";

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns a literal string with escapes.
pub(super) fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![b'('];
    for byte in bytes {
        match byte {
            b'(' | b')' | b'\\' => out.extend([b'\\', *byte]),
            b'\r' => out.extend(b"\\r"),
            _ => out.push(*byte),
        }
    }
    out.push(b')');
    out
}

/// Returns a hexadecimal string.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::from("<");
    for byte in bytes {
        write!(out, "{byte:02X}").unwrap();
    }
    out.push('>');
    out.into_bytes()
}

/// A PDF that is written object by object.
#[derive(Clone)]
pub(super) struct Pdf {
    pub(super) bytes: Vec<u8>,
    /// Number, offset, and object stream of each object.
    objects: Vec<(usize, usize, Option<usize>)>,
    /// The number of objects that the written sections list.
    listed: usize,
    /// The offset of the newest section.
    pub(super) section: usize,
}

impl Pdf {
    pub(super) fn new() -> Pdf {
        let bytes = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        Pdf { bytes, objects: Vec::new(), listed: 0, section: 0 }
    }

    pub(super) fn raw(&mut self, bytes: impl AsRef<[u8]>) -> &mut Pdf {
        self.bytes.extend_from_slice(bytes.as_ref());
        self
    }

    pub(super) fn object(&mut self, number: usize, value: impl AsRef<[u8]>) -> &mut Pdf {
        self.objects.push((number, self.bytes.len(), None));
        self.raw(format!("{number} 0 obj\n")).raw(value).raw("\nendobj\n")
    }

    /// Adds a stream. `dict` is the text between the brackets, with `/Length`.
    pub(super) fn stream(&mut self, number: usize, dict: &str, data: &[u8]) -> &mut Pdf {
        self.objects.push((number, self.bytes.len(), None));
        self.raw(format!("{number} 0 obj\n<<{dict}>>stream\r\n"));
        self.raw(data).raw("\nendstream\nendobj\n")
    }

    /// Adds an object stream of these objects.
    pub(super) fn object_stream(&mut self, number: usize, objects: &[(usize, &str)]) -> &mut Pdf {
        self.object_stream_as(number, objects, Payload::Flate)
    }

    fn object_stream_as(
        &mut self,
        number: usize,
        objects: &[(usize, &str)],
        kind: Payload,
    ) -> &mut Pdf {
        let (mut list, mut values) = (String::new(), String::new());
        for (inner, value) in objects {
            write!(list, "{inner} {} ", values.len()).unwrap();
            writeln!(values, "{value}").unwrap();
            self.objects.push((*inner, 0, Some(number)));
        }
        let data = format!("{list}{values}").into_bytes();
        let (filter, data) = match kind {
            Payload::Stored => ("", data),
            Payload::Flate => ("/Filter/FlateDecode", deflate(&data)),
        };
        let dict = format!(
            "/Type/ObjStm/N {}/First {}{filter}/Length {}",
            objects.len(),
            list.len(),
            data.len()
        );
        self.stream(number, &dict, &data)
    }

    /// Returns the objects that no section lists yet.
    fn unlisted(&mut self) -> Vec<(usize, usize, Option<usize>)> {
        let mut objects = self.objects[self.listed..].to_vec();
        self.listed = self.objects.len();
        objects.sort_unstable();
        objects
    }

    /// Adds a table of the objects that no section lists, its trailer and `startxref`.
    pub(super) fn table(&mut self, trailer: &str) -> &mut Pdf {
        self.section = self.bytes.len();
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        for (number, at, stream) in self.unlisted() {
            match stream {
                None => write!(table, "{number} 1\n{at:010} 00000 n \n").unwrap(),
                Some(_) => write!(table, "{number} 1\n0000000000 00000 f \n").unwrap(),
            }
        }
        self.raw(table).raw(format!("trailer\n<< /Size 100 {trailer} >>\n"));
        self.end(self.section)
    }

    /// Adds the same as a stream with PNG predictors, which is object `number`.
    pub(super) fn stream_section(&mut self, number: usize, trailer: &str) -> &mut Pdf {
        self.section = self.bytes.len();
        self.objects.push((number, self.section, None));
        let (mut index, mut rows) = (String::new(), Vec::new());
        let mut above = [0_u8; 5];
        for (number, at, stream) in self.unlisted() {
            write!(index, "{number} 1 ").unwrap();
            let (kind, field) = stream.map_or((1, at), |stream| (2, stream));
            let field = u32::try_from(field).unwrap().to_be_bytes();
            let row = [kind, field[0], field[1], field[2], field[3]];
            rows.push(2);
            rows.extend(row.iter().zip(above).map(|(byte, above)| byte.wrapping_sub(above)));
            above = row;
        }
        let data = deflate(&rows);
        let dict = format!(
            "/Type/XRef/Size 100/W[1 4 0]/Index[{index}]/Filter/FlateDecode\
             /DecodeParms<</Predictor 12/Columns 5>>/Length {} {trailer}",
            data.len()
        );
        self.raw(format!("{number} 0 obj\n<<{dict}>>stream\n")).raw(data);
        self.raw("\nendstream\nendobj\n");
        self.end(self.section)
    }

    pub(super) fn end(&mut self, section: usize) -> &mut Pdf {
        self.raw(format!("startxref\n{section}\n%%EOF\n"))
    }

    /// Adds the pages and the catalog of every file.
    pub(super) fn pages(&mut self) -> &mut Pdf {
        self.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
            .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
            .object(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>")
            .stream(4, "/Length 9", b"BT (x) ET")
            .object(5, "<< /Producer (test) >>")
    }
}

pub(super) const TRAILER: &str = "/Root 1 0 R /Info 5 0 R /ID [<0123> <4567>]";

/// Returns an encryption dictionary of Microsoft's handler with this license string.
pub(super) fn dictionary(version: &str, license: &[u8]) -> Vec<u8> {
    [
        b"<< /Filter /MicrosoftIRMServices /CF << /MicrosoftIRMServices << /Type /CryptFilter /CFM /None >> >> /StmF /MicrosoftIRMServices /StrF /MicrosoftIRMServices ".as_slice(),
        version.as_bytes(),
        b" /V 5 /EncryptMetadata true /PublishingLicense ",
        license,
        b" >>",
    ]
    .concat()
}

/// Returns the encoding of a license in version 1.
pub(super) fn packed(license: &[u8]) -> Vec<u8> {
    let base64 = base64::engine::general_purpose::STANDARD.encode(deflate(license));
    literal(base64.as_bytes())
}

pub(super) fn plain() -> Vec<u8> {
    Pdf::new().pages().table(TRAILER).bytes.clone()
}

/// Returns a file whose `/Encrypt` is this object.
pub(super) fn encrypted(dictionary: &[u8]) -> Vec<u8> {
    let trailer = format!("{TRAILER} /Encrypt 6 0 R");
    Pdf::new().pages().object(6, dictionary).table(&trailer).bytes.clone()
}

pub(super) fn v1() -> Vec<u8> {
    encrypted(&dictionary("/MicrosoftIRMVersion 1", &packed(LICENSE.as_bytes())))
}

/// Returns a file of version 1 whose dictionary contains only the name and the license, as the
/// oldest producers write it.
pub(super) fn v1_bare_dictionary() -> Vec<u8> {
    let license = packed(LICENSE.as_bytes());
    let dictionary = b"<< /Filter /MicrosoftIRMServices /PublishingLicense ".as_slice();
    encrypted(&[dictionary, &license, b" >>"].concat())
}

pub(super) fn v2() -> Vec<u8> {
    let dictionary = dictionary("/MicrosoftIRMVersion 2", &literal(LICENSE.as_bytes()));
    let trailer = format!("{TRAILER} /Encrypt 6 0 R");
    Pdf::new().pages().object(6, dictionary).stream_section(7, &trailer).bytes.clone()
}

/// The encoding of the payload in a wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    Stored,
    Flate,
}

const NAME: &str = "(MicrosoftIRMServices Protected PDF.pdf)";
const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R /AF [10 0 R] \
    /Collection << /D (MicrosoftIRMServices Protected PDF.pdf) /View /H >> \
    /Names << /EmbeddedFiles << /Names [(MicrosoftIRMServices Protected PDF.pdf) 10 0 R] >> >> >>";

fn file_specification() -> String {
    format!(
        "<< /Type /Filespec /F {NAME} /UF {NAME} /AFRelationship /EncryptedPayload \
         /Desc (This embedded file is encrypted using MicrosoftIRMServices filter) \
         /EP << /Type /EncryptedPayload /Subtype /MicrosoftIRMServices /Version 2 >> \
         /EF << /F 11 0 R >> >>"
    )
}

/// Adds the payload as object 11. Object 12 is its length.
fn payload(pdf: &mut Pdf, payload: &[u8], kind: Payload) {
    let (filter, data) = match kind {
        Payload::Stored => ("", payload.to_vec()),
        Payload::Flate => ("/Filter/FlateDecode", deflate(payload)),
    };
    let dict = format!("/Type/EmbeddedFile/Subtype/application#2Fpdf{filter}/Length 12 0 R");
    pdf.stream(11, &dict, &data).object(12, data.len().to_string());
}

/// Returns a wrapper as the SDK writes it, with the catalog outside of object streams.
pub(super) fn wrapper(inner: &[u8], kind: Payload) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.object(1, CATALOG)
        .object(2, "<< /Type /Pages /Kids [] /Count 0 >>")
        .object(5, "<< /Producer (test) >>")
        .object(10, file_specification());
    payload(&mut pdf, inner, kind);
    pdf.stream_section(13, TRAILER).bytes.clone()
}

/// Returns a hybrid file (ISO 32000-2 7.5.8.4): catalog and file specification are in an object
/// stream that only the cross-reference stream lists.
pub(super) fn hybrid_wrapper(inner: &[u8], kind: Payload) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.object(2, "<< /Type /Pages /Kids [] /Count 0 >>");
    pdf.object_stream(14, &[(1, CATALOG), (10, &file_specification())]);
    let hidden = pdf.stream_section(13, TRAILER).section;
    pdf.object(5, "<< /Producer (test) >>");
    payload(&mut pdf, inner, kind);
    pdf.table(&format!("{TRAILER} /XRefStm {hidden}")).bytes.clone()
}

/// Returns a wrapper with catalog and file specification in an object stream.
pub(super) fn compact_wrapper(inner: &[u8], kind: Payload) -> Vec<u8> {
    object_stream_wrapper(inner, kind, Payload::Flate)
}

/// Returns a wrapper with an object stream of the given encoding.
pub(super) fn object_stream_wrapper(inner: &[u8], kind: Payload, objects_as: Payload) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let objects = [
        (1, CATALOG),
        (2, "<< /Type /Pages /Kids [] /Count 0 >>"),
        (5, "<< /Producer (test) >>"),
        (10, &file_specification()),
    ];
    payload(&mut pdf, inner, kind);
    pdf.object_stream_as(14, &objects, objects_as).stream_section(13, TRAILER).bytes.clone()
}

/// Returns a wrapper of version 1, which is appended to the protected file.
pub(super) fn appended_wrapper(inner: &[u8]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.bytes = inner.to_vec();
    pdf.raw("%PDF-1.7\n").pages();
    let trailer = format!(
        "{TRAILER} /Wrapper << /Type /MicrosoftIRMServices /Version 1 >> /WrapperOffset {}",
        inner.len()
    );
    pdf.table(&trailer).bytes.clone()
}
