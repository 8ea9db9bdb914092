//! [`Redactor`]: replaces names of people and paths in records that leave the organization.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::envelope::Envelope;
use crate::facts::Facts;

/// The block size of SHA-256 in bytes (FIPS 180-4).
const BLOCK: usize = 64;

/// The bytes of a hash that are written as hex digits; enough to make collisions improbable.
const SHOWN: usize = 8;

/// The length of the longest file name extension that is kept. A longer one can contain a name.
const EXTENSION: usize = 8;

/// Replaces names by keyed hashes (HMAC-SHA-256, RFC 2104). Only with the key can the name of a
/// hash be found, by trying names.
///
/// A name has the same hash in all columns, so that findings can still be counted by owner and by
/// folder. Inputs of the verdict do not change. Columns of a later version are not redacted: make a
/// new [`Record`](crate::Record) of the parts, which does not have them.
///
/// ```
/// use rmsight::{Container, Envelope, Facts, Protection, Redactor};
///
/// let redactor = Redactor::new(b"a secret of the organization");
/// let mut envelope = Envelope::new("/home/ada/offer.docx");
/// let mut facts = Facts::new(Container::Other, Protection::None);
/// redactor.redact(&mut envelope, &mut facts);
/// assert!(envelope.path.ends_with(".docx") && !envelope.path.contains("ada"));
/// ```
#[derive(Clone)]
pub struct Redactor {
    inner: Sha256,
    outer: Sha256,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Both states reveal the key.
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Returns a redactor that hashes with `key`, of any length. It should be as hard to guess as a
    /// password, because names can be tried with it. The same key gives the same hashes in all runs.
    pub fn new(key: &[u8]) -> Redactor {
        let digest = Sha256::digest(key);
        let short = if key.len() > BLOCK { digest.as_slice() } else { key };
        let state = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (byte, key) in block.iter_mut().zip(short) {
                *byte ^= key;
            }
            Sha256::new_with_prefix(block)
        };
        Redactor { inner: state(0x36), outer: state(0x5C) }
    }

    fn hmac(&self, text: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(text).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }

    /// Returns the keyed hash that replaces `text`.
    fn hash(&self, text: &str) -> String {
        let digits = self.hmac(text.as_bytes()).into_iter().take(SHOWN);
        digits.map(|byte| format!("{byte:02x}")).collect()
    }

    /// Hashes the name or mail address of a person. Mail systems and directories ignore case.
    fn person(&self, name: &str) -> String {
        self.hash(&name.trim().to_lowercase())
    }

    /// Redacts one row: replaces owner and issuer, mail addresses in any text, and the components of paths.
    /// Keeps file name extensions, hosts, GUIDs, keys and [`source`](Envelope::source). Sets
    /// [`path_raw`](Envelope::path_raw) to `None`. A second call hashes the hashes.
    pub fn redact(&self, envelope: &mut Envelope<'_>, facts: &mut Facts) {
        // Two names that are not Unicode can differ in their bytes only.
        let bytes = envelope.path_raw.take().map(Cow::into_owned).unwrap_or_default();
        envelope.path = Cow::Owned(self.path_with(&envelope.path, &bytes));
        if let Some(member) = &mut facts.member {
            *member = self.path(member);
        }
        if let Some(error) = &mut facts.error {
            *error = self.addresses(error);
        }
        let Some(license) = &mut facts.license else { return };
        let people = [&mut license.owner, &mut license.issuer_name, &mut license.issuer_id];
        for name in people.into_iter().flatten() {
            *name = self.person(name);
        }
        let texts = [
            &mut license.referral,
            &mut license.descriptor_name,
            &mut license.slc_name,
            &mut license.slc_address,
            &mut license.licensing_intranet,
            &mut license.licensing_extranet,
        ];
        for text in texts.into_iter().flatten() {
            *text = self.addresses(text);
        }
    }

    /// Redacts a path or the path of a member: replaces each component by 16 hex digits, and keeps its
    /// extension of at most 8 characters.
    pub fn path(&self, path: &str) -> String {
        self.path_with(path, "")
    }

    fn path_with(&self, path: &str, bytes: &str) -> String {
        let mut redacted = String::new();
        let mut rest = path;
        while let Some(at) = rest.find(['/', '\\']) {
            let (component, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            redacted += &self.component(component, "");
            let mut chars = behind.chars();
            redacted.extend(chars.next());
            rest = chars.as_str();
        }
        redacted + &self.component(rest, bytes)
    }

    /// `bytes` distinguishes names whose text is equal.
    fn component(&self, component: &str, bytes: &str) -> String {
        // A `!` follows the name of a file that contains the next component.
        let (name, end) = match component.strip_suffix('!') {
            Some(name) => (name, "!"),
            None => (component, ""),
        };
        let is_drive =
            |name: &str| name.ends_with(':') && name.chars().count() == 2 && name.is_ascii();
        if matches!(name, "" | "." | "..") || is_drive(name) {
            return component.to_owned();
        }
        // `#2` distinguishes members of the same name.
        let numbered = name.rsplit_once('#');
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (name, number) = match numbered.filter(|(_, number)| is_number(number)) {
            Some((name, number)) => (name, format!("#{number}")),
            None => (name, String::new()),
        };
        let is_extension = |text: &str| {
            (1..=EXTENSION).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let split =
            name.rsplit_once('.').filter(|(stem, end)| !stem.is_empty() && is_extension(end));
        let (stem, extension) = match split {
            Some((stem, extension)) => (stem, format!(".{extension}")),
            None => (name, String::new()),
        };
        format!("{}{extension}{number}{end}", self.hash(&format!("{stem}{bytes}")))
    }

    /// Replaces the mail addresses in a text, percent-encoded ones in URLs too.
    fn addresses(&self, text: &str) -> String {
        let is_local_char = |char: char| char.is_alphanumeric() || "._%+-'~".contains(char);
        let is_domain_char = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-');
        let mut redacted = String::new();
        let mut rest = text;
        let sign = |text: &str| {
            let signs = ["@", "%40"].into_iter();
            signs.filter_map(|sign| text.find(sign).map(|at| (at, sign))).min()
        };
        while let Some((at, sign)) = sign(rest) {
            let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let behind = behind.strip_prefix(sign).unwrap_or_default();
            let plain = before.trim_end_matches(is_local_char);
            let local = before.strip_prefix(plain).unwrap_or_default();
            let after = behind.trim_start_matches(is_domain_char);
            let domain = behind.strip_suffix(after).unwrap_or_default();
            redacted += plain;
            match local.is_empty() && domain.is_empty() {
                true => redacted += sign,
                false => redacted += &self.person(&format!("{local}@{domain}")),
            }
            rest = after;
        }
        redacted + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::LicenseFacts;
    use crate::kinds::{Container, Protection};

    #[test]
    fn hash_is_hmac_sha256() {
        // RFC 4231, test cases 2 and 6.
        let long = [0xAA; 131];
        for (key, text, expected) in [
            (&b"Jefe"[..], &b"what do ya want for nothing?"[..], [0x5b, 0xdc, 0xc1, 0x46]),
            (
                &long,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                [0x60, 0xe4, 0x31, 0x59],
            ),
        ] {
            assert_eq!(Redactor::new(key).hmac(text)[..4], expected);
        }
    }

    #[test]
    fn redacted_path_keeps_separators_and_extensions() {
        let redactor = Redactor::new(b"key");
        let h = |text: &str| redactor.hash(text);
        let cases = [
            ("/srv/ada/offer.docx", format!("/{}/{}/{}.docx", h("srv"), h("ada"), h("offer"))),
            (r"\\fs1\ada", format!(r"\\{}\{}", h("fs1"), h("ada"))),
            (r"C:\x.PDF", format!(r"C:\{}.PDF", h("x"))),
            ("./../.profile", format!("./../{}", h(".profile"))),
            ("report.of ada", h("report.of ada")),
            ("letter.to-the-directorate", h("letter.to-the-directorate")),
            ("", String::new()),
            ("a.zip!/b/c.txt#2", format!("{}.zip!/{}/{}.txt#2", h("a"), h("b"), h("c"))),
        ];
        for (path, expected) in cases {
            assert_eq!(redactor.path(path), expected, "{path}");
        }
    }

    #[test]
    fn redacted_row_contains_no_name() {
        let redactor = Redactor::new(b"key");
        let ada = Some("Ada@Contoso.com".to_owned());
        let license = LicenseFacts {
            owner: ada.clone(),
            issuer_name: Some("ada@contoso.com".to_owned()),
            issuer_id: Some("S-1-5-21-1-1104".to_owned()),
            referral: Some("https://x.com/?to=ada%40contoso.com&a=ada@contoso.com".to_owned()),
            descriptor_name: Some("Only for (ada@contoso.com), @ best".to_owned()),
            slc_name: Some("CONTOSO".to_owned()),
            slc_key: Some("sha256:00".to_owned()),
            ..LicenseFacts::default()
        };
        let mut facts = Facts::new(Container::Pfile, Protection::Rms);
        facts.license = Some(Box::new(license));
        let mut envelope = Envelope::new("/home/ada/caf\u{fffd}.pfile");
        envelope.path_raw = Some("YS9jYWbpLmRvYw==".into());
        let other = {
            let mut envelope = envelope.clone();
            envelope.path_raw = Some("YS9jYWboLmRvYw==".into());
            redactor.redact(&mut envelope, &mut facts.clone());
            envelope.path.into_owned()
        };
        redactor.redact(&mut envelope, &mut facts);
        let all = format!("{envelope:?} {facts:?}").to_lowercase();
        for name in ["ada", "caf", "1104", "home"] {
            assert!(!all.contains(name), "{name}: {all}");
        }
        let license = facts.license.unwrap();
        assert_eq!(license.owner, license.issuer_name);
        let hash = redactor.person("ada@contoso.com");
        assert_eq!(license.referral, Some(format!("https://x.com/?to={hash}&a={hash}")));
        assert_eq!(license.descriptor_name, Some(format!("Only for ({hash}), @ best")));
        assert_eq!(license.slc_name.as_deref(), Some("CONTOSO"));
        assert_eq!(license.slc_key.as_deref(), Some("sha256:00"));
        assert_ne!(envelope.path, other);
        assert_ne!(Redactor::new(b"yek").person("ada@contoso.com"), hash);
    }
}
