//! The HTTP client of `object_store`: sends its requests through [`Transport`], and reads the pages
//! of listings.
//!
//! `object_store` drops storage classes from listings, and fails on a page with a key that is not
//! one of its paths (`a//b`). So the pages are read here, and travel in the extensions of the
//! answer. `object_store` gets an empty page, with the token of the next one.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};

use crate::error::StoreError;
use crate::page::Page;
use crate::transport::{Answer, SendOptions, Transport, add, refused};

/// Marks a request for a page of a listing, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest;

/// Bytes that a request asks for, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedBytes(pub(crate) usize);

/// Connects `object_store` to a [`Transport`].
#[derive(Debug, Clone)]
pub(crate) struct Connector(pub(crate) Arc<Transport>);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Service(Arc::clone(&self.0))))
    }
}

#[derive(Debug)]
struct Service(Arc<Transport>);

impl HttpService for Service {
    // What the macro `async_trait` makes of an asynchronous function. It blocks the thread, which
    // waits for this one request anyway.
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        // An unknown failure is not repeated by `object_store`: the transport did that.
        let answer = self.answer(request);
        Box::pin(ready(answer.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))))
    }
}

impl Service {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, StoreError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let is_page = request.extensions().get::<PageRequest>().is_some();
        let wanted = request.extensions().get::<WantedBytes>().map(|wanted| wanted.0);
        let request =
            request.map(|body| body.as_bytes().map(|bytes| bytes.to_vec()).unwrap_or_default());
        if is_page {
            add(&self.0.traffic.listings, 1);
        }
        let answer = self.0.send(&request, SendOptions { wanted, is_page, redirects: false })?;
        if !answer.status.is_success() {
            return Err(refused(&host, &answer));
        }
        match is_page {
            true => page(&host, answer),
            false => Ok(response(answer)),
        }
    }
}

fn page(host: &str, mut answer: Answer) -> Result<HttpResponse, StoreError> {
    let page = Page::parse(&answer.body)
        .map_err(|why| StoreError::io(format!("{host}: the listing is not valid: {why}")))?;
    answer.body = Bytes::from(page.without_objects());
    let mut response = response(answer);
    response.extensions_mut().insert(Arc::new(page));
    Ok(response)
}

fn response(answer: Answer) -> HttpResponse {
    let body = Full::new(answer.body).map_err(|never| -> HttpError { match never {} });
    let mut response = http::Response::new(HttpResponseBody::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
