//! Without the feature `verify` no signature is checked, and the record says so.

use super::document::Document;
use crate::error::Result;
use crate::facts::{Link, Signature};
use crate::limits::Meter;

/// Checks nothing.
#[derive(Debug, Default)]
pub(crate) struct Verifier {}

impl Verifier {
    pub(crate) fn verify(
        &mut self,
        _license: &Document<'_>,
        _documents: &[Document<'_>],
        _text: &[u8],
        _meter: &Meter,
    ) -> Result<(Signature, Link)> {
        Ok((Signature::NotChecked, Link::NotChecked))
    }

    pub(crate) fn certificate(
        &mut self,
        _document: &Document<'_>,
        _text: &[u8],
        _meter: &Meter,
    ) -> Result<Signature> {
        Ok(Signature::NotChecked)
    }
}
