//! A server with the interfaces of Azure Blob Storage and S3, as far as `rmsight-store` uses them. The
//! tests of the program include this file too.

#![allow(dead_code)]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refuses with this status.
    Status(u16),
    /// Sends half of the body, and closes the connection.
    Truncate,
    /// Sends half of the body, and nothing more.
    Stall,
    /// Closes the connection without an answer.
    Hang,
    /// Writes another version of the object first.
    Replace,
}

/// The faults of the requests for an object, in this order; those of listings have no key. Later requests succeed.
type Faults = HashMap<String, Vec<Fault>>;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) objects: Mutex<BTreeMap<String, Vec<u8>>>,
    versions: Mutex<HashMap<String, usize>>,
    pub(crate) faults: Mutex<Faults>,
    /// Storage classes.
    pub(crate) tiers: Mutex<HashMap<String, String>>,
    /// Ranges that were requested of objects.
    pub(crate) gets: Mutex<Vec<(String, String)>>,
    pub(crate) listings: AtomicUsize,
    /// Objects on a page.
    pub(crate) page: AtomicUsize,
}

/// A running server.
pub(crate) struct Fake {
    pub(crate) state: Arc<State>,
    port: u16,
}

impl Fake {
    pub(crate) fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        state.page.store(1000, Ordering::Relaxed);
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), state) = (stream, Arc::clone(&shared)) else { break };
                // A client that gives up closes the connection.
                thread::spawn(move || _ = serve(&stream, &state));
            }
        });
        Fake { state, port }
    }

    pub(crate) fn put(&self, key: &str, bytes: Vec<u8>) {
        self.state.objects.lock().unwrap().insert(key.to_owned(), bytes);
    }

    pub(crate) fn fail(&self, key: &str, faults: &[Fault]) {
        self.state.faults.lock().unwrap().insert(key.to_owned(), faults.to_vec());
    }

    /// The settings of clients, by the names of environment variables.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let settings = [
            ("AZURE_STORAGE_ENDPOINT", endpoint.as_str()),
            ("AZURE_SKIP_SIGNATURE", "true"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_SKIP_SIGNATURE", "true"),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// The address of an object as that of a web server.
    pub(crate) fn web(&self, key: &str) -> String {
        format!("http://127.0.0.1:{}/box/{key}?sig=geheim", self.port)
    }

    pub(crate) fn gets(&self) -> Vec<(String, String)> {
        self.state.gets.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, state: &State) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let target = lines[0].split(' ').nth(1).unwrap_or_default().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let header = |name: &str| {
            let found = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
            found.clone().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, it)| it)
        };
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let key = decoded(key);
        if key.is_empty() {
            if let Some(Fault::Status(status)) = next_fault(state, "") {
                answer(stream, &format!("{status} No"), &[], b"", 0)?;
                continue;
            }
            let body = page(state, query);
            answer(stream, "200 OK", &[], body.as_bytes(), body.len())?;
            continue;
        }
        let range = header("range").unwrap_or_default().to_owned();
        state.gets.lock().unwrap().push((key.clone(), range.clone()));
        if !object(stream, state, &key, &range, header("if-match"))? {
            return Ok(());
        }
    }
}

fn next_fault(state: &State, key: &str) -> Option<Fault> {
    let mut faults = state.faults.lock().unwrap();
    faults.get_mut(key).filter(|faults| !faults.is_empty()).map(|faults| faults.remove(0))
}

/// Answers a request for an object. Returns `false` if the connection is closed.
fn object(
    stream: &TcpStream,
    state: &State,
    key: &str,
    range: &str,
    condition: Option<&str>,
) -> std::io::Result<bool> {
    let fault = next_fault(state, key);
    match fault {
        Some(Fault::Hang) => return Ok(false),
        Some(Fault::Status(status)) => {
            let retry = ("Retry-After", "0".to_owned());
            answer(stream, &format!("{status} No"), &[retry], b"<Error></Error>", 15)?;
            return Ok(true);
        }
        Some(Fault::Replace) => {
            *state.versions.lock().unwrap().entry(key.to_owned()).or_default() += 1;
        }
        _ => {}
    }
    let objects = state.objects.lock().unwrap();
    let bytes = objects.get(key).cloned();
    drop(objects);
    let Some(bytes) = bytes else {
        answer(stream, "404 Not Found", &[], b"", 0)?;
        return Ok(true);
    };
    let version = state.versions.lock().unwrap().get(key).copied().unwrap_or(0);
    let etag = format!("\"{version}\"");
    if condition.is_some_and(|condition| condition != etag) {
        answer(stream, "412 Precondition Failed", &[], b"", 0)?;
        return Ok(true);
    }
    let (start, last) = range.trim_start_matches("bytes=").split_once('-').unwrap();
    let (start, last): (usize, usize) = (start.parse().unwrap(), last.parse().unwrap());
    if start >= bytes.len() {
        answer(stream, "416 Range Not Satisfiable", &[], b"", 0)?;
        return Ok(true);
    }
    let end = (last + 1).min(bytes.len());
    let part = &bytes[start..end];
    let headers = [
        ("ETag", etag),
        ("Last-Modified", "Mon, 30 May 2016 10:39:00 GMT".to_owned()),
        ("Content-Range", format!("bytes {start}-{}/{}", end - 1, bytes.len())),
    ];
    let sent = match fault {
        Some(Fault::Truncate | Fault::Stall) => &part[..part.len() / 2],
        _ => part,
    };
    answer(stream, "206 Partial Content", &headers, sent, part.len())?;
    if fault == Some(Fault::Stall) {
        thread::sleep(Duration::from_secs(2));
    }
    Ok(sent.len() == part.len())
}

fn answer(
    mut stream: &TcpStream,
    status: &str,
    headers: &[(&str, String)],
    body: &[u8],
    length: usize,
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())
}

fn page(state: &State, query: &str) -> String {
    state.listings.fetch_add(1, Ordering::Relaxed);
    let value = |name: &str| {
        let found = query.split('&').filter_map(|part| part.split_once('='));
        found.clone().find(|(found, _)| *found == name).map(|(_, value)| decoded(value))
    };
    let prefix = value("prefix").unwrap_or_default();
    let after = value("marker").or(value("continuation-token")).unwrap_or_default();
    let objects = state.objects.lock().unwrap();
    let listed = objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
    let most = state.page.load(Ordering::Relaxed);
    let listed: Vec<(&String, &Vec<u8>)> = listed.take(most + 1).collect();
    let next = if listed.len() > most { listed[most - 1].0.clone() } else { String::new() };
    let tiers = state.tiers.lock().unwrap();
    let mut body = String::new();
    let is_azure = query.contains("comp=list");
    for (key, bytes) in listed.iter().take(most) {
        let tier = tiers.get(*key).map_or("Hot", String::as_str);
        body += &match is_azure {
            true => format!(
                "<Blob><Name>{key}</Name><Properties><Etag>0</Etag><Content-Length>{}\
                 </Content-Length><Last-Modified>Mon, 30 May 2016 10:39:00 GMT</Last-Modified>\
                 <AccessTier>{tier}</AccessTier></Properties></Blob>",
                bytes.len()
            ),
            false => format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><ETag>&quot;0&quot;</ETag>\
                 <LastModified>2016-05-30T10:39:00Z</LastModified>\
                 <StorageClass>{tier}</StorageClass></Contents>",
                bytes.len()
            ),
        };
    }
    match is_azure {
        true => format!(
            "<EnumerationResults><Blobs>{body}</Blobs><NextMarker>{next}</NextMarker>\
             </EnumerationResults>"
        ),
        false if next.is_empty() => format!("<ListBucketResult>{body}</ListBucketResult>"),
        false => format!(
            "<ListBucketResult>{body}<IsTruncated>true</IsTruncated>\
             <NextContinuationToken>{next}</NextContinuationToken></ListBucketResult>"
        ),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
