//! Fetching repositories with `git`, which must be installed for that. It reads no configuration but ours, runs no
//! hooks and no other programs but `ssh`, and asks nobody for a password.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use super::PluginError;
use super::parts::{MAX_ENTRIES, entries};
use super::source::Repository;
use crate::process::capture::{CaptureError, Captured, Limits};
use crate::process::launcher::{Launcher, Output, Variables};
use crate::url_redaction::redact_urls_in;

/// How long one step may take.
const TIME: Duration = Duration::from_secs(120);
/// Bytes that a step may print.
const MAX_OUTPUT: usize = 1 << 20;
/// Bytes that the list of a repository's files may have.
const MAX_LIST: usize = 8 << 20;
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
    let grown = pin!(grown(into));
    let mut git = Git {
        repository,
        folder: into,
        grown,
    };
    git.fetch().await
}

/// The program, with a repository.
struct Git<'a, G> {
    repository: &'a Repository,
    folder: &'a Path,
    /// Resolves when the folder has become too large.
    grown: Pin<&'a mut G>,
}

impl<G: Future<Output = PluginError>> Git<'_, G> {
    async fn fetch(&mut self) -> Result<String, PluginError> {
        let repository = self.repository;
        self.run(&["init", "--quiet", "--template="]).await?;
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
        self.run(&fetch).await?;
        let commit = self.run(&["rev-parse", "FETCH_HEAD^{commit}"]).await?;
        self.check_size().await?;
        if !repository.sparse_paths.is_empty() {
            let mut sparse = vec!["sparse-checkout", "set", "--cone"];
            sparse.extend(repository.sparse_paths.iter().map(String::as_str));
            self.run(&sparse).await?;
        }
        self.run(&["checkout", "--quiet", "--detach", "FETCH_HEAD"])
            .await?;
        Ok(String::from_utf8_lossy(&commit.output).trim().to_owned())
    }

    /// Refuses what would become too many files before any of them is made: a few bytes of a repository can stand for
    /// more than any memory holds.
    async fn check_size(&mut self) -> Result<(), PluginError> {
        let mut list = vec!["ls-tree", "-r", "--long", "--full-tree", "-z", "FETCH_HEAD", "--"];
        list.extend(self.repository.sparse_paths.iter().map(String::as_str));
        let listed = self.converse(&list, MAX_LIST).await?;
        match listed {
            Ok(listed) if listed.status.success() => {
                let fits = fits(&listed.output);
                if fits { Ok(()) } else { Err(too_large()) }
            }
            Ok(_) => Err(PluginError::failed("the files of the repository can't be listed")),
            Err(CaptureError::TooLong(_)) => Err(too_large()),
            Err(error) => Err(PluginError::failed(format!(
                "the files of the repository can't be listed: {error}"
            ))),
        }
    }

    async fn run(&mut self, arguments: &[&str]) -> Result<Captured, PluginError> {
        let what = || redact_urls_in(&format!("git {}", arguments.join(" "))).into_owned();
        let captured = self.converse(arguments, MAX_OUTPUT).await?;
        let captured = captured.map_err(|error| match error {
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

    /// One step. When it has broken a limit, nothing of it is left at work.
    async fn converse(
        &mut self,
        arguments: &[&str],
        output: usize,
    ) -> Result<Result<Captured, CaptureError>, PluginError> {
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
        let redirects = match self.repository.authorization {
            // What is for one server is for no other.
            Some(_) => "http.followRedirects=false",
            None => "http.followRedirects=initial",
        };
        let all: Vec<&str> = settings
            .chain(["-c", redirects])
            .chain(arguments.iter().copied())
            .collect();
        let variables = Variables::Only(variables(self.repository));
        let launcher = Launcher::new("git", all, variables, Output::Separate).in_folder(self.folder);
        let limits = Limits { time: TIME, output };
        launcher.converse_until(limits, self.grown.as_mut()).await
    }
}

/// Whether a list of files is that of a repository which can be taken.
fn fits(list: &[u8]) -> bool {
    let mut files = 0_usize;
    let mut bytes = 0_u64;
    for line in list.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        // Mode, kind, object, size; a tab, and the path.
        let head = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let size = head.split(|byte| *byte == b' ').next_back().unwrap_or_default();
        let size = std::str::from_utf8(size)
            .ok()
            .and_then(|size| size.parse::<u64>().ok());
        files += 1;
        bytes = bytes.saturating_add(size.unwrap_or_default());
    }
    files <= MAX_ENTRIES && bytes <= MAX_BYTES
}

fn too_large() -> PluginError {
    PluginError::failed(format!(
        "the repository is larger than {} MiB, or has too many files",
        MAX_BYTES >> 20
    ))
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
            return too_large();
        }
    }
}

/// A search path without folders that depend on where a program runs: that is a folder of strangers.
fn absolute(path: &OsStr) -> OsString {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    std::env::join_paths(folders).unwrap_or_default()
}

fn variables(repository: &Repository) -> Vec<(OsString, OsString)> {
    let passed = PASSED.iter().filter_map(|name| {
        let value = std::env::var_os(name)?;
        Some((
            (*name).into(),
            if *name == "PATH" { absolute(&value) } else { value },
        ))
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_with_too_many_files_or_bytes_are_refused_by_their_list() {
        let line = |size: &str, path: &str| format!("100644 blob 0123abcd {size}\t{path}\0");
        let small = line("     12", "a b") + &line("      -", "submodule");
        assert!(fits(small.as_bytes()) && fits(b""));
        assert!(!fits(line(&(MAX_BYTES + 1).to_string(), "large").as_bytes()));
        assert!(!fits(line("1", "x").repeat(MAX_ENTRIES + 1).as_bytes()));
    }

    #[test]
    fn no_program_is_looked_for_where_strangers_have_put_files() {
        let path = absolute(OsStr::new("/usr/bin:.::bin:/bin"));
        assert_eq!(path, "/usr/bin:/bin");
    }
}
