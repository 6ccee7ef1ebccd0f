//! HEAD and what it names.

use std::io::{BufRead, BufReader, Read};

use super::repository::{Place, Repository};

/// Symbolic names that are followed.
const MAX_STEPS: usize = 5;
/// Longest name of a ref, in bytes.
const MAX_NAME: usize = 1 << 10;
/// Longest line of `packed-refs` that can hold a ref.
const MAX_LINE: u64 = 4 << 10;
/// Most of `packed-refs` that is searched, in bytes: a million refs.
const MAX_PACKED: u64 = 128 << 20;

/// What is checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Name of the branch; `None`: a commit without a branch, or nothing that can be read.
    pub(crate) branch: Option<String>,
    /// Hash of the commit, 40 or 64 hexadecimal digits; `None`: the branch has none yet, or it can't be read.
    pub(crate) commit: Option<String>,
}

pub(super) fn read(repository: &Repository) -> Head {
    // In old repositories HEAD is a link to the ref.
    let target = match repository.link("HEAD") {
        Some(link) => link.to_str().map(|name| Target::Ref(name.to_owned())),
        None => repository.line(Place::Own, "HEAD").ok().and_then(Target::parse),
    };
    match target {
        Some(Target::Ref(name)) if is_ref(&name) => Head {
            branch: name.strip_prefix("refs/heads/").map(str::to_owned),
            commit: resolve(repository, name),
        },
        Some(Target::Commit(hash)) => Head {
            branch: None,
            commit: Some(hash),
        },
        _ => Head::default(),
    }
}

/// Content of HEAD or of a ref.
enum Target {
    Ref(String),
    Commit(String),
}

impl Target {
    fn parse(line: String) -> Option<Self> {
        if let Some(name) = line.strip_prefix("ref:") {
            return Some(Self::Ref(name.trim_start().to_owned()));
        }
        is_hash(&line).then_some(Self::Commit(line))
    }
}

/// The commit that a ref stands for.
pub(super) fn resolve(repository: &Repository, mut name: String) -> Option<String> {
    for _ in 0..MAX_STEPS {
        if !is_ref(&name) {
            return None;
        }
        let loose = [Place::Own, Place::Shared]
            .into_iter()
            .find_map(|place| repository.line(place, &name).ok());
        match loose.map(Target::parse) {
            Some(Some(Target::Commit(hash))) => return Some(hash),
            Some(Some(Target::Ref(next))) => name = next,
            Some(None) => return None,
            None => return packed(repository, &name),
        }
    }
    None
}

/// A ref among the packed ones.
fn packed(repository: &Repository, name: &str) -> Option<String> {
    let file = repository.open(Place::Shared, "packed-refs").ok()?;
    let mut reader = BufReader::with_capacity(64 << 10, file.take(MAX_PACKED));
    let mut line = Vec::new();
    loop {
        line.clear();
        // A longer line comes in pieces, none of which is a ref.
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let Some(hash) = line
            .trim_ascii_end()
            .strip_suffix(name.as_bytes())
            .and_then(|rest| rest.strip_suffix(b" "))
        else {
            continue;
        };
        if let Ok(hash) = str::from_utf8(hash)
            && is_hash(hash)
        {
            return Some(hash.to_owned());
        }
    }
}

/// Whether this is a hash of SHA-1 or SHA-256.
pub(super) fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is the full name of a ref as git allows it, and so a path inside of the git folder.
fn is_ref(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.to_ascii_lowercase().ends_with(".lock")
            && !part.contains("..")
            && !part.contains("@{")
            && !part.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
    };
    name.len() <= MAX_NAME && name.starts_with("refs/") && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_git_allows_are_refs() {
        for name in ["refs/heads/main", "refs/heads/a/b-c_d", "refs/heads/ä@x"] {
            assert!(is_ref(name), "{name}");
        }
        for name in [
            "/etc/passwd",
            "HEAD",
            "refs/../../secret",
            "refs/heads/..",
            "refs//x",
            "refs/heads/",
            "refs/heads/.invalid",
            "refs/heads/x.lock",
            "refs/heads/a b",
            "refs/heads/a\nb",
            "../refs/heads/x",
        ] {
            assert!(!is_ref(name), "{name}");
        }
    }

    #[test]
    fn hashes_are_hexadecimal_and_of_one_of_two_lengths() {
        assert!(is_hash(&"0a".repeat(20)) && is_hash(&"F9".repeat(32)));
        assert!(!is_hash(&"0a".repeat(21)) && !is_hash(&"0g".repeat(20)) && !is_hash(""));
    }
}
