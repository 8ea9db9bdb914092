//! [`Stores`]: the clients of all containers.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{Extensions, GetOptions, GetRange};

use crate::address::{Address, Container, Place, folder};
use crate::connect::{Client, connect, of_client};
use crate::error::{StoreError, StoreErrorKind};
use crate::object::{ListedObject, without_quotes};
use crate::page::Page;
use crate::secret::SecretUrl;
use crate::service::{PageRequest, WantedBytes};
use crate::settings::Settings;
use crate::source::ObjectSource;
use crate::time::Time;
use crate::transport::{Answer, RequestOptions, SendOptions, Traffic, Transport, refused};

/// Lists and reads objects. Threads share it.
///
/// The environment variables of the SDKs configure it: `AZURE_STORAGE_…`, `AWS_…`, `GOOGLE_…`, as
/// the crate `object_store` reads them.
#[derive(Debug)]
pub struct Stores {
    transport: Arc<Transport>,
    settings: Settings,
    clients: Mutex<HashMap<Container, Arc<Client>>>,
}

/// A range of an object.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) bytes: Bytes,
    /// Size of the whole object.
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) modified: Option<Time>,
}

impl Stores {
    /// Reads the environment. The clients are created when they are first used.
    pub fn new(options: RequestOptions) -> Stores {
        let variables = std::env::vars_os();
        Stores::with_settings(
            options,
            variables.filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            }),
        )
    }

    /// Uses these settings, by the names of environment variables, and not the environment.
    pub fn with_settings(
        options: RequestOptions,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Stores {
        let transport = Arc::new(Transport::new(options));
        Stores { transport, settings: Settings::new(settings), clients: Mutex::default() }
    }

    /// Returns what was sent and received until now.
    pub fn traffic(&self) -> Traffic {
        self.transport.traffic.now()
    }

    /// Lists the objects in the folder that an address names, page by page.
    pub fn list(self: &Arc<Stores>, root: &Address) -> ObjectPages {
        ObjectPages { stores: Arc::clone(self), root: root.clone(), state: PageState::First }
    }

    /// Opens an object, and reads its first bytes.
    ///
    /// # Errors
    /// Fails if the object cannot be read, or is not the listed one any more.
    pub fn open(self: &Arc<Stores>, object: &ListedObject) -> Result<ObjectSource, StoreError> {
        ObjectSource::open(Arc::clone(self), object)
    }

    /// Reads a range that is not empty. With an entity tag, fails if the object has another one.
    pub(crate) fn get(
        &self,
        address: &Address,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Part, StoreError> {
        match &address.0 {
            Place::Object { container, key } => {
                let client = self.client(container)?;
                get_object(&client, key, range, etag)
            }
            Place::Web(url) => self.get_web(url, range, etag),
        }
    }

    fn client(&self, container: &Container) -> Result<Arc<Client>, StoreError> {
        let mut clients = self.clients.lock().unwrap_or_else(|error| error.into_inner());
        if let Some(client) = clients.get(container) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(connect(container, &self.settings, &self.transport)?);
        clients.insert(container.clone(), Arc::clone(&client));
        Ok(client)
    }

    fn get_web(
        &self,
        url: &SecretUrl,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Part, StoreError> {
        let last = range.end.saturating_sub(1);
        let mut request = Request::get(url.uri().clone())
            .header(header::RANGE, format!("bytes={}-{last}", range.start));
        if let Some(etag) = etag {
            request = request.header(header::IF_MATCH, etag);
        }
        let invalid = |_| StoreError::config("the address is not valid");
        let request = request.body(Vec::new()).map_err(invalid)?;
        let host = url.uri().host().unwrap_or_default();
        let how = SendOptions { wanted: length(&range), is_page: false, redirects: true };
        let answer = self.transport.send(&request, how)?;
        part(host, answer, &range)
    }

    fn page(
        &self,
        root: &Address,
        token: Option<String>,
    ) -> Result<(Vec<ListedObject>, Option<String>), StoreError> {
        let Place::Object { container, key } = &root.0 else { return Ok((Vec::new(), None)) };
        let client = self.client(container)?;
        let prefix = Some(folder(key)).filter(|prefix| !prefix.is_empty());
        let mut extensions = Extensions::new();
        extensions.insert(PageRequest);
        let options = PaginatedListOptions {
            page_token: token,
            extensions,
            ..PaginatedListOptions::default()
        };
        let listed = client.pages.list_paginated(prefix.as_deref(), options);
        let listed = pollster::block_on(listed).map_err(|error| of_client(&error))?;
        let page = listed.result.extensions.get::<Arc<Page>>();
        let page = page.ok_or_else(|| StoreError::io("the listing has no page"))?;
        let objects = page.entries.iter().map(|entry| {
            let address = root.with_key(&entry.key);
            let is_marker = entry.key.ends_with('/') && entry.size.unwrap_or(0) == 0;
            ListedObject {
                size: entry.size,
                modified: entry.modified,
                etag: entry.etag.as_deref().map(|etag| without_quotes(etag).to_owned()),
                version_id: entry.version_id.clone(),
                tier: entry.tier.clone(),
                is_folder: entry.is_directory || is_marker,
                ..ListedObject::new(address)
            }
        });
        Ok((objects.collect(), listed.page_token))
    }
}

/// Returns the length of a range, if a request can have it.
fn length(range: &Range<u64>) -> Option<usize> {
    usize::try_from(range.end.saturating_sub(range.start)).ok()
}

fn get_object(
    client: &Client,
    key: &str,
    range: Range<u64>,
    etag: Option<&str>,
) -> Result<Part, StoreError> {
    let path = Path::parse(key).ok().filter(|path| path.as_ref() == key);
    let path = path.ok_or_else(|| {
        StoreError::io("the key has an empty segment, a relative segment or a control character: no request can name it")
    })?;
    let mut options =
        GetOptions::new().with_range(Some(GetRange::Bounded(range.clone()))).with_if_match(etag);
    if let Some(wanted) = length(&range) {
        options.extensions.insert(WantedBytes(wanted));
    }
    let (meta, bytes) = pollster::block_on(async {
        let found = client.objects.get_opts(&path, options).await?;
        let meta = found.meta.clone();
        found.bytes().await.map(|bytes| (meta, bytes))
    })
    .map_err(|error| of_client(&error))?;
    let modified = Some(Time::from(meta.last_modified));
    Ok(Part { bytes, size: meta.size, etag: meta.e_tag, version_id: meta.version, modified })
}

/// Converts the answer of a web server.
fn part(host: &str, answer: Answer, range: &Range<u64>) -> Result<Part, StoreError> {
    let text = |name: header::HeaderName| answer.header(name.as_str()).map(str::to_owned);
    let (etag, version_id) = (text(header::ETAG), None);
    let modified = text(header::LAST_MODIFIED).and_then(|time| Time::parse(&time));
    match answer.status {
        StatusCode::PARTIAL_CONTENT => {
            let unclear = || StoreError::io(format!("{host}: the answer has no valid range"));
            let given = answer.header(header::CONTENT_RANGE.as_str());
            let (start, size) = given.and_then(content_range).ok_or_else(unclear)?;
            if start != range.start {
                return Err(unclear());
            }
            Ok(Part { bytes: answer.body, size, etag, version_id, modified })
        }
        // The server does not know ranges. A small file is here as a whole.
        StatusCode::OK if range.start == 0 => {
            let size = answer.header(header::CONTENT_LENGTH.as_str());
            let size: Option<u64> = size.and_then(|size| size.parse().ok());
            let size = size.filter(|size| *size <= range.end);
            match size {
                Some(size) => Ok(Part { bytes: answer.body, size, etag, version_id, modified }),
                None => Err(StoreError::io(format!("{host}: the server does not send ranges"))),
            }
        }
        status if status.is_success() => {
            Err(StoreError::io(format!("{host}: the server does not send ranges")))
        }
        _ => Err(refused(host, &answer)),
    }
}

/// Parses `bytes START-END/SIZE` (RFC 9110 section 14.4). Returns start and size.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, size.trim().parse().ok()?))
}

/// The pages of a listing. The iterator ends after an error.
///
/// If a folder is empty, its address is tried as that of an object.
#[derive(Debug)]
pub struct ObjectPages {
    stores: Arc<Stores>,
    root: Address,
    state: PageState,
}

#[derive(Debug)]
enum PageState {
    First,
    Next(String),
    End,
}

impl Iterator for ObjectPages {
    type Item = Result<Vec<ListedObject>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (token, is_first) = match std::mem::replace(&mut self.state, PageState::End) {
            PageState::First => (None, true),
            PageState::Next(token) => (Some(token), false),
            PageState::End => return None,
        };
        if matches!(self.root.0, Place::Web(_)) {
            return Some(Ok(vec![ListedObject::new(self.root.clone())]));
        }
        let (objects, next) = match self.stores.page(&self.root, token.clone()) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        if let Some(next) = next {
            if Some(&next) == token.as_ref() {
                return Some(Err(StoreError::io("the listing repeats a page")));
            }
            self.state = PageState::Next(next);
        } else if is_first && objects.is_empty() && !self.root.key().is_empty() {
            return Some(self.single());
        }
        Some(Ok(objects))
    }
}

impl ObjectPages {
    /// Returns the object that has the address itself, if there is one.
    fn single(&self) -> Result<Vec<ListedObject>, StoreError> {
        let object = ListedObject::new(self.root.clone());
        match self.stores.get(&self.root, 0..1, None) {
            Ok(part) => {
                let etag = part.etag.map(|etag| without_quotes(&etag).to_owned());
                let (size, version_id) = (Some(part.size), part.version_id);
                let modified = part.modified;
                Ok(vec![ListedObject { size, modified, etag, version_id, ..object }])
            }
            Err(error) => match error.kind() {
                StoreErrorKind::NotFound => Ok(Vec::new()),
                // An empty object has no range.
                StoreErrorKind::Changed => Ok(vec![ListedObject { size: Some(0), ..object }]),
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_has_start_and_size() {
        assert_eq!(content_range("bytes 10-19/200"), Some((10, 200)));
        assert_eq!(content_range("bytes 10-19/*"), None);
        assert_eq!(content_range("bytes */200"), None);
    }
}
