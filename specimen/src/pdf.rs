//! PDF files with Microsoft's security handler, and with others (ISO 32000).

use crate::bytes::{base64, noise};
use crate::deflate::{deflate, zlib};
use crate::label::{Label, pdf_xmp};

/// How a PDF says where its objects are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossReference {
    /// A table and a trailer (7.5.4).
    Table,
    /// A stream, with the objects that may be so in an object stream (7.5.7, 7.5.8).
    Stream,
    /// Both (7.5.8.4): by the table all objects but streams are free, and `/XRefStm` of its trailer
    /// leads to a stream that has them.
    Hybrid,
}

/// How a string is written (7.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringForm {
    /// In parentheses, with escapes.
    Literal,
    /// In hex digits.
    Hex,
}

/// A PDF string.
pub fn pdf_string(bytes: &[u8], form: StringForm) -> Vec<u8> {
    if form == StringForm::Hex {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        return format!("<{digits}>").into_bytes();
    }
    let mut out = vec![b'('];
    for byte in bytes {
        match byte {
            b'(' | b')' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(*byte),
        }
    }
    out.push(b')');
    out
}

enum Body {
    /// Anything but a stream; whether it may lie in an object stream.
    Value(Vec<u8>, bool),
    /// A stream: entries of its dictionary, data, and the object that holds its length.
    Stream(String, Vec<u8>, Option<usize>),
}

impl Body {
    /// Whether a hybrid file keeps it from those who read its table only.
    fn hides(&self) -> bool {
        matches!(self, Body::Value(..))
    }
}

/// Objects from number 1 on, and how they are written down.
struct Objects {
    version: &'static str,
    bodies: Vec<Body>,
    trailer: String,
    form: CrossReference,
}

impl Objects {
    fn new(version: &'static str, form: CrossReference) -> Objects {
        Objects { version, bodies: Vec::new(), trailer: "/Root 1 0 R".into(), form }
    }

    fn value(&mut self, text: &str) -> usize {
        self.push(Body::Value(text.as_bytes().to_vec(), true))
    }

    fn push(&mut self, body: Body) -> usize {
        self.bodies.push(body);
        self.bodies.len()
    }

    /// A page tree with one page, objects 2 to 4; the catalog is object 1.
    fn pages(&mut self, catalog: &str, content: Vec<u8>) {
        self.value(&format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"));
        self.value("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        self.value("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>");
        self.push(Body::Stream(String::new(), content, None));
    }

    /// The file behind `out`, which may hold another one already.
    fn write(&self, mut out: Vec<u8>) -> Vec<u8> {
        out.extend_from_slice(self.version.as_bytes());
        out.extend_from_slice(b"\n%\xE2\xE3\xCF\xD3\n");
        let packs = self.form != CrossReference::Table;
        // Type, then offset or number of the object stream, then place in it.
        let mut places = vec![(0, 0, 65_535)];
        let stream_number = self.bodies.len() + 1;
        let (mut packed, mut index) = (Vec::new(), String::new());
        for (place, body) in self.bodies.iter().enumerate() {
            let number = place + 1;
            match body {
                Body::Value(bytes, true) if packs => {
                    places.push((2, stream_number, index.split_whitespace().count() / 2));
                    index += &format!("{number} {} ", packed.len());
                    packed.extend_from_slice(bytes);
                    packed.push(b'\n');
                }
                body => {
                    places.push((1, out.len(), 0));
                    write_object(&mut out, number, body);
                }
            }
        }
        match self.form {
            CrossReference::Table => self.table(&mut out, &places, ""),
            CrossReference::Stream => {
                let at = self.stream(&mut out, places, &packed, &index);
                out.extend_from_slice(format!("startxref\n{at}\n%%EOF\n").as_bytes());
            }
            CrossReference::Hybrid => {
                let at = self.stream(&mut out, places.clone(), &packed, &index);
                let bodies = self.bodies.iter();
                for (place, _) in
                    places[1..].iter_mut().zip(bodies).filter(|(_, body)| body.hides())
                {
                    *place = (0, 0, 0);
                }
                self.table(&mut out, &places, &format!(" /XRefStm {at}"));
            }
        }
        out
    }

    fn table(&self, out: &mut Vec<u8>, places: &[(usize, usize, usize)], more: &str) {
        let at = out.len();
        let mut text = format!("xref\n0 {}\n0000000000 65535 f \n", places.len());
        for (kind, offset, _) in &places[1..] {
            let entry = if *kind == 1 { "00000 n" } else { "65535 f" };
            text += &format!("{offset:010} {entry} \n");
        }
        text += &format!(
            "trailer\n<< /Size {} {}{more} >>\nstartxref\n{at}\n%%EOF\n",
            places.len(),
            self.trailer
        );
        out.extend_from_slice(text.as_bytes());
    }

    /// The object stream and the cross-reference stream; where that one is.
    fn stream(
        &self,
        out: &mut Vec<u8>,
        mut places: Vec<(usize, usize, usize)>,
        packed: &[u8],
        index: &str,
    ) -> usize {
        places.push((1, out.len(), 0));
        let count = index.split_whitespace().count() / 2;
        let dictionary =
            format!("/Type /ObjStm /N {count} /First {} /Filter /FlateDecode", index.len());
        let data = zlib(&[index.as_bytes(), packed].concat());
        write_object(out, places.len() - 1, &Body::Stream(dictionary, data, None));
        let at = out.len();
        places.push((1, at, 0));
        let mut table = Vec::new();
        for (kind, first, second) in &places {
            table.push(*kind as u8);
            table.extend_from_slice(&(*first as u32).to_be_bytes());
            table.extend_from_slice(&(*second as u16).to_be_bytes());
        }
        let dictionary = format!(
            "/Type /XRef /Size {} /W [1 4 2] /Filter /FlateDecode {}",
            places.len(),
            self.trailer
        );
        write_object(out, places.len() - 1, &Body::Stream(dictionary, zlib(&table), None));
        at
    }
}

fn write_object(out: &mut Vec<u8>, number: usize, body: &Body) {
    out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
    match body {
        Body::Value(bytes, _) => out.extend_from_slice(bytes),
        Body::Stream(dictionary, data, length) => {
            let length = match length {
                Some(object) => format!("{object} 0 R"),
                None => data.len().to_string(),
            };
            let head = format!("<< {dictionary} /Length {length} >>\nstream\n");
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(data);
            out.extend_from_slice(b"\nendstream");
        }
    }
    out.extend_from_slice(b"\nendobj\n");
}

/// Which form of IRM protection a PDF has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfForm {
    /// Version 1, by itself.
    V1,
    /// Version 1 with a page for other readers behind it, `/Wrapper` and `/WrapperOffset`.
    V1Wrapped,
    /// Version 2, by itself.
    V2,
    /// Version 2 as the embedded file of a page for other readers.
    V2Wrapped,
}

/// Builds a protected PDF.
#[derive(Debug, Clone)]
#[must_use]
pub struct PdfIrm {
    form: PdfForm,
    license: Vec<u8>,
    outside: CrossReference,
    inside: CrossReference,
    string: StringForm,
    flate: bool,
    indirect_lengths: bool,
    content: usize,
    labels: Vec<Label>,
}

impl PdfIrm {
    /// A PDF with this license; writers put a byte-order mark in front of it.
    pub fn new(form: PdfForm, license: Vec<u8>) -> PdfIrm {
        PdfIrm {
            form,
            license,
            outside: CrossReference::Table,
            inside: CrossReference::Table,
            string: StringForm::Literal,
            flate: false,
            indirect_lengths: false,
            content: 2000,
            labels: Vec::new(),
        }
    }

    /// As MIP SDK writes it: streams for cross-references, the embedded file deflated, its lengths
    /// objects behind it.
    pub fn as_sdk(self) -> Self {
        let streams = CrossReference::Stream;
        self.cross_references(streams, streams).flate(true).indirect_lengths(true)
    }

    /// The cross-references of the wrapper and of the protected file.
    pub fn cross_references(mut self, outside: CrossReference, inside: CrossReference) -> Self {
        self.outside = outside;
        self.inside = inside;
        self
    }

    /// How the license is written.
    pub fn string(mut self, form: StringForm) -> Self {
        self.string = form;
        self
    }

    /// Whether the embedded file is deflated.
    pub fn flate(mut self, flate: bool) -> Self {
        self.flate = flate;
        self
    }

    /// Whether the lengths of the embedded file are objects behind it.
    pub fn indirect_lengths(mut self, indirect: bool) -> Self {
        self.indirect_lengths = indirect;
        self
    }

    /// The size of the protected page.
    pub fn content(mut self, len: usize) -> Self {
        self.content = len;
        self
    }

    /// Labels in the metadata of the wrapper, which stays in the clear.
    pub fn labels(mut self, labels: &[Label]) -> Self {
        self.labels = labels.to_vec();
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        match self.form {
            PdfForm::V1 | PdfForm::V2 => self.protected(),
            PdfForm::V1Wrapped => self.wrap_v1(self.protected()),
            PdfForm::V2Wrapped => self.wrap_v2(&self.protected()),
        }
    }

    /// The protected file itself.
    fn protected(&self) -> Vec<u8> {
        let first = matches!(self.form, PdfForm::V1 | PdfForm::V1Wrapped);
        let license =
            if first { base64(&zlib(&self.license)).into_bytes() } else { self.license.clone() };
        let mut dictionary = b"<< /Filter /MicrosoftIRMServices ".to_vec();
        dictionary.extend_from_slice(if first {
            b"/MicrosoftIRMVersion 1 /V 4 /Length 128 ".as_slice()
        } else {
            b"/CF << /MicrosoftIRMServices << /Type /CryptFilter /CFM /None >> >> /StmF /MicrosoftIRMServices \
              /StrF /MicrosoftIRMServices /MicrosoftIRMVersion 2 /V 5 /EncryptMetadata true "
        });
        dictionary.extend_from_slice(b"/PublishingLicense ");
        dictionary.extend_from_slice(&pdf_string(&license, self.string));
        dictionary.extend_from_slice(b" >>");
        let mut objects = Objects::new(if first { "%PDF-1.7" } else { "%PDF-1.5" }, self.inside);
        objects.pages("", noise(0xDF, self.content));
        let encrypt = objects.push(Body::Value(dictionary, false));
        objects.trailer += &format!(" /Encrypt {encrypt} 0 R /ID [<00010203> <00010203>]");
        objects.write(Vec::new())
    }

    fn wrap_v1(&self, protected: Vec<u8>) -> Vec<u8> {
        let mut objects = Objects::new("%PDF-1.7", self.outside);
        self.notice(&mut objects, "");
        objects.trailer += &format!(
            " /Wrapper << /Type /MicrosoftIRMServices /Version 1 >> /WrapperOffset {}",
            protected.len()
        );
        objects.write(protected)
    }

    fn wrap_v2(&self, protected: &[u8]) -> Vec<u8> {
        let name = "(MicrosoftIRMServices Protected PDF.pdf)";
        let mut objects = Objects::new("%PDF-2.0", self.outside);
        self.notice(
            &mut objects,
            &format!(
                "/AF [5 0 R] /Names << /EmbeddedFiles << /Names [{name} 5 0 R] >> >> \
                 /Collection << /Type /Collection /D {name} /View /H >>"
            ),
        );
        objects.bodies.insert(
            4,
            Body::Value(
                format!(
                    "<< /Type /Filespec /F {name} /UF {name} /Desc (This embedded file is encrypted using \
                     MicrosoftIRMServices filter) /AFRelationship /EncryptedPayload /EP << /Type \
                     /EncryptedPayload /Subtype /MicrosoftIRMServices /Version 2 >> /EF << /F 6 0 R >> >>"
                )
                .into_bytes(),
                true,
            ),
        );
        let data = if self.flate { zlib(protected) } else { protected.to_vec() };
        let filter = if self.flate { "/Filter /FlateDecode " } else { "" };
        let (size, length) = match self.indirect_lengths {
            true => ("8 0 R".to_owned(), Some(7)),
            false => (protected.len().to_string(), None),
        };
        let dictionary = format!(
            "/Type /EmbeddedFile /Subtype /application#2Fpdf {filter}/Params << /Size {size} >>"
        );
        let stored = data.len();
        objects.bodies.insert(5, Body::Stream(dictionary, data, length));
        if self.indirect_lengths {
            let number = |value: usize| Body::Value(value.to_string().into_bytes(), false);
            objects.bodies.insert(6, number(stored));
            objects.bodies.insert(7, number(protected.len()));
        }
        objects.write(Vec::new())
    }

    /// A page that says why there is nothing to see; with labels, metadata that say more.
    fn notice(&self, objects: &mut Objects, catalog: &str) {
        let text = b"BT /F1 12 Tf 72 720 Td (This file is protected.) Tj ET".to_vec();
        if self.labels.is_empty() {
            objects.pages(catalog, text);
            return;
        }
        // Behind the page, the file specification, the embedded file and its two lengths.
        let wraps = self.form == PdfForm::V2Wrapped;
        let number = 5 + usize::from(wraps) * 2 + usize::from(wraps && self.indirect_lengths) * 2;
        objects.pages(&format!("{catalog} /Metadata {number} 0 R"), text);
        let dictionary = "/Type /Metadata /Subtype /XML".into();
        objects.push(Body::Stream(dictionary, pdf_xmp(&self.labels), None));
    }
}

/// A PDF that another security handler protects: `Standard` is a password.
pub fn pdf_with_handler(handler: &str) -> Vec<u8> {
    let mut objects = Objects::new("%PDF-1.7", CrossReference::Table);
    objects.pages("", noise(0xDE, 300));
    let text = format!("<< /Filter /{handler} /V 2 /R 3 /Length 128 /P -44 /O (o) /U (u) >>");
    let encrypt = objects.push(Body::Value(text.into_bytes(), false));
    objects.trailer += &format!(" /Encrypt {encrypt} 0 R /ID [<00010203> <00010203>]");
    objects.write(Vec::new())
}

/// A PDF that nothing protects.
pub fn plain_pdf(form: CrossReference) -> Vec<u8> {
    let mut objects = Objects::new("%PDF-1.5", form);
    objects.pages("", deflate(b"BT (Nothing is protected here.) Tj ET"));
    objects.write(Vec::new())
}

/// A PDF that nothing protects, with these files attached to it, compressed or as they are.
pub fn pdf_with_attachments(
    form: CrossReference,
    files: &[(&str, &[u8])],
    compressed: bool,
) -> Vec<u8> {
    let mut objects = Objects::new("%PDF-1.7", form);
    // Behind the page: a file specification and its stream for each.
    let numbers = (0..files.len()).map(|file| 5 + 2 * file);
    let names: String = files
        .iter()
        .zip(numbers.clone())
        .map(|((name, _), number)| format!("({name}) {number} 0 R "))
        .collect();
    objects.pages(
        &format!("/Names << /EmbeddedFiles << /Names [{names}] >> >>"),
        deflate(b"BT (Nothing is protected here.) Tj ET"),
    );
    for ((name, bytes), number) in files.iter().zip(numbers) {
        let stream = number + 1;
        objects.value(&format!("<< /Type /Filespec /F ({name}) /EF << /F {stream} 0 R >> >>"));
        let filter = if compressed { "/Filter /FlateDecode" } else { "" };
        let data = if compressed { zlib(bytes) } else { bytes.to_vec() };
        objects.push(Body::Stream(format!("/Type /EmbeddedFile {filter}"), data, None));
    }
    objects.write(Vec::new())
}
