//! What clients give as the source of a marketplace: a folder, `owner/repo`, or the address of a git repository.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::PluginError;
use super::confined::named;
use crate::config::{MarketplaceSource, expand_tilde};
use crate::secret::Secret;

/// Longest source, in bytes.
const LONGEST: usize = 2048;
/// Folders of a repository that may be asked for.
const MAX_SPARSE: usize = 64;

/// A source that was understood.
#[derive(Debug)]
pub(super) enum GivenSource {
    /// A folder, without links.
    Local(PathBuf),
    /// A repository.
    Git(Repository),
}

/// A repository to fetch.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    /// Its address, without credentials.
    pub(super) url: String,
    /// Branch, tag or commit.
    pub(super) ref_name: Option<String>,
    /// Folders that are wanted; empty: all.
    pub(super) sparse_paths: Vec<String>,
    /// What the server asks for, as the value of `Authorization`. For this once: it is kept nowhere.
    pub(super) authorization: Option<Secret>,
}

/// Understands a source. Blocks as long as the file system does.
pub(super) fn given(
    source: &str,
    ref_name: Option<&str>,
    sparse_paths: &[String],
) -> Result<GivenSource, PluginError> {
    let source = source.trim();
    if source.is_empty() {
        return Err(PluginError::refused("marketplace source must not be empty"));
    }
    let is_path = source.starts_with('/') || source.starts_with('.') || source.starts_with('~');
    if !is_path {
        return Repository::new(source, ref_name, sparse_paths).map(GivenSource::Git);
    }
    for (given, flag) in [
        (ref_name.is_some(), "--ref"),
        (!sparse_paths.is_empty(), "--sparse"),
    ] {
        if given {
            let text = format!("{flag} is only supported for git marketplace sources");
            return Err(PluginError::Refused(text));
        }
    }
    let path = expand_tilde(Path::new(source));
    let path = path.canonicalize().map_err(|error| {
        PluginError::refused(format!(
            "failed to resolve local marketplace source path: {error}"
        ))
    })?;
    Ok(GivenSource::Local(path))
}

impl Repository {
    /// Understands `owner/repo`, `https://…`, `http://…`, `ssh://…` and `user@host:path`; `#ref` may follow.
    pub(super) fn new(
        source: &str,
        ref_name: Option<&str>,
        sparse_paths: &[String],
    ) -> Result<Self, PluginError> {
        let (address, fragment) = match source.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (source, None),
        };
        let ref_name = ref_name.or(fragment).filter(|name| !name.is_empty());
        if let Some(name) = ref_name
            && !is_ref(name)
        {
            return Err(PluginError::refused(format!(
                "`{name}` is no name of a branch or tag, and no commit"
            )));
        }
        let refused = |path: &String| PluginError::refused(format!("`{path}` is no folder of a repository"));
        if sparse_paths.len() > MAX_SPARSE {
            let text = format!("sparsePaths accepts at most {MAX_SPARSE} entries");
            return Err(PluginError::Refused(text));
        }
        if let Some(path) = sparse_paths.iter().find(|path| !is_sparse_path(path)) {
            return Err(refused(path));
        }
        let (url, authorization) = address_of(address)?;
        Ok(Self {
            url,
            ref_name: ref_name.map(str::to_owned),
            sparse_paths: sparse_paths.to_vec(),
            authorization,
        })
    }

    /// As the configuration has it.
    pub(super) fn configured(&self) -> MarketplaceSource {
        MarketplaceSource::Git {
            url: self.url.clone(),
            ref_name: self.ref_name.clone(),
            sparse_paths: self.sparse_paths.clone(),
        }
    }
}

fn invalid() -> PluginError {
    PluginError::refused(
        "invalid marketplace source format; expected owner/repo, a git URL, or a local marketplace path",
    )
}

/// The address without credentials, and these as the value of a header.
fn address_of(address: &str) -> Result<(String, Option<Secret>), PluginError> {
    if address.len() > LONGEST || address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(invalid());
    }
    if let Some((scheme, rest)) = address.split_once("://") {
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "https" | "http" | "ssh") {
            return Err(invalid());
        }
        let (authority, path) = rest.split_once('/').ok_or_else(invalid)?;
        if path.is_empty() || rest.contains('?') {
            return Err(invalid());
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if host.is_empty() || host.starts_with('-') {
            return Err(invalid());
        }
        return match (scheme.as_str(), user) {
            ("ssh", Some(user)) if user.contains(':') || user.starts_with('-') => Err(PluginError::refused(
                "a source over ssh must not hold a password; give the key to an agent",
            )),
            ("ssh", Some(user)) => Ok((format!("ssh://{user}@{host}/{path}"), None)),
            (_, None) => Ok((format!("{scheme}://{host}/{path}"), None)),
            (_, Some(user)) => {
                let header = format!("Basic {}", STANDARD.encode(percent_decoded(user)));
                Ok((format!("{scheme}://{host}/{path}"), Some(Secret::new(header))))
            }
        };
    }
    if let Some((place, path)) = address.split_once(':') {
        let (user, host) = place.split_once('@').ok_or_else(invalid)?;
        let usual = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        };
        let is_place = usual(user) && usual(host) && !user.starts_with('-') && !host.starts_with('-');
        if is_place && !path.is_empty() && !path.starts_with([':', '-']) {
            return Ok((address.to_owned(), None));
        }
        return Err(invalid());
    }
    let usual = |name: &str| {
        let first = name.chars().next();
        first.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match address.split_once('/') {
        Some((owner, repository)) if usual(owner) && usual(repository) => {
            let repository = repository.strip_suffix(".git").unwrap_or(repository);
            Ok((format!("https://github.com/{owner}/{repository}.git"), None))
        }
        _ => Err(invalid()),
    }
}

/// Whether this can name a branch, a tag or a commit, and nothing else.
fn is_ref(name: &str) -> bool {
    name.len() <= 256
        && !name.starts_with(['-', '.', '/'])
        && !name.contains("..")
        && name.chars().all(|c| c.is_alphanumeric() || "._-/+".contains(c))
}

fn is_sparse_path(path: &str) -> bool {
    path.len() <= 512
        && !path.starts_with(['-', '!', '#'])
        && !path.contains(['*', '?', '[', '\\', '\n', '"'])
        && named(Path::new("/"), path).is_some()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(source: &str) -> Option<String> {
        Repository::new(source, None, &[])
            .ok()
            .map(|repository| repository.url)
    }

    #[test]
    fn sources_are_understood_or_refused() {
        assert_eq!(
            url("owner/repo").as_deref(),
            Some("https://github.com/owner/repo.git")
        );
        assert_eq!(url("https://h/r.git#v1").as_deref(), Some("https://h/r.git"));
        assert_eq!(url("git@h:o/r.git").as_deref(), Some("git@h:o/r.git"));
        assert_eq!(url("ssh://git@h/r").as_deref(), Some("ssh://git@h/r"));
        for other in [
            "x",
            "a/b/c",
            "-x/y",
            "x/-y",
            "ext::sh -c id",
            "file:///r",
            "git://h/r",
            "https://",
            "https://h",
            "https://-h/r",
            "ssh://-oProxyCommand=x/r",
            "ssh://a:b@h/r",
            "-a@h:r",
            "a@-h:r",
            "a@h:-r",
            "https://h/r?token=x",
            "https://h/a b",
        ] {
            assert_eq!(url(other), None, "{other}");
        }
        let given = |ref_name: &str| Repository::new("o/r", Some(ref_name), &[]).is_ok();
        assert!(given("main") && given("v1.0/x"));
        assert!(!given("--upload-pack=x") && !given("a..b") && !given("a:b"));
        for path in ["../x", "/x", "-x", "*", "!x"] {
            assert!(
                Repository::new("o/r", None, &[path.to_owned()]).is_err(),
                "{path}"
            );
        }
    }

    #[test]
    fn credentials_are_in_no_address() {
        let repository = Repository::new("https://user:s%40cret@h/r.git", None, &[]).expect("a repository");
        assert_eq!(repository.url, "https://h/r.git");
        let shown = format!("{repository:?}");
        assert!(
            !shown.contains("s%40cret") && !shown.contains("s@cret"),
            "{shown}"
        );
        assert!(repository.authorization.is_some());
    }

    proptest! {
        #[test]
        fn no_source_becomes_an_option_or_another_protocol(source in ".{0,40}") {
            if let Some(url) = url(&source) {
                prop_assert!(!url.starts_with('-') && !url.contains("::") && !url.contains(char::is_whitespace));
                let is_short = !url.contains("://") && url.contains('@');
                prop_assert!(is_short || ["https://", "http://", "ssh://"].iter().any(|scheme| url.starts_with(scheme)));
            }
        }
    }
}
