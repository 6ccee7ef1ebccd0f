//! Fetching repositories with `git`, which must be installed for that. It reads no configuration but ours, runs no
//! hooks and no other programs but `ssh`, and asks nobody for a password.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::PluginError;
use super::parts::entries;
use super::source::Repository;
use crate::process::capture::{CaptureError, Captured, Limits};
use crate::process::launcher::{Launcher, Output, Variables};
use crate::url_redaction::redact_urls_in;

/// How long one step may take.
const TIME: Duration = Duration::from_secs(120);
/// Bytes that a step may print.
const MAX_OUTPUT: usize = 1 << 20;
/// Bytes of its words that clients are told.
const MAX_TOLD: usize = 4096;
/// Bytes that a repository may take on the disk.
const MAX_BYTES: u64 = 512 << 20;
/// How often its size is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What holds for every step.
const SETTINGS: [&str; 14] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.askPass=",
    "credential.helper=",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.ssh.allow=always",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
];

/// Variables of ours that it gets.
const PASSED: [&str; 13] = [
    "PATH",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// Fetches a repository as it is now, without its history, into an empty folder. Gives the commit.
pub(super) async fn fetch(repository: &Repository, into: &Path) -> Result<String, PluginError> {
    tokio::select! {
        fetched = steps(repository, into) => fetched,
        too_large = grown(into) => Err(too_large),
    }
}

async fn steps(repository: &Repository, into: &Path) -> Result<String, PluginError> {
    run(repository, into, &["init", "--quiet", "--template="]).await?;
    let wanted = repository.ref_name.as_deref().unwrap_or("HEAD");
    let mut fetch = vec![
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-recurse-submodules",
        "--",
    ];
    fetch.extend([repository.url.as_str(), wanted]);
    run(repository, into, &fetch).await?;
    if !repository.sparse_paths.is_empty() {
        let mut sparse = vec!["sparse-checkout", "set", "--cone"];
        sparse.extend(repository.sparse_paths.iter().map(String::as_str));
        run(repository, into, &sparse).await?;
    }
    run(
        repository,
        into,
        &["checkout", "--quiet", "--detach", "FETCH_HEAD"],
    )
    .await?;
    let commit = run(repository, into, &["rev-parse", "HEAD"]).await?;
    Ok(String::from_utf8_lossy(&commit.output).trim().to_owned())
}

/// Resolves when a folder has become too large.
async fn grown(folder: &Path) -> PluginError {
    loop {
        tokio::time::sleep(LOOK).await;
        let folder = folder.to_owned();
        let fits = tokio::task::spawn_blocking(move || {
            // Files of `git` itself are not among the entries of the folder.
            let fits = |folder: &Path| match entries(folder, MAX_BYTES) {
                Ok(_) => true,
                Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            };
            fits(&folder) && fits(&folder.join(".git"))
        });
        if !fits.await.unwrap_or(true) {
            return PluginError::failed(format!(
                "the repository is larger than {} MiB, or has too many files",
                MAX_BYTES >> 20
            ));
        }
    }
}

async fn run(repository: &Repository, folder: &Path, arguments: &[&str]) -> Result<Captured, PluginError> {
    let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
    let redirects = match repository.authorization {
        // What is for one server is for no other.
        Some(_) => "http.followRedirects=false",
        None => "http.followRedirects=initial",
    };
    let all: Vec<&str> = settings
        .chain(["-c", redirects])
        .chain(arguments.iter().copied())
        .collect();
    let launcher = Launcher::new(
        "git",
        all,
        Variables::Only(variables(repository)),
        Output::Separate,
    )
    .in_folder(folder);
    let limits = Limits {
        time: TIME,
        output: MAX_OUTPUT,
    };
    let what = || redact_urls_in(&format!("git {}", arguments.join(" "))).into_owned();
    let captured = launcher
        .converse(Vec::new(), limits)
        .await
        .map_err(|error| match error {
            CaptureError::Start(error) => {
                PluginError::failed(format!("git could not be started: {error}; is it installed?"))
            }
            error => PluginError::failed(format!("{} failed: {error}", what())),
        })?;
    if captured.status.success() {
        return Ok(captured);
    }
    let told = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TOLD)]).into_owned();
        redact_urls_in(text.trim_end()).into_owned()
    };
    Err(PluginError::failed(format!(
        "{} failed with status {}\nstdout:\n{}\nstderr:\n{}",
        what(),
        captured.status,
        told(&captured.output),
        told(&captured.errors)
    )))
}

fn variables(repository: &Repository) -> Vec<(OsString, OsString)> {
    let passed = PASSED
        .iter()
        .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)));
    let own = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ALLOW_PROTOCOL", "https:http:ssh"),
        ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        ("GIT_LFS_SKIP_SMUDGE", "1"),
        ("LC_ALL", "C"),
    ];
    let mut variables: Vec<(OsString, OsString)> = passed.collect();
    variables.extend(own.map(|(name, value)| (name.into(), value.into())));
    if let Some(authorization) = &repository.authorization {
        // Not among the arguments, which everybody on the machine can see.
        let header = format!("Authorization: {}", authorization.expose());
        for (name, value) in [
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", "http.extraHeader".to_owned()),
            ("GIT_CONFIG_VALUE_0", header),
        ] {
            variables.push((name.into(), value.into()));
        }
    }
    variables
}
