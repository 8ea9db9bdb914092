//! PDF files with Microsoft's security handler, with other handlers and without protection. Section numbers
//! refer to ISO 32000.

mod file;
mod irm;
mod other;

pub use file::{CrossReference, StringForm, pdf_string};
pub use irm::{PdfForm, PdfIrm};
pub use other::{pdf_with_attachments, pdf_with_handler, plain_pdf};
