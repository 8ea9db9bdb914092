//! Reads `<CERTIFICATECHAIN>`, the form of exported certificates and of use licenses.

use std::borrow::Cow;
use std::ops::Range;

use super::events::{Event, Events};
use super::key::{MAX_CERTIFICATE_LETTERS, decode_base64_of};
use super::text::LicenseText;
use crate::bytes::{Buffer, to_u64};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Decodes the XrML of `<CERTIFICATECHAIN><CERTIFICATE>base64</CERTIFICATE>…`, in upper or lower
/// case, leaf first. Returns text that is XrML unchanged. Fails on a certificate that is not
/// base64.
pub(crate) fn unwrap_chain<'a>(bytes: &'a [u8], meter: &Meter) -> Result<Cow<'a, [u8]>> {
    let text = LicenseText::decode(bytes);
    let mut chain = Buffer::default();
    let is_chain = each_in_chain(text.utf8(), meter, |_, certificate| {
        chain.extend(meter, LicenseText::decode(certificate).utf8())
    })?;
    Ok(if is_chain { Cow::Owned(chain.into_vec()) } else { Cow::Borrowed(bytes) })
}

/// Calls `take` with the range of the base64 and the content of each `<CERTIFICATE>` of a chain.
/// Returns false if the text is XrML.
pub(super) fn each_in_chain(
    text: &[u8],
    meter: &Meter,
    mut take: impl FnMut(Range<usize>, &[u8]) -> Result<()>,
) -> Result<bool> {
    let mut events = Events::new(text, 0);
    let mut inside = false;
    while let Some(Ok(event)) = events.next() {
        meter.charge(Limit::Steps, 1)?;
        match event {
            Event::Open { name: b"XrML", .. } => return Ok(false),
            Event::Open { name, .. } => inside = name.eq_ignore_ascii_case(b"CERTIFICATE"),
            Event::Close { .. } => inside = false,
            Event::Text(base64) if inside => {
                let at = to_u64(events.start());
                let decoded = decode_base64_of(base64, MAX_CERTIFICATE_LETTERS);
                let certificate = decoded.ok_or_else(|| {
                    Error::malformed(ErrorCode::MalformedXrml, "CERTIFICATE", at, "it is no base64")
                })?;
                take(events.start()..events.end(), &certificate)?;
            }
            Event::Text(_) => {}
        }
    }
    Ok(true)
}
