//! The closed lists of the record, each an enum with the names that the record prints.

/// Declares an enum whose variants have stable names.
macro_rules! names {
    ($(#[$meta:meta])* $vis:vis enum $enum:ident { $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $enum { $($(#[doc = $doc])+ $variant,)* }

        impl $enum {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [$enum] = &[$($enum::$variant,)*];

            /// The name in the record.
            pub fn as_str(self) -> &'static str {
                match self { $($enum::$variant => $name,)* }
            }

            /// What it says, in the words of the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $($enum::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// The one with that name in the record.
            pub fn from_name(name: &str) -> Option<$enum> {
                match name { $($name => Some($enum::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use names;
