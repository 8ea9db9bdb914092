//! Output for users: text, tables, progress, and atomically written files.

pub(crate) mod advice;
pub(crate) mod atomic_file;
pub(crate) mod color;
pub(crate) mod columns;
pub(crate) mod ending;
pub(crate) mod estate_lines;
pub(crate) mod evidence;
pub(crate) mod format;
pub(crate) mod line;
pub(crate) mod meaning;
pub(crate) mod output_file;
pub(crate) mod progress;
pub(crate) mod record_progress;
pub(crate) mod records;
pub(crate) mod status_line;
pub(crate) mod stdout;
pub(crate) mod summary;
pub(crate) mod terminal;
pub(crate) mod terms;
pub(crate) mod verbosity;

pub(crate) use records::Format;
