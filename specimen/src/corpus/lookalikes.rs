//! Files that rights management does not protect but that resemble protected ones.

use super::publishers::{FolderFiles, LABEL, azure_tenant};
use crate::archive::{cab, rar4, rar5, self_extracting};
use crate::bytes::noise;
use crate::compound::Compound;
use crate::label::{Label, mail_header};
use crate::mail::{Attachment, Msg, eml};
use crate::password::{
    PasswordForm, password_doc, password_ooxml, password_ppt, password_xls, plain_compound,
};
use crate::pdf::{CrossReference, pdf_with_handler, plain_pdf};
use crate::pfile::{Pfile, PfileVersion};
use crate::rpmsg::rpmsg_blocks;
use crate::zip::{Method, Zip, word_package};

pub(crate) fn files() -> FolderFiles {
    let label = [Label::new(LABEL, &azure_tenant())];
    let mut removed = label.clone();
    removed[0].enabled = false;
    let text = b"This text speaks of a \"Microsoft Rights Label\" and is none.\r\n".to_vec();
    let attachment = Attachment::new("readme.txt", text.clone());
    let members: [(&str, &[u8]); 1] = [("a.txt", &text)];
    let no_license = Pfile::new(PfileVersion::V2_1, noise(0x51, 900));
    vec![
        ("archive.rar", rar5(&members)),
        ("archive-4.rar", rar4(&members)),
        ("archive.cab", cab(&members)),
        ("self-extracting.exe", self_extracting(&rar5(&members))),
        ("empty.bin", Vec::new()),
        ("text.txt", text.clone()),
        ("noise.bin", noise(0x52, 2000)),
        ("plain.docx", word_package(&[], &[])),
        ("labelled-custom.docx", word_package(&label, &[])),
        ("labelled-modern.docx", word_package(&[], &label)),
        ("label-removed.docx", word_package(&removed, &[])),
        ("plain.zip", Zip::new().member("a.txt", text, Method::Deflated).build()),
        ("plain.ole", plain_compound()),
        ("plain.msg", Msg::new().attachment(attachment.clone()).build()),
        ("plain.eml", eml(&[], &[attachment])),
        ("plain-table.pdf", plain_pdf(CrossReference::Table)),
        ("plain-stream.pdf", plain_pdf(CrossReference::Stream)),
        ("password.pdf", pdf_with_handler("Standard")),
        ("other-handler.pdf", pdf_with_handler("EBX_HANDLER")),
        ("certificate-handler.pdf", pdf_with_handler("Adobe.PubSec")),
        ("password-agile.docx", password_ooxml(PasswordForm::Agile)),
        ("password-standard.docx", password_ooxml(PasswordForm::Standard)),
        ("password-extensible.docx", password_ooxml(PasswordForm::Extensible)),
        ("labelled.eml", eml(&[&mail_header(&label)], &[])),
        ("archive.7z", [b"7z\xBC\xAF\x27\x1C\0\x04".as_slice(), &noise(0x54, 56)].concat()),
        ("password.xls", password_xls()),
        ("password.doc", password_doc()),
        ("password.ppt", password_ppt()),
        ("pfile-without-license.txt", no_license.build()),
        (
            "blocks-without-prefix.rmh",
            rpmsg_blocks(&Compound::new().stream("Page", noise(0x53, 600)).build()),
        ),
    ]
}
