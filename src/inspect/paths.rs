//! Paths of members, unique within the file.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use crate::container::Name;

/// Hashes of the paths of all members until now. A file may have a million members.
#[derive(Default)]
pub(super) struct MemberPaths {
    taken: HashSet<u64>,
    /// The last number of each path that occurred more than once.
    repeated: HashMap<u64, u32>,
}

impl MemberPaths {
    /// Returns the path of a member for the record, unique within the file; `None` for a layer.
    pub(super) fn path(&mut self, outer: Option<&str>, name: &Name) -> Option<Rc<str>> {
        let mut path = String::new();
        if let Some(outer) = outer {
            path.push_str(outer);
            path.push_str("!/");
        }
        let mut name = name;
        while let Name::Within(steps, inner) = name {
            for step in steps {
                escape(step, &mut path);
                path.push_str("!/");
            }
            name = inner;
        }
        let numbered = match name {
            Name::Named(name) => {
                escape(name, &mut path);
                path.clone()
            }
            Name::Unnamed(what) => {
                path.push_str(what);
                format!("{path}#1")
            }
            Name::Numbered(what, number) => {
                path.push_str(&format!("{what}#{number}"));
                path.clone()
            }
            Name::Layer | Name::Within(..) => return None,
        };
        Some(self.unique(&path, numbered).into())
    }

    /// Returns `wanted`, or `base` with the next free number if `wanted` is taken.
    fn unique(&mut self, base: &str, wanted: String) -> String {
        if self.taken.insert(hash(&wanted)) {
            return wanted;
        }
        let mut number = self.repeated.get(&hash(base)).copied().unwrap_or(1);
        loop {
            number = number.saturating_add(1);
            let path = format!("{base}#{number}");
            if self.taken.insert(hash(&path)) || number == u32::MAX {
                self.repeated.insert(hash(base), number);
                return path;
            }
        }
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Percent-encodes characters that would make a path ambiguous or unprintable.
fn escape(name: &str, path: &mut String) {
    for char in name.chars() {
        match char {
            '%' | '!' => path.push_str(&format!("%{:02X}", u32::from(char))),
            _ if char.is_control() => {
                let mut utf8 = [0; 4];
                for byte in char.encode_utf8(&mut utf8).bytes() {
                    path.push_str(&format!("%{byte:02X}"));
                }
            }
            _ => path.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_paths_are_unique() {
        let mut names = MemberPaths::default();
        let named = |name: &str| Name::Named(name.to_owned());
        let within = Name::Within(vec!["Re: x!".to_owned()], Box::new(named("a")));
        let steps = [
            (None, named("a"), "a"),
            (None, named("a"), "a#2"),
            (None, named("a#2"), "a#2#2"),
            (None, named("a"), "a#3"),
            (None, Name::Unnamed("part"), "part#1"),
            (None, Name::Unnamed("part"), "part#2"),
            (None, Name::Numbered("part", 7), "part#7"),
            (None, named("part#1"), "part#1#2"),
            (Some("o"), named("50%!\n"), "o!/50%25%21%0A"),
            (Some("o"), within, "o!/Re: x%21!/a"),
        ];
        for (outer, name, expected) in steps {
            assert_eq!(names.path(outer, &name).as_deref(), Some(expected));
        }
        assert_eq!(names.path(Some("o"), &Name::Layer), None);
    }
}
