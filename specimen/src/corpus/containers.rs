//! One file for each container format and for each layout of the known writers.

use super::publishers::{FolderFiles, LABEL, azure, azure_tenant, contoso, legacy, with_bom};
use crate::chain::{use_license, use_license_stream};
use crate::client::Client;
use crate::cms::{signed, signed_in_pieces};
use crate::compound::{Region, Version};
use crate::deflate::zlib;
use crate::irm::{IrmDocument, IrmKind};
use crate::label::{Label, pfile_xmp};
use crate::license::{Documents, LicenseBuilder};
use crate::mail::{Attachment, Msg, eml, eml_bounded, mbox, tnef, tnef_with_properties};
use crate::pdf::{CrossReference, PdfForm, PdfIrm, StringForm, plain_pdf};
use crate::pfile::{Pfile, PfileVersion};
use crate::pst::{PstMessage, pst};
use crate::rpmsg::rpmsg;
use crate::server::Server;
use crate::tar::{gzip, tar, tar_v7};
use crate::text::Encoding;
use crate::zip::{Method, Zip, last_volume, nuget_package};

pub(crate) fn files() -> FolderFiles {
    [compound(), generic(), pdf(), mail(), archives()].concat()
}

fn label() -> Vec<Label> {
    vec![Label::new(LABEL, &azure_tenant())]
}

fn document(kind: IrmKind, license: LicenseBuilder) -> IrmDocument {
    IrmDocument::new(kind, license.build()).payload(2048)
}

fn compound() -> FolderFiles {
    use Region::{Directory, Fat, MiniFat, MiniStream, OtherStreams};
    let client = Client::federation();
    let six_documents = LicenseBuilder::client(&Server::azure(), &client)
        .documents(Documents::Six)
        .label(LABEL, &azure_tenant());
    let use_license = use_license(&Server::contoso(), &Client::windows(), "2016-06-02T08:00");
    let directory_last = [OtherStreams, MiniStream, Fat, MiniFat, Directory];
    vec![
        ("ooxml-chain8.docx", document(IrmKind::Ooxml, contoso()).build()),
        (
            "ooxml-sdk-layout-labels.docx",
            document(IrmKind::Ooxml, six_documents)
                .label_info(&label())
                .properties(&label())
                .build_as_sdk(),
        ),
        (
            "ooxml-v4-fragmented.xlsx",
            document(IrmKind::Ooxml, azure())
                .compound()
                .version(Version::Four)
                .fragmented()
                .build(),
        ),
        (
            "ooxml-fragmented-directory-last.pptx",
            document(IrmKind::Ooxml, azure())
                .compound()
                .layout(&directory_last)
                .fragmented()
                .build(),
        ),
        (
            "ooxml-use-license.docx",
            document(IrmKind::Ooxml, contoso().documents(Documents::Two))
                .use_license(use_license_stream("CONTOSO\\ada", &use_license))
                .build(),
        ),
        (
            "ooxml-extensibility-header.docx",
            document(IrmKind::Ooxml, azure()).extensibility(&[1, 2, 3, 4]).build(),
        ),
        ("binary-word.doc", document(IrmKind::Word, legacy()).build()),
        ("binary-excel.xls", document(IrmKind::Excel, azure()).build()),
        ("binary-powerpoint.ppt", document(IrmKind::PowerPoint, azure()).build()),
        ("binary-labelled.doc", document(IrmKind::Word, azure()).properties(&label()).build()),
        ("envelope.xps", document(IrmKind::Xps, legacy()).build()),
    ]
}

fn generic() -> FolderFiles {
    let labeled = Pfile::new(PfileVersion::V2_1Long, with_bom(azure().trailing_nuls(1)));
    vec![
        ("pfile-2.0.ptxt", Pfile::new(PfileVersion::V2_0, with_bom(azure())).build()),
        (
            "pfile-2.1.txt.pfile",
            Pfile::new(PfileVersion::V2_1, with_bom(legacy().trailing_nuls(1))).build(),
        ),
        (
            "pfile-2.1-labels.vsd.pfile",
            labeled.extension(".vsd").metadata(&pfile_xmp(&label())).build(),
        ),
        ("pfile-3.0.txt.pfile", Pfile::new(PfileVersion::V3_0, with_bom(azure())).build()),
        ("license-utf8.xml", azure().build()),
        ("license-utf8-bom.xml", with_bom(azure())),
        ("license-utf16.xml", azure().encoding(Encoding::Utf16).trailing_nuls(1).build()),
        ("license-utf16-bom.xml", azure().encoding(Encoding::Utf16Bom).build()),
        ("license-no-declaration.xml", azure().declaration(false).build()),
    ]
}

fn pdf() -> FolderFiles {
    let (table, stream) = (CrossReference::Table, CrossReference::Stream);
    let license = || legacy().documents(Documents::Two);
    vec![
        ("pdf-v1.pdf", PdfIrm::new(PdfForm::V1, with_bom(license())).build()),
        (
            "pdf-v1-utf16.pdf",
            PdfIrm::new(PdfForm::V1, license().encoding(Encoding::Utf16).build()).build(),
        ),
        ("pdf-v1-wrapped.pdf", PdfIrm::new(PdfForm::V1Wrapped, with_bom(license())).build()),
        (
            "pdf-v2.pdf",
            PdfIrm::new(PdfForm::V2, with_bom(azure())).cross_references(table, stream).build(),
        ),
        (
            "pdf-v2-hybrid.pdf",
            PdfIrm::new(PdfForm::V2, with_bom(azure()))
                .cross_references(table, CrossReference::Hybrid)
                .content(200)
                .build(),
        ),
        (
            "pdf-v2-hex.pdf",
            PdfIrm::new(PdfForm::V2, with_bom(azure())).string(StringForm::Hex).build(),
        ),
        ("pdf-v2-wrapped.pdf", PdfIrm::new(PdfForm::V2Wrapped, with_bom(azure())).build()),
        (
            "pdf-v2-wrapped-sdk.pdf",
            PdfIrm::new(PdfForm::V2Wrapped, with_bom(azure())).as_sdk().labels(&label()).build(),
        ),
    ]
}

/// The `message.rpmsg` of a short rights-managed mail.
fn message(license: LicenseBuilder) -> Vec<u8> {
    rpmsg(&IrmDocument::new(IrmKind::Message, license.build()).payload(512).build())
}

fn mail() -> FolderFiles {
    let protected = || Attachment::rpmsg(message(azure()));
    let class = ["Content-Class: rpmsg.message"];
    let plain = Attachment::new("readme.txt", b"Nothing is protected here.".to_vec());
    let pfile = Pfile::new(PfileVersion::V3_0, with_bom(azure())).build();
    let generic = || Attachment::new("notes.txt.pfile", pfile.clone());
    let inner = Msg::new().attachment(protected());
    let ordinary = Attachment::new("offer.docx", document(IrmKind::Ooxml, azure()).build());
    let use_license =
        use_license(&Server::contoso(), &Client::windows(), "2016-06-02T08:00").concat();
    let nested = Attachment {
        name: String::new(),
        media_type: "message/rfc822".into(),
        bytes: eml_bounded("----=_specimen_1", &class, &[protected()]),
    };
    vec![
        ("message.rpmsg", message(contoso().documents(Documents::Two))),
        ("mail.eml", eml(&class, &[protected()])),
        ("mail-two-attachments.eml", eml(&[], &[plain.clone(), generic()])),
        ("mail-in-mail.eml", eml(&[], &[nested])),
        (
            "mails.mbox",
            mbox(&[eml(&[], std::slice::from_ref(&plain)), eml(&class, &[protected()])]),
        ),
        ("winmail.dat", tnef(&[generic(), protected()])),
        ("winmail-properties.dat", tnef_with_properties(std::slice::from_ref(&ordinary))),
        ("signed.p7m", signed(&ordinary.bytes)),
        ("signed-in-pieces.p7m", signed_in_pieces(&ordinary.bytes, 1000)),
        (
            "item-ordinary-names.msg",
            Msg::new().attachment(plain.clone()).attachment(ordinary).build(),
        ),
        ("item.msg", Msg::new().attachment(protected()).build()),
        ("item-in-item.msg", Msg::new().embedded(inner).build()),
        ("mailbox.pst", pst("Inbox", &[PstMessage::new("Secret").attachment(protected())])),
        ("item-use-license.msg", Msg::new().use_license(zlib(use_license.as_bytes())).build()),
    ]
}

fn archives() -> FolderFiles {
    let protected = || document(IrmKind::Ooxml, azure()).build();
    let text = b"Nothing is protected here.".to_vec();
    let zip = Zip::new()
        .member("plain.txt", text.clone(), Method::Deflated)
        .member("stored/offer.docx", protected(), Method::Stored)
        .member("deflated/offer.docx", protected(), Method::Deflated)
        .member("streamed/offer.docx", protected(), Method::Streamed);
    let same_names = Zip::new()
        .member("a.docx", protected(), Method::Deflated)
        .member("a.docx", document(IrmKind::Ooxml, legacy()).build(), Method::Deflated)
        .member("", document(IrmKind::Ooxml, azure()).build(), Method::Deflated);
    let innermost = Zip::new().member("offer.docx", protected(), Method::Deflated).build();
    let letter = eml(&[], &[Attachment::new("offer.zip", innermost)]);
    let nested = Zip::new().member("letters/1.eml", letter, Method::Deflated);
    let mail = message(azure());
    let appended = Zip::new().member("message.rpmsg", mail.clone(), Method::Stored);
    let encrypted = Zip::new().member("plain.txt", text.clone(), Method::Stored).member(
        "locked.docx",
        vec![0; 300],
        Method::Encrypted,
    );
    let volume = Zip::new()
        .member("message.rpmsg", mail.clone(), Method::Stored)
        .member("plain.txt", text.clone(), Method::Deflated)
        .build();
    vec![
        ("archive-v7.tar", tar_v7(&[("plain.txt", &text), ("message.rpmsg", &mail)])),
        ("archive-split.zip", last_volume(volume)),
        ("package.nupkg", nuget_package(&[("content/offer.docx", &protected())])),
        ("archive.zip", zip.build()),
        ("archive-same-names.zip", same_names.build()),
        ("zip-in-mail-in-zip.zip", nested.build()),
        ("archive-encrypted-member.zip", encrypted.build()),
        ("archive.tar.gz", gzip(&tar(&[("plain.txt", &text), ("message.rpmsg", &mail)]))),
        ("archive-members.gz", [gzip(&text), gzip(&mail)].concat()),
        ("archive-behind-pdf.pdf", [plain_pdf(CrossReference::Table), appended.build()].concat()),
    ]
}
