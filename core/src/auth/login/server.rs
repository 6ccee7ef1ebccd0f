//! The listener that the browser comes back to.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

use super::listener::{self, Answers, html, redirect, text};
use super::pages;

/// The authority's page that opens an application.
const HOSTED_PAGE: &str = "https://chatgpt.com/codex/open-app?source=login&app_brand=";

/// What happens with the code that the browser brings.
pub(super) trait CodeHandler: Send + Sync + 'static {
    /// Turns it into stored credentials. The error is for the user.
    fn sign_in(&self, code: &str) -> impl Future<Output = Result<(), String>> + Send;
}

/// What the user sees at the end of a browser login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LoginPage {
    /// Our own page.
    #[default]
    Own,
    /// The authority's page that opens the application of this brand (`codex` or `chatgpt`).
    Hosted(&'static str),
}

/// What a listener is made of.
pub(super) struct ServerOptions {
    /// What the browser must bring back unchanged.
    pub(super) state: String,
    /// Which page of ours.
    pub(super) streamlined: bool,
    /// Whose page.
    pub(super) page: LoginPage,
}

/// The listener of one login.
pub(super) struct LoginServer<H> {
    shared: Arc<Shared<H>>,
    ended: mpsc::Receiver<Result<(), String>>,
}

struct Shared<H> {
    options: ServerOptions,
    handler: Arc<H>,
    /// Credentials are stored; a browser that sends its code twice is shown the end again.
    signed_in: Arc<AtomicBool>,
    /// A code is good for one use; a second request waits for the first.
    exchange: Mutex<()>,
    end: mpsc::Sender<Result<(), String>>,
}

impl<H: CodeHandler> LoginServer<H> {
    /// A listener, and a flag that tells whether credentials are stored.
    pub(super) fn new(options: ServerOptions, handler: Arc<H>) -> (Self, Arc<AtomicBool>) {
        let (end, ended) = mpsc::channel(1);
        let signed_in = Arc::new(AtomicBool::new(false));
        let shared = Shared {
            options,
            handler,
            signed_in: Arc::clone(&signed_in),
            exchange: Mutex::default(),
            end,
        };
        (
            Self {
                shared: Arc::new(shared),
                ended,
            },
            signed_in,
        )
    }

    /// Answers the browser until the login has ended.
    pub(super) async fn run(self, listener: TcpListener) -> Result<(), String> {
        listener::run(listener, self.shared, self.ended).await
    }
}

impl<H: CodeHandler> Answers for Shared<H> {
    fn is_ours_alone(&self, path: &str) -> bool {
        path == "/cancel"
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/auth/callback" => self.callback(request.uri().query().unwrap_or_default()).await,
            "/success" if self.signed_in.load(Ordering::Acquire) => {
                self.end(Ok(()));
                html(pages::success(self.options.streamlined))
            }
            "/cancel" => {
                self.end(Err("Login cancelled".to_owned()));
                html(pages::cancelled())
            }
            _ => text(StatusCode::NOT_FOUND, "Not Found"),
        }
    }
}

impl<H: CodeHandler> Shared<H> {
    async fn callback(&self, query: &str) -> Response<Full<Bytes>> {
        let query = Query::parse(query);
        if query.state.as_deref() != Some(&*self.options.state) {
            return text(StatusCode::BAD_REQUEST, "State mismatch");
        }
        if let Some(code) = query.error {
            return self.fail(refusal(&code, query.error_description.as_deref()));
        }
        let Some(code) = query.code.filter(|code| !code.is_empty()) else {
            return self.fail("Missing authorization code. Sign-in could not be completed.".to_owned());
        };
        let _one_at_a_time = self.exchange.lock().await;
        if !self.signed_in.load(Ordering::Acquire) {
            if let Err(why) = self.handler.sign_in(&code).await {
                return self.fail(why);
            }
            self.signed_in.store(true, Ordering::Release);
        }
        match &self.options.page {
            LoginPage::Hosted(brand) => {
                self.end(Ok(()));
                redirect(&format!("{HOSTED_PAGE}{brand}"))
            }
            LoginPage::Own if self.options.streamlined => redirect("/success?codex_streamlined_login=true"),
            LoginPage::Own => redirect("/success"),
        }
    }

    fn fail(&self, why: String) -> Response<Full<Bytes>> {
        let page = html(pages::failure(&why));
        self.end(Err(why));
        page
    }

    /// The first end counts.
    fn end(&self, outcome: Result<(), String>) {
        let _ = self.end.try_send(outcome);
    }
}

/// Parameters of the callback.
#[derive(Default)]
struct Query {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Query {
    fn parse(query: &str) -> Self {
        let mut found = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*key {
                "state" => &mut found.state,
                "code" => &mut found.code,
                "error" => &mut found.error,
                "error_description" => &mut found.error_description,
                _ => continue,
            };
            slot.get_or_insert_with(|| value.into_owned());
        }
        found
    }
}

/// Words for what the authority refused.
fn refusal(code: &str, description: Option<&str>) -> String {
    let description = description.filter(|text| !text.trim().is_empty());
    if code == "access_denied" && description.is_some_and(|text| text.contains("missing_codex_entitlement")) {
        return "Codex is not enabled for your workspace. Contact your workspace administrator to request access to \
                Codex."
            .to_owned();
    }
    format!("Sign-in failed: {}", description.unwrap_or(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals_are_told_in_words() {
        assert_eq!(refusal("access_denied", None), "Sign-in failed: access_denied");
        assert_eq!(refusal("access_denied", Some("no")), "Sign-in failed: no");
        assert!(
            refusal("access_denied", Some("missing_codex_entitlement")).starts_with("Codex is not enabled")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_query_is_read(query in "\\PC*") {
            let _ = Query::parse(&query);
        }
    }
}
