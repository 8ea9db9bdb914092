//! The fuzz targets, as libFuzzer runs them, or without it over files.

pub mod targets;

#[cfg(feature = "libfuzzer")]
pub use libfuzzer_sys;

/// The program of a target.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::targets::$name(data));
    };
}

/// The program of a target.
#[cfg(not(feature = "libfuzzer"))]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        fn main() -> std::io::Result<()> {
            for path in std::env::args_os().skip(1) {
                $crate::targets::$name(&std::fs::read(path)?);
            }
            Ok(())
        }
    };
}
