//! An encoded member, decoded as far as somebody reads it.

use std::io;

use super::ReadAt;
use crate::error::Error;
use crate::limits::{Limit, Limits};

/// How a member is encoded in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)] // each is built by one format
pub(crate) enum Encoding {
    /// Raw deflate, RFC 1951.
    Deflate,
    /// RFC 1950.
    Zlib,
    /// RFC 2045 6.8, what is no letter of it is passed over.
    Base64,
    /// RFC 2045 6.7.
    QuotedPrintable,
    /// The blocks of an rpmsg, MS-OXORMMS 2.2.4.1: one zlib stream cut in pieces.
    Rpmsg,
}

/// The decoded bytes of an encoded member.
#[derive(Debug)]
pub(crate) struct Unfolded<S> {
    _inner: S,
}

impl<S: ReadAt> Unfolded<S> {
    pub(crate) fn new(
        inner: S,
        _encoding: Encoding,
        _size: Option<u64>,
        _limits: &Limits,
    ) -> Unfolded<S> {
        Unfolded { _inner: inner }
    }
}

impl<S: ReadAt> ReadAt for Unfolded<S> {
    fn read_at(&self, _offset: u64, _buf: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other(Error::limit(Limit::Spool, 0)))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(0)
    }
}
