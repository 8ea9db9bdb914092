//! The fuzz targets, either for libFuzzer or as programs that read files.

pub mod targets;

#[cfg(feature = "libfuzzer")]
pub use libfuzzer_sys;

/// Defines the entry point of a target for libFuzzer.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::targets::$name(data));
    };
}

/// Defines a program that runs a target once for each file on its command line.
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
