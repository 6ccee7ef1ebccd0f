//! What the browser is answered that comes back from an authority: one request with the right state ends the sign-in.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::sync::mpsc;
use url::Url;

use crate::auth::login_listener::{Answers, page, text};

/// Turns a code into tokens that are kept. The error is for the user.
pub(super) type Exchange = Box<dyn FnOnce(String) -> BoxFuture<'static, Result<(), String>> + Send>;

/// See the module.
pub(super) struct Callback {
    /// Paths that the browser may come back to: ours, and that of the configured address.
    pub(super) paths: Vec<String>,
    /// The host of the configured address.
    pub(super) host: Option<String>,
    /// What it must bring back unchanged.
    pub(super) state: String,
    /// The authority, as it calls itself.
    pub(super) issuer: Option<String>,
    /// Taken by the first that brings the state: a code is good for one use. A lock, because browsers have several
    /// connections; held for a moment.
    pub(super) exchange: Mutex<Option<Exchange>>,
    /// Hears how the sign-in ended.
    pub(super) end: mpsc::Sender<Result<(), String>>,
}

impl Callback {
    /// The paths and the host of an address that is configured to come back to, beside our path.
    pub(super) fn places(own_path: &str, configured: Option<&str>) -> (Vec<String>, Option<String>) {
        let url = configured.and_then(|url| Url::parse(url).ok());
        let path = url.as_ref().map(|url| url.path().to_owned());
        let host = url.as_ref().and_then(|url| Some(url.host_str()?.to_owned()));
        ([own_path.to_owned()].into_iter().chain(path).collect(), host)
    }
}

impl Answers for Callback {
    fn is_ours_alone(&self, _: &str) -> bool {
        false
    }

    fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let uri = request.uri();
        if !self.paths.iter().any(|path| path == uri.path()) {
            return text(StatusCode::NOT_FOUND, "Not Found");
        }
        let query = uri.query().unwrap_or_default();
        let Some(outcome) = outcome_of(query, &self.state, self.issuer.as_deref()) else {
            return text(StatusCode::BAD_REQUEST, "State mismatch");
        };
        let exchange = {
            let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
            exchange.take()
        };
        let Some(exchange) = exchange else {
            return text(StatusCode::GONE, "This sign-in has been used");
        };
        let end = self.end.clone();
        // A code that has been sent must be heard of, also if the browser goes away meanwhile.
        let exchanging = tokio::spawn(async move {
            let ended = match outcome {
                Ok(code) => exchange(code).await,
                Err(why) => Err(why),
            };
            let is_signed_in = ended.is_ok();
            // Nobody may wait any more.
            let _ = end.try_send(ended);
            is_signed_in
        });
        if exchanging.await.unwrap_or(false) {
            page("Signed in", &["You are signed in. You can close this window."])
        } else {
            page(
                "Sign-in failed",
                &["Signing in has failed. You can close this window and try again from the application."],
            )
        }
    }
}

/// What a query means for the login with this authority: the code, or why there is none. `None`: nothing.
fn outcome_of(query: &str, state: &str, issuer: Option<&str>) -> Option<Result<String, String>> {
    let mut code = None;
    let mut error = None;
    let mut is_ours = false;
    let mut is_other = false;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "state" => is_ours = value == state,
            "iss" => {
                is_other =
                    issuer.is_some_and(|issuer| issuer.trim_end_matches('/') != value.trim_end_matches('/'));
            }
            "code" => code = Some(value.into_owned()),
            "error" => error = Some(value.into_owned()),
            _ => {}
        }
    }
    if !is_ours {
        return None;
    }
    if is_other {
        return Some(Err(
            "another authority has answered than was asked (`iss`)".to_owned()
        ));
    }
    if let Some(error) = error {
        let error: String = error.chars().filter(|c| !c.is_control()).take(200).collect();
        return Some(Err(format!("OAuth provider returned `{error}`")));
    }
    code.filter(|code| !code.is_empty()).map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_browser_that_was_sent_brings_a_code() {
        assert_eq!(
            outcome_of("code=c&state=s&iss=https://i/", "s", Some("https://i")),
            Some(Ok("c".to_owned()))
        );
        assert_eq!(
            outcome_of("error=access_denied&state=s", "s", None),
            Some(Err("OAuth provider returned `access_denied`".to_owned()))
        );
        let other = outcome_of("code=c&state=s&iss=https://o", "s", Some("https://i"));
        assert!(other.is_some_and(|outcome| outcome.is_err()));
        for other in ["code=c&state=t", "", "state=s", "code=&state=s"] {
            assert_eq!(outcome_of(other, "s", None), None, "{other}");
        }
    }

    #[test]
    fn an_address_of_the_configuration_is_ours_too() {
        let (paths, host) = Callback::places("/callback/x", Some("https://dev.example:8443/back"));
        assert_eq!(
            (paths.len(), &*paths[1], host.as_deref()),
            (2, "/back", Some("dev.example"))
        );
        assert_eq!(
            Callback::places("/callback/x", None),
            (vec!["/callback/x".to_owned()], None)
        );
    }
}
