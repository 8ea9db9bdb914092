//! HTTP requests with limits, retries and counters. All requests of this crate go through
//! [`Transport::send`], those of `object_store` too.

mod answer;
mod backoff;
mod gate;
mod traffic;

use std::fmt;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody};

use crate::error::StoreError;
pub(crate) use answer::{Answer, refused};
use gate::Gates;
pub use traffic::Traffic;
pub(crate) use traffic::{TrafficCounters, add};

/// Limits of requests.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestOptions {
    /// Maximum number of requests under way to one account or endpoint.
    pub in_flight: usize,
    /// Time after which one attempt counts as stalled, with its whole answer.
    pub timeout: Duration,
    /// Time after which a request is not repeated any more.
    pub patience: Duration,
    /// Maximum number of attempts.
    pub attempts: u32,
    /// Returns whether the work was ended: then nothing is sent or repeated any more.
    pub is_stopped: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Called before each attempt with the number of bytes that it requests, to limit the rate.
    pub pace: Arc<dyn Fn(usize) + Send + Sync>,
}

impl Default for RequestOptions {
    fn default() -> RequestOptions {
        RequestOptions {
            in_flight: 256,
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(150),
            attempts: 10,
            is_stopped: Arc::new(|| false),
            pace: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions")
            .field("in_flight", &self.in_flight)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Transport {
    agent: Agent,
    gates: Gates,
    pub(crate) traffic: TrafficCounters,
    options: RequestOptions,
}

/// Maximum number of bytes of an answer without a requested length: a page of a listing.
const LARGEST: usize = 64 << 20;

/// Time for a connection to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// The services that hand credentials to virtual machines and containers. Outside of them nobody
/// answers, so that a long wait is of no use.
const METADATA_HOSTS: [&str; 4] =
    ["169.254.169.254", "169.254.170.2", "169.254.170.23", "metadata.google.internal"];

/// Attempts and connection time for such a service.
const METADATA_PATIENCE: (u32, Duration) = (2, Duration::from_secs(2));

/// Maximum number of redirects that are followed for the address of a file.
const REDIRECTS: u32 = 5;

/// How many times longer a page of a listing may take than other requests.
const PAGE_PATIENCE: u32 = 4;

/// Interval at which a wait checks whether the work was ended.
const LOOK: Duration = Duration::from_millis(100);

/// How one request is sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SendOptions {
    /// The number of bytes of the requested range.
    pub(crate) wanted: Option<usize>,
    /// Lists objects, which takes a store longer than reading one.
    pub(crate) is_page: bool,
    /// Follows redirects. Requests with a signature in their headers must not.
    pub(crate) redirects: bool,
}

/// Why an attempt failed, and whether another one may succeed.
struct Failure {
    text: String,
    is_final: bool,
    /// The server did not answer in time: it may have too many requests.
    is_stall: bool,
}

impl Failure {
    fn passing(text: &str) -> Failure {
        Failure { text: text.to_owned(), is_final: false, is_stall: false }
    }
}

impl Transport {
    pub(crate) fn new(options: RequestOptions) -> Transport {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(options.in_flight.saturating_mul(2))
            .max_idle_connections_per_host(options.in_flight)
            .timeout_connect(Some(CONNECT.min(options.timeout)))
            .timeout_global(Some(options.timeout))
            .user_agent(concat!("rmsight/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .build();
        let (gates, traffic) = (Gates::new(options.in_flight), TrafficCounters::default());
        Transport { agent: config.new_agent(), gates, traffic, options }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        (self.options.is_stopped)()
    }

    /// Sends a request, and repeats it after failures that may pass: 408, 429, 5xx, timeouts, lost
    /// connections, and bodies that end early.
    ///
    /// # Errors
    /// Fails if no attempt succeeds. Any other answer is returned, also one that refuses.
    pub(crate) fn send(
        &self,
        request: &Request<Vec<u8>>,
        how: SendOptions,
    ) -> Result<Answer, StoreError> {
        let host = request.uri().authority().map_or("", |authority| authority.as_str());
        // A user and a password may precede the host.
        let host = host.rsplit('@').next().unwrap_or_default();
        let gate = self.gates.of(host);
        let is_metadata = METADATA_HOSTS.iter().any(|known| host.starts_with(known));
        let attempts = if is_metadata { METADATA_PATIENCE.0 } else { self.options.attempts.max(1) };
        let begun = Instant::now();
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            (self.options.pace)(how.wanted.unwrap_or(0));
            let permit = gate.enter(&|| self.is_stopped());
            if permit.is_none() || self.is_stopped() {
                return Err(StoreError::stopped());
            }
            let outcome = self.attempt(request, how, is_metadata);
            drop(permit);
            let (failure, asked) = match outcome {
                Ok(answer) if !is_passing(answer.status) => {
                    gate.succeeded();
                    return Ok(answer);
                }
                Ok(answer) => {
                    if is_throttling(answer.status) {
                        add(&self.traffic.throttled, 1);
                        gate.slow_down();
                    }
                    let text = format!("HTTP status {}", answer.status.as_u16());
                    (Failure { text, is_final: false, is_stall: false }, answer.retry_after())
                }
                Err(failure) => {
                    if failure.is_stall {
                        gate.slow_down();
                    }
                    (failure, None)
                }
            };
            let wait = backoff::wait(attempt, asked);
            let factor = if how.is_page { PAGE_PATIENCE } else { 1 };
            let patience = self.options.patience.saturating_mul(factor);
            let is_late = begun.elapsed().saturating_add(wait) > patience;
            if failure.is_final || attempt >= attempts || is_late {
                let tries = if attempt == 1 { "attempt" } else { "attempts" };
                let text = format!("{host}: {} ({attempt} {tries})", failure.text);
                return Err(StoreError::io(text));
            }
            add(&self.traffic.retries, 1);
            self.pause(wait)?;
        }
    }

    fn pause(&self, wait: Duration) -> Result<(), StoreError> {
        let begun = Instant::now();
        while let Some(left) = wait.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            if self.is_stopped() {
                return Err(StoreError::stopped());
            }
            std::thread::sleep(left.min(LOOK));
        }
        Ok(())
    }

    fn attempt(
        &self,
        request: &Request<Vec<u8>>,
        how: SendOptions,
        is_metadata: bool,
    ) -> Result<Answer, Failure> {
        add(&self.traffic.requests, 1);
        let answer = match request.body().is_empty() {
            // Without a body no length is sent.
            true => self.run(request.clone().map(drop), how, is_metadata),
            false => self.run(request.clone(), how, is_metadata),
        };
        let answer = answer.map_err(|error| failure(&error))?;
        let (parts, mut body) = answer.into_parts();
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let length: Option<usize> = length.and_then(|it| it.to_str().ok()?.parse().ok());
        // An answer to a range that begins with other bytes is not read to its end.
        let most = match (how.wanted, parts.status.is_success()) {
            (Some(wanted), true) => wanted.saturating_add(1),
            _ => LARGEST,
        };
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let read = body.as_reader().take(limit).read_to_end(&mut bytes);
        add(&self.traffic.bytes, bytes.len());
        if let Err(error) = read {
            let text = format!("the answer broke off ({})", error.kind());
            let is_stall = error.kind() == io::ErrorKind::TimedOut;
            return Err(Failure { text, is_final: false, is_stall });
        }
        let is_head = request.method() == http::Method::HEAD;
        if length.is_some_and(|length| !is_head && bytes.len() < length.min(most)) {
            return Err(Failure::passing("the answer was too short"));
        }
        if how.wanted.is_none() && bytes.len() >= LARGEST {
            let text = "the answer was too long".to_owned();
            return Err(Failure { text, is_final: true, is_stall: false });
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body: Bytes::from(bytes) })
    }
}

impl Transport {
    fn run<B: AsSendBody>(
        &self,
        request: Request<B>,
        how: SendOptions,
        is_metadata: bool,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut config = self.agent.configure_request(request);
        if how.redirects {
            config = config.max_redirects(REDIRECTS);
        }
        if how.is_page {
            let timeout = self.options.timeout.saturating_mul(PAGE_PATIENCE);
            config = config.timeout_global(Some(timeout));
        }
        if is_metadata {
            config = config.timeout_connect(Some(METADATA_PATIENCE.1));
        }
        self.agent.run(config.build())
    }
}

/// Returns whether an answer with this status may be another one soon.
fn is_passing(status: StatusCode) -> bool {
    is_throttling(status)
        || status == StatusCode::REQUEST_TIMEOUT
        || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

fn is_throttling(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// Describes a failed attempt, without the address of the request.
fn failure(error: &ureq::Error) -> Failure {
    let (text, is_final) = match error {
        ureq::Error::Timeout(_) => ("no answer in time".to_owned(), false),
        ureq::Error::Io(error) => (format!("the connection failed ({})", error.kind()), false),
        ureq::Error::HostNotFound => ("the host was not found".to_owned(), false),
        ureq::Error::ConnectionFailed => ("the connection failed".to_owned(), false),
        ureq::Error::Tls(words) => (format!("TLS: {words}"), true),
        ureq::Error::Rustls(error) => (format!("TLS: {error}"), true),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            ("the address is not valid".to_owned(), true)
        }
        ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
            ("it redirects too often".to_owned(), true)
        }
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
            ("the proxy refused the connection".to_owned(), true)
        }
        _ => ("the answer is not valid HTTP".to_owned(), false),
    };
    Failure { text, is_final, is_stall: matches!(error, ureq::Error::Timeout(_)) }
}
