//! Translates the argument groups that several commands share into plain options.

use std::time::Duration;

#[cfg(feature = "pst")]
use rmsight_pst::PstLimits;

use crate::args::{
    FormatArg, LimitArgs, ListingArgs, ListingFormatArg, RECORD_ENDINGS, RateArg, ReadArgs,
    RecordArgs, WalkArgs,
};
use crate::exit::{Failure, Result};
use crate::fs::throttle::Rate;
use crate::fs::walk::GlobFilter;
use crate::inspector::FileLimits;
use crate::output::Format;
use crate::output::ending::format_of;
use crate::scan::{ListingFile, ListingKind, ReadRequest, WalkOptions};

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Text => Format::Text,
            FormatArg::Ndjson => Format::Ndjson,
            FormatArg::Csv => Format::Csv,
        }
    }
}

/// Returns the format of the records; `None` if neither --format nor the ending of --output gives
/// one.
///
/// # Errors
/// Fails if these contradict each other, or if only totals of another format than text are wanted.
pub(crate) fn record_format(args: &RecordArgs) -> Result<Option<Format>> {
    let format = match &args.output {
        Some(output) => {
            Some(format_of(Some(output), args.format, RECORD_ENDINGS, FormatArg::Text)?)
        }
        None => args.format,
    };
    if args.summary && format.is_some_and(|format| format != FormatArg::Text) {
        return Err(Failure::message("--summary goes with --format text only"));
    }
    Ok(format.map(Into::into))
}

/// Returns the limits of one file.
pub(crate) fn limits(args: &LimitArgs) -> FileLimits {
    #[cfg(feature = "pst")]
    let default = PstLimits::default();
    FileLimits {
        library: args.limits(),
        #[cfg(feature = "pst")]
        pst: PstLimits::new(
            args.pst.pst_timeout.unwrap_or(default.seconds),
            args.pst.pst_memory.unwrap_or(default.memory),
        ),
    }
}

/// Returns how folders are walked.
///
/// # Errors
/// Fails if a glob is not valid.
pub(crate) fn walk(args: &WalkArgs) -> Result<WalkOptions> {
    Ok(WalkOptions {
        filter: GlobFilter::new(&args.include, &args.exclude)?,
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        one_file_system: args.one_file_system,
        hydrate: args.hydrate,
        backup: args.backup,
        snapshots: args.snapshots,
        max_rate: args.max_rate.map(|rate| match rate {
            RateArg::Files(files) => Rate::Files(files),
            RateArg::Bytes(bytes) => Rate::Bytes(bytes),
        }),
        read_timeout: Duration::from_secs(args.read_timeout),
    })
}

/// Returns the listing of objects.
pub(crate) fn listing(args: &ListingArgs) -> Option<ListingFile> {
    let format = args.listing_format.map(|format| match format {
        ListingFormatArg::Ndjson => ListingKind::Ndjson,
        ListingFormatArg::Csv => ListingKind::Csv,
        ListingFormatArg::Parquet => ListingKind::Parquet,
        ListingFormatArg::S3 => ListingKind::S3Inventory,
    });
    let account = args.listing_account.clone();
    args.listing.clone().map(|file| ListingFile { file, format, account })
}

/// Returns how files are read.
pub(crate) fn read(args: &ReadArgs) -> ReadRequest {
    ReadRequest {
        quick: args.quick,
        no_verify: args.no_verify,
        verify: args.verify,
        labels: args.labels,
        deep: args.deep,
        fingerprint: args.fingerprint,
        limits: limits(&args.limits),
        set_limits: args.limits.set(),
        #[cfg(feature = "pst")]
        pst_timeout: args.limits.pst.pst_timeout,
        #[cfg(feature = "pst")]
        pst_memory: args.limits.pst.pst_memory,
    }
}
