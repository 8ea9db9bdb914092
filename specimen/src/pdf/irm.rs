//! PDF files with Microsoft's security handler, `MicrosoftIRMServices`.

use super::file::{CrossReference, PdfFile, PdfObject, StringForm, pdf_string};
use crate::bytes::{base64, noise};
use crate::deflate::zlib;
use crate::label::{Label, pdf_xmp};

/// The form of the IRM protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfForm {
    /// Version 1 without a wrapper.
    V1,
    /// Version 1, followed by an unprotected PDF for other readers with `/Wrapper` and `/WrapperOffset`.
    V1Wrapped,
    /// Version 2 without a wrapper.
    V2,
    /// Version 2 as an embedded file of an unprotected PDF for other readers.
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
    /// Creates a PDF with this license. Writers start the license with a byte-order mark.
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

    /// Sets the options of MIP SDK: cross-reference streams, deflated embedded file, indirect lengths.
    pub fn as_sdk(self) -> Self {
        let streams = CrossReference::Stream;
        self.cross_references(streams, streams).flate(true).indirect_lengths(true)
    }

    /// Sets the form of the cross-references of the wrapper and of the protected file.
    pub fn cross_references(mut self, outside: CrossReference, inside: CrossReference) -> Self {
        self.outside = outside;
        self.inside = inside;
        self
    }

    /// Sets the notation of the license.
    pub fn string(mut self, form: StringForm) -> Self {
        self.string = form;
        self
    }

    /// Sets whether the embedded file is deflated.
    pub fn flate(mut self, flate: bool) -> Self {
        self.flate = flate;
        self
    }

    /// Sets whether the lengths of the embedded file are indirect objects, which follow the stream.
    pub fn indirect_lengths(mut self, indirect: bool) -> Self {
        self.indirect_lengths = indirect;
        self
    }

    /// Sets the length of the protected page content.
    pub fn content(mut self, len: usize) -> Self {
        self.content = len;
        self
    }

    /// Adds labels to the metadata of the wrapper, which is not encrypted.
    pub fn labels(mut self, labels: &[Label]) -> Self {
        self.labels = labels.to_vec();
        self
    }

    /// Builds the file.
    pub fn build(&self) -> Vec<u8> {
        match self.form {
            PdfForm::V1 | PdfForm::V2 => self.protected(),
            PdfForm::V1Wrapped => self.wrap_v1(self.protected()),
            PdfForm::V2Wrapped => self.wrap_v2(&self.protected()),
        }
    }

    /// Builds the protected file.
    fn protected(&self) -> Vec<u8> {
        let is_v1 = matches!(self.form, PdfForm::V1 | PdfForm::V1Wrapped);
        let license =
            if is_v1 { base64(&zlib(&self.license)).into_bytes() } else { self.license.clone() };
        let mut dictionary = b"<< /Filter /MicrosoftIRMServices ".to_vec();
        dictionary.extend_from_slice(if is_v1 {
            b"/MicrosoftIRMVersion 1 /V 4 /Length 128 ".as_slice()
        } else {
            b"/CF << /MicrosoftIRMServices << /Type /CryptFilter /CFM /None >> >> /StmF /MicrosoftIRMServices \
              /StrF /MicrosoftIRMServices /MicrosoftIRMVersion 2 /V 5 /EncryptMetadata true "
        });
        dictionary.extend_from_slice(b"/PublishingLicense ");
        dictionary.extend_from_slice(&pdf_string(&license, self.string));
        dictionary.extend_from_slice(b" >>");
        let mut file = PdfFile::new(if is_v1 { "%PDF-1.7" } else { "%PDF-1.5" }, self.inside);
        file.pages("", noise(0xDF, self.content));
        let encrypt = file.push(PdfObject::Value(dictionary, false));
        file.trailer += &format!(" /Encrypt {encrypt} 0 R /ID [<00010203> <00010203>]");
        file.write(Vec::new())
    }

    fn wrap_v1(&self, protected: Vec<u8>) -> Vec<u8> {
        let mut file = PdfFile::new("%PDF-1.7", self.outside);
        self.notice(&mut file, "");
        file.trailer += &format!(
            " /Wrapper << /Type /MicrosoftIRMServices /Version 1 >> /WrapperOffset {}",
            protected.len()
        );
        file.write(protected)
    }

    fn wrap_v2(&self, protected: &[u8]) -> Vec<u8> {
        let name = "(MicrosoftIRMServices Protected PDF.pdf)";
        let mut file = PdfFile::new("%PDF-2.0", self.outside);
        self.notice(
            &mut file,
            &format!(
                "/AF [5 0 R] /Names << /EmbeddedFiles << /Names [{name} 5 0 R] >> >> \
                 /Collection << /Type /Collection /D {name} /View /H >>"
            ),
        );
        file.objects.insert(
            4,
            PdfObject::Value(
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
        file.objects.insert(5, PdfObject::Stream(dictionary, data, length));
        if self.indirect_lengths {
            let number = |value: usize| PdfObject::Value(value.to_string().into_bytes(), false);
            file.objects.insert(6, number(stored));
            file.objects.insert(7, number(protected.len()));
        }
        file.write(Vec::new())
    }

    /// Adds the page that other readers display and, with labels, XMP metadata.
    fn notice(&self, file: &mut PdfFile, catalog: &str) {
        let text = b"BT /F1 12 Tf 72 720 Td (This file is protected.) Tj ET".to_vec();
        if self.labels.is_empty() {
            file.pages(catalog, text);
            return;
        }
        // The metadata object follows the page, the file specification, the embedded file and its lengths.
        let wraps = self.form == PdfForm::V2Wrapped;
        let number = 5 + usize::from(wraps) * 2 + usize::from(wraps && self.indirect_lengths) * 2;
        file.pages(&format!("{catalog} /Metadata {number} 0 R"), text);
        let dictionary = "/Type /Metadata /Subtype /XML".into();
        file.push(PdfObject::Stream(dictionary, pdf_xmp(&self.labels), None));
    }
}
