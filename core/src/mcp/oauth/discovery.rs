//! Who signs users in for a server: protected-resource metadata (RFC 9728), metadata of the authority (RFC 8414), and
//! registration (RFC 7591).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Issued;
use crate::config::McpOauth;
use crate::net::body::{self, BodyLimit};
use crate::net::client::{error_chain, network};

/// How long an answer may take, and what is read of it.
const LIMIT: Duration = Duration::from_secs(15);
const BODY: BodyLimit = BodyLimit {
    bytes: 256 << 10,
    time: LIMIT,
};

/// An authority, as it describes itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Authority {
    #[serde(default)]
    pub(super) issuer: Option<String>,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    registration_endpoint: Option<String>,
    #[serde(default)]
    pub(super) scopes_supported: Vec<String>,
    /// The server that it is for: plain HTTP is spoken with its host only.
    #[serde(skip)]
    server: Option<Url>,
}

#[derive(Default, Deserialize)]
struct Protected {
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

/// Why it is not known who signs users in.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct NotSaid {
    why: String,
    /// Some place did not answer, or with an error of its own: another time it may be known.
    pub(super) is_passing: bool,
}

impl From<String> for NotSaid {
    fn from(why: String) -> Self {
        Self {
            why,
            is_passing: false,
        }
    }
}

impl From<&str> for NotSaid {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

impl From<NotSaid> for String {
    fn from(not_said: NotSaid) -> Self {
        not_said.why
    }
}

impl Authority {
    /// The one that signs in for a server.
    pub(super) async fn of_server(url: &str) -> Result<Self, NotSaid> {
        let server = Url::parse(url).map_err(|error| error.to_string())?;
        let mut places = Vec::new();
        places.extend(named_by(&server).await);
        places.extend(well_known(&server, "oauth-protected-resource"));
        let mut protected = Protected::default();
        let mut is_passing = false;
        for place in places {
            match get::<Protected>(&server, place).await {
                Ok(found) => {
                    if found
                        .resource
                        .as_deref()
                        .is_some_and(|of| !is_part_of(&server, of))
                    {
                        return Err("what is said of signing in is of another server".into());
                    }
                    protected = found;
                    break;
                }
                Err(error) => is_passing |= error.is_passing,
            }
        }
        let issuer = protected.authorization_servers.into_iter().next();
        let mut authority = Self::of_issuer(url, issuer.as_deref())
            .await
            .map_err(|error| NotSaid {
                is_passing: error.is_passing || is_passing,
                ..error
            })?;
        if !protected.scopes_supported.is_empty() {
            authority.scopes_supported = protected.scopes_supported;
        }
        Ok(authority)
    }

    /// The one of this issuer; without one, the server is its own.
    pub(super) async fn of_issuer(url: &str, issuer: Option<&str>) -> Result<Self, NotSaid> {
        let server = Url::parse(url).map_err(|error| error.to_string())?;
        let base = match issuer {
            Some(issuer) => Url::parse(issuer).map_err(|_| "the authority's address is none")?,
            None => server.clone(),
        };
        let mut places = well_known(&base, "oauth-authorization-server");
        places.extend(well_known(&base, "openid-configuration"));
        let mut last = NotSaid::from("it names no authority");
        for place in places {
            match get::<Self>(&server, place).await {
                Ok(found) => {
                    let same = |a: &str, b: &str| a.trim_end_matches('/') == b.trim_end_matches('/');
                    if let (Some(asked), Some(named)) = (issuer, &found.issuer)
                        && !same(asked, named)
                    {
                        return Err("the authority calls itself another one (`issuer`)".into());
                    }
                    return Ok(Self {
                        issuer: found.issuer.or_else(|| issuer.map(str::to_owned)),
                        server: Some(server),
                        ..found
                    });
                }
                Err(error) => {
                    last = NotSaid {
                        is_passing: error.is_passing || last.is_passing,
                        ..error
                    }
                }
            }
        }
        Err(NotSaid {
            why: format!("the server does not say how to sign in: {}", last.why),
            ..last
        })
    }

    /// Registers a client that comes back to this address. Gives its id.
    pub(super) async fn register(&self, redirect: &str) -> Result<String, String> {
        let Some(endpoint) = &self.registration_endpoint else {
            return Err(
                "the server registers no clients; set `oauth = { client_id = … }` of the server in config.toml"
                    .to_owned(),
            );
        };
        let body = json!({
            "client_name": "Codex",
            "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        });
        let request = self.post(endpoint).await?.json(&body);
        let answer: Value = answered(request).await?;
        let id = answer["client_id"].as_str().filter(|id| !id.is_empty());
        id.map(str::to_owned)
            .ok_or_else(|| "the server's registration has no `client_id`".to_owned())
    }

    /// Asks for tokens with this form.
    pub(super) async fn issue(
        &self,
        client: &McpOauth,
        client_id: &str,
        form: &[(&str, &str)],
    ) -> Result<Issued, String> {
        let mut request = self.post(&self.token_endpoint).await?;
        let mut form: Vec<_> = form.to_vec();
        form.push(("client_id", client_id));
        if let Some(secret) = &client.client_secret {
            if client.secret_in_body {
                form.push(("client_secret", secret.expose()));
            } else {
                let encode =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encode(client_id), Some(encode(secret.expose())));
            }
        }
        Ok(answered(request.form(&form)).await?)
    }

    async fn post(&self, endpoint: &str) -> Result<reqwest::RequestBuilder, String> {
        let url = Url::parse(endpoint).map_err(|_| "the authority's address is none".to_owned())?;
        if let Some(server) = &self.server {
            check(server, &url)?;
        }
        let client = network()
            .http_client(url.as_str())
            .await
            .map_err(|error| error.to_string())?;
        Ok(client.post(url).timeout(LIMIT))
    }
}

/// Whether a server answers with anything but an error of its own.
pub(super) async fn is_reachable(url: &str) -> bool {
    match Url::parse(url) {
        Ok(server) => looked_at(&server)
            .await
            .is_some_and(|response| !response.status().is_server_error()),
        Err(_) => false,
    }
}

async fn looked_at(server: &Url) -> Option<reqwest::Response> {
    let client = network().http_client(server.as_str()).await.ok()?;
    client.get(server.clone()).timeout(LIMIT).send().await.ok()
}

/// Where the server itself says that its metadata are.
async fn named_by(server: &Url) -> Option<Url> {
    let response = looked_at(server).await?;
    let header = response.headers().get("www-authenticate")?.to_str().ok()?;
    let (_, rest) = header.split_once("resource_metadata=")?;
    let rest = rest.trim_start_matches('"');
    let end = rest.find(['"', ',', ' ']).unwrap_or(rest.len());
    Url::parse(&rest[..end]).ok()
}

/// Addresses of metadata: with the path of `base` behind, before, and without it.
fn well_known(base: &Url, name: &str) -> Vec<Url> {
    let path = base.path().trim_end_matches('/');
    let mut places = vec![format!("/.well-known/{name}{path}")];
    if !path.is_empty() {
        places.push(format!("{path}/.well-known/{name}"));
        places.push(format!("/.well-known/{name}"));
    }
    let at = |place: String| {
        let mut url = base.clone();
        url.set_path(&place);
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    places.into_iter().map(at).collect()
}

/// Whether a server belongs to a protected resource: the same origin, and a path that begins like its.
fn is_part_of(server: &Url, resource: &str) -> bool {
    let Ok(resource) = Url::parse(resource) else {
        return false;
    };
    let path = server.path().strip_prefix(resource.path().trim_end_matches('/'));
    server.origin() == resource.origin() && path.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Secrets go over HTTPS, but from a server on this machine to others there, and to the host that the user has configured
/// without it.
fn check(server: &Url, url: &Url) -> Result<(), String> {
    let local = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_local = local(server) && local(url);
    let is_server = server.scheme() == "http" && server.host_str() == url.host_str();
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local || is_server => Ok(()),
        _ => Err("the authority's address is not https".to_owned()),
    }
}

async fn get<T: for<'de> Deserialize<'de>>(server: &Url, url: Url) -> Result<T, NotSaid> {
    check(server, &url)?;
    let client = network()
        .http_client(url.as_str())
        .await
        .map_err(|error| error.to_string())?;
    answered(
        client
            .get(url)
            .header("accept", "application/json")
            .timeout(LIMIT),
    )
    .await
}

async fn answered<T: for<'de> Deserialize<'de>>(request: reqwest::RequestBuilder) -> Result<T, NotSaid> {
    let passing = |why| NotSaid {
        why,
        is_passing: true,
    };
    let response = request.send().await;
    let response = response.map_err(|error| passing(error_chain(&error.without_url())))?;
    let status = response.status();
    let body = body::read(response, BODY).await;
    let body = body.map_err(|error| passing(error.to_string()))?;
    if !status.is_success() {
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = said["error"].as_str().unwrap_or_default();
        let text = said["error_description"].as_str().unwrap_or(code);
        return Err(NotSaid {
            why: format!(
                "HTTP status {}: {}",
                status.as_u16(),
                super::super::error::short(text.to_owned())
            ),
            is_passing: status.is_server_error(),
        });
    }
    Ok(serde_json::from_slice(&body).map_err(|_| "its answer can't be read")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_looked_for_with_and_without_the_path() {
        let paths = |url: &str| -> Vec<String> {
            let found = well_known(&Url::parse(url).expect("a URL"), "x");
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(paths("https://h/"), ["https://h/.well-known/x"]);
        assert_eq!(
            paths("https://h/mcp?a=1"),
            [
                "https://h/.well-known/x/mcp",
                "https://h/mcp/.well-known/x",
                "https://h/.well-known/x"
            ]
        );
    }

    #[test]
    fn metadata_are_of_the_server_that_they_name() {
        let server = Url::parse("https://h/a/mcp").expect("a URL");
        for own in ["https://h", "https://h/a", "https://h/a/mcp/"] {
            assert!(is_part_of(&server, own), "{own}");
        }
        for other in [
            "https://x/a/mcp",
            "https://h/a/m",
            "https://h/a/mcp/b",
            "http://h/a/mcp",
            "h",
        ] {
            assert!(!is_part_of(&server, other), "{other}");
        }
    }

    #[test]
    fn secrets_do_not_leave_in_the_clear() {
        let check = |server: &str, url: &str| {
            check(
                &Url::parse(server).expect("a URL"),
                &Url::parse(url).expect("a URL"),
            )
            .is_ok()
        };
        assert!(check("https://h/", "https://other/") && !check("https://h/", "http://127.0.0.1:1/"));
        assert!(check("http://localhost:2/", "http://127.0.0.1:1/"));
        assert!(check("http://h:1/", "http://h:2/"));
        assert!(!check("https://h/", "http://h/") && !check("http://h/", "http://other/"));
        assert!(!check("https://h/", "file:///etc/passwd"));
    }
}
