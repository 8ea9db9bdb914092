//! [`Page`]: one page of a listing, of Azure (List Blobs) or of S3 (ListObjectsV2), which Google
//! Cloud Storage has too.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::escape::unescape;
use crate::time::Time;

/// Objects of a page, and where the next page begins.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    next: Option<String>,
    is_azure: bool,
}

/// What a listing says about an object.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<Time>,
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) tier: Option<String>,
    /// A directory of an account with a hierarchical namespace.
    pub(crate) is_directory: bool,
    /// A deleted blob, or a snapshot of one.
    is_past: bool,
}

impl Page {
    /// # Errors
    /// Fails if the document is not a listing.
    pub(crate) fn parse(document: &[u8]) -> Result<Page, String> {
        let text = std::str::from_utf8(document).map_err(|_| "it is not UTF-8")?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        let mut parser = Parser::default();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => parser.open(&start)?,
                Event::Text(text) => parser.text.push_str(&text),
                Event::CData(text) => parser.text.push_str(&text),
                Event::GeneralRef(entity) => {
                    match (char_of(&entity), resolve_predefined_entity(&entity)) {
                        (Some(char), _) => parser.text.push(char),
                        (None, Some(text)) => parser.text.push_str(text),
                        (None, None) => return Err("it has an unknown entity".to_owned()),
                    }
                }
                Event::End(_) => parser.close()?,
                Event::Eof => break,
                _ => {}
            }
        }
        let has_end = !parser.is_truncated || parser.page.next.is_some();
        match parser.is_listing && parser.path.is_empty() && has_end {
            true => Ok(parser.page),
            false => Err("it is no complete list of objects".to_owned()),
        }
    }

    /// Returns the page as `object_store` gets it.
    pub(crate) fn without_objects(&self) -> String {
        let next = self.next.as_deref().map(escaped).unwrap_or_default();
        match self.is_azure {
            true => format!(
                "<EnumerationResults><Blobs></Blobs><NextMarker>{next}</NextMarker>\
                 </EnumerationResults>"
            ),
            false if next.is_empty() => "<ListBucketResult></ListBucketResult>".to_owned(),
            false => format!(
                "<ListBucketResult><NextContinuationToken>{next}</NextContinuationToken>\
                 </ListBucketResult>"
            ),
        }
    }
}

/// Returns the character of a reference such as `#x1`, also one that XML does not allow: S3 writes
/// keys with control characters so.
fn char_of(entity: &str) -> Option<char> {
    let number = entity.strip_prefix('#')?;
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    code.ok().and_then(char::from_u32)
}

fn shown(error: impl ToString) -> String {
    error.to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[derive(Debug, Default)]
struct Parser {
    page: Page,
    /// Names of the open elements.
    path: Vec<String>,
    /// Text of the innermost open element.
    text: String,
    entry: Entry,
    is_listing: bool,
    /// Further pages follow.
    is_truncated: bool,
    /// The name of the entry is percent-encoded, because XML cannot contain it.
    is_encoded: bool,
}

/// Maximum depth of elements.
const DEEPEST: usize = 16;

impl Parser {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let name = start.local_name();
        let name: &str = name.as_ref();
        let name = name.to_owned();
        if self.path.is_empty() {
            self.page.is_azure = name == "EnumerationResults";
            self.is_listing = self.page.is_azure || name == "ListBucketResult";
        }
        match (self.path.len(), name.as_str()) {
            (2, "Blob") | (1, "Contents") => {
                (self.entry, self.is_encoded) = (Entry::default(), false);
            }
            (3, "Name") => {
                let encoded = start.try_get_attribute("Encoded").map_err(shown)?;
                self.is_encoded = encoded.is_some_and(|it| &*it.value == "true");
            }
            (DEEPEST.., _) => return Err("its elements are nested too deeply".to_owned()),
            _ => {}
        }
        self.path.push(name);
        self.text.clear();
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let path: Vec<&str> = self.path.iter().skip(1).map(String::as_str).collect();
        let text = std::mem::take(&mut self.text);
        let filled = || Some(text.clone()).filter(|text| !text.is_empty());
        let entry = &mut self.entry;
        match path.as_slice() {
            ["NextMarker" | "NextContinuationToken"] => self.page.next = filled(),
            ["IsTruncated"] => self.is_truncated = text == "true",
            ["Blobs", "Blob", field] => match *field {
                "Name" if self.is_encoded => {
                    entry.key = unescape(&text).ok_or("a name is not UTF-8")?;
                }
                "Name" => entry.key = text,
                "VersionId" => entry.version_id = filled(),
                "Snapshot" => entry.is_past = true,
                "Deleted" => entry.is_past |= text == "true",
                _ => {}
            },
            ["Blobs", "Blob", "Properties", field] => match *field {
                "Content-Length" => entry.size = Some(text.parse().map_err(shown)?),
                "Last-Modified" => entry.modified = Time::parse(&text),
                "Etag" => entry.etag = filled(),
                "AccessTier" => entry.tier = filled(),
                "ResourceType" => entry.is_directory = text == "directory",
                _ => {}
            },
            ["Contents", field] => match *field {
                "Key" => entry.key = text,
                "Size" => entry.size = Some(text.parse().map_err(shown)?),
                "LastModified" => entry.modified = Time::parse(&text),
                "ETag" => entry.etag = filled(),
                "StorageClass" => entry.tier = filled(),
                _ => {}
            },
            ["Blobs", "Blob"] | ["Contents"] => {
                let entry = std::mem::take(entry);
                if entry.key.is_empty() {
                    return Err("an object has no name".to_owned());
                }
                if !entry.is_past {
                    self.page.entries.push(entry);
                }
            }
            _ => {}
        }
        self.path.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_of_azure_has_tiers_directories_and_encoded_names() {
        let document = r#"<?xml version="1.0" encoding="utf-8"?>
            <EnumerationResults ServiceEndpoint="https://acct.blob.core.windows.net/" ContainerName="box">
            <Prefix>a</Prefix><Blobs>
            <Blob><Name>a//b &amp; c.docx</Name><VersionId>v1</VersionId><Properties>
              <Last-Modified>Mon, 30 May 2016 10:39:00 GMT</Last-Modified><Etag>0x8D</Etag>
              <Content-Length>20</Content-Length><AccessTier>Archive</AccessTier></Properties>
              <Metadata /><OrMetadata /></Blob>
            <Blob><Name Encoded="true">a%01</Name><Properties><Content-Length>0</Content-Length>
              <ResourceType>directory</ResourceType></Properties></Blob>
            <Blob><Name>old</Name><Deleted>true</Deleted><Properties/></Blob>
            </Blobs><NextMarker>2!&lt;a</NextMarker></EnumerationResults>"#;
        let page = Page::parse(document.as_bytes()).unwrap();
        let [one, two] = page.entries.as_slice() else { panic!("{page:?}") };
        assert_eq!((one.key.as_str(), one.size), ("a//b & c.docx", Some(20)));
        assert_eq!(one.modified.unwrap().seconds, 1_464_604_740);
        assert_eq!(one.tier.as_deref(), Some("Archive"));
        assert_eq!(one.version_id.as_deref(), Some("v1"));
        assert_eq!((two.key.as_str(), two.is_directory), ("a\u{1}", true));
        assert!(page.without_objects().contains("<NextMarker>2!&lt;a</NextMarker>"));
    }

    #[test]
    fn page_of_s3_has_storage_classes() {
        let document = r#"<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Name>b</Name><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>
            <NextContinuationToken>t+/=</NextContinuationToken>
            <Contents><Key>a&#x1;/</Key><LastModified>2016-05-30T10:39:00.500Z</LastModified>
            <ETag>&quot;9b2c&quot;</ETag><Size>0</Size><StorageClass>GLACIER</StorageClass>
            <Owner><ID>1</ID></Owner></Contents></ListBucketResult>"#;
        let page = Page::parse(document.as_bytes()).unwrap();
        let [entry] = page.entries.as_slice() else { panic!("{page:?}") };
        assert_eq!((entry.key.as_str(), entry.etag.as_deref()), ("a\u{1}/", Some("\"9b2c\"")));
        assert_eq!(entry.tier.as_deref(), Some("GLACIER"));
        assert_eq!(entry.modified.unwrap().nanoseconds, 500_000_000);
        assert!(page.without_objects().contains(">t+/=<"));
    }

    #[test]
    fn documents_that_are_no_complete_listing_are_rejected() {
        for document in [
            "",
            "<html></html>",
            "<EnumerationResults><Blobs>",
            "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "<ListBucketResult><Contents><Key>a</Key><Size>x</Size></Contents></ListBucketResult>",
        ] {
            assert!(Page::parse(document.as_bytes()).is_err(), "{document}");
        }
        assert!(Page::parse(b"<ListBucketResult/>").unwrap().entries.is_empty());
    }
}
