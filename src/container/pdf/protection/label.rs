//! Sensitivity labels in the clear parts of a PDF: `MSIP_Label_*` in Info and in the XMP metadata.

use crate::container::label;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::trailer::TrailerInfo;
use crate::container::pdf::layout::METADATA;
use crate::container::pdf::syntax::dict::Dict;
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::stream::StreamForm;
use crate::container::pdf::syntax::string::{string, text};
use crate::container::sink::Sink;
use crate::error::Result;
use crate::source::Window;

/// Emits the label, if there is one. Errors are dropped, because a label does not affect the
/// verdict.
pub(crate) fn read(document: &mut PdfDocument, window: &mut Window<'_>, sink: &mut dyn Sink) {
    if let Ok(Some(label)) = find(document, window) {
        sink.label(label);
    }
}

fn find(
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Option<crate::container::Label>> {
    let Some(section) = document.section(window, 0)? else { return Ok(None) };
    let trailer = section.trailer.clone();
    if let Some(info) = referenced(&trailer, b"Info", document, window)? {
        let found = info_label(&info.dict("Info")?, window)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(catalog) = referenced(&trailer, b"Root", document, window)? else { return Ok(None) };
    let Some(metadata) = document.fetch_dict(window, &catalog.dict("catalog")?, b"Metadata")?
    else {
        return Ok(None);
    };
    match xmp(&metadata, document, window)? {
        Some(xml) => label::xmp(&xml, window.meter()),
        None => Ok(None),
    }
}

/// Returns the object that the trailer references by `key`, which is `Info` or `Root`.
fn referenced(
    trailer: &TrailerInfo,
    key: &[u8],
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Option<Object>> {
    let number = match trailer {
        TrailerInfo::Whole(trailer) => {
            return document.fetch_dict(window, &trailer.dict("trailer")?, key);
        }
        TrailerInfo::Plain(plain) if key == b"Info" => plain.info,
        TrailerInfo::Plain(plain) => plain.root,
    };
    match number {
        Some(number) => document.fetch(window, number),
        None => Ok(None),
    }
}

/// Returns the label among the properties of Info.
fn info_label(info: &Dict<'_>, window: &mut Window<'_>) -> Result<Option<crate::container::Label>> {
    const PREFIX: &[u8] = b"MSIP_Label_";
    let mut properties = Vec::new();
    for (key, value) in info.entries().filter(|(key, _)| key.starts_with(PREFIX)) {
        if let Some(bytes) = string(value, window.meter())? {
            properties.push((text(key), text(&bytes)));
        }
    }
    let named = properties.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Ok(label::named_values(named))
}

/// Returns the XMP packet of a metadata stream.
fn xmp(
    metadata: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Option<Vec<u8>>> {
    let Some(data) = metadata.data else { return Ok(None) };
    let dict = metadata.dict("Metadata")?;
    let mut form = StreamForm::of(&dict, data, window.len())?;
    if let Some(crate::container::pdf::syntax::value::PdfValue::Ref(number)) = dict.get(b"Length")
        && !form.is_flate()
        && let Some(length) = document.fetch(window, *number)?
        && let crate::container::pdf::syntax::value::PdfValue::Int(length) = length.value()
    {
        form = form.with_len(u64::try_from(length).unwrap_or_default());
    }
    form.all(window, METADATA).map(Some)
}
