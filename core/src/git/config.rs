//! The few settings of a repository that we look at. What it includes is not read.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// Settings of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitConfig {
    /// Name of a remote → its first address, as written.
    pub(super) remotes: BTreeMap<String, String>,
    /// Name of a branch → the remote and the ref there that it follows.
    branches: BTreeMap<String, (Option<String>, Option<String>)>,
    /// `core.worktree`.
    pub(super) work_tree: Option<String>,
    /// Length of a hash in bytes.
    pub(super) hash_length: usize,
}

impl Default for GitConfig {
    fn default() -> Self {
        Self {
            remotes: BTreeMap::new(),
            branches: BTreeMap::new(),
            work_tree: None,
            hash_length: 20,
        }
    }
}

impl GitConfig {
    /// Reads a configuration file. What git would refuse is passed over.
    pub(super) fn parse(text: &str) -> Self {
        let mut config = Self::default();
        let mut section = Section::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.peek().copied() {
            match c {
                '#' | ';' => skip_line(&mut chars),
                '[' => section = Section::parse(&mut chars),
                c if c.is_whitespace() => {
                    chars.next();
                }
                _ => {
                    let key = take_key(&mut chars);
                    if chars.next_if_eq(&'=').is_some() {
                        let value = take_value(&mut chars);
                        config.set(&section, &key, value);
                    } else {
                        skip_line(&mut chars);
                    }
                }
            }
        }
        config
    }

    /// The branch that a branch follows: its short name, and the ref that says where it was when it was last fetched. Of
    /// remotes whose refs are kept in the usual place.
    pub(super) fn upstream_of(&self, branch: &str) -> Option<(String, String)> {
        let (Some(remote), Some(merge)) = self.branches.get(branch)? else {
            return None;
        };
        let name = merge.strip_prefix("refs/heads/")?;
        Some(if remote == "." {
            (name.to_owned(), merge.clone())
        } else {
            (
                format!("{remote}/{name}"),
                format!("refs/remotes/{remote}/{name}"),
            )
        })
    }

    fn set(&mut self, section: &Section, key: &str, value: String) {
        match (section.name.as_str(), section.subsection.as_deref(), key) {
            ("remote", Some(_), "url") if value.is_empty() => {}
            ("remote", Some(remote), "url") => {
                self.remotes.entry(remote.to_owned()).or_insert(value);
            }
            ("branch", Some(branch), "remote") => {
                self.branches.entry(branch.to_owned()).or_default().0 = Some(value);
            }
            ("branch", Some(branch), "merge") => {
                self.branches.entry(branch.to_owned()).or_default().1 = Some(value);
            }
            ("core", None, "worktree") => self.work_tree = Some(value),
            ("extensions", None, "objectformat") if value.eq_ignore_ascii_case("sha256") => {
                self.hash_length = 32;
            }
            _ => {}
        }
    }
}

#[derive(Default)]
struct Section {
    /// In lower case.
    name: String,
    subsection: Option<String>,
}

impl Section {
    /// `[name]`, `[name "subsection"]`, or in the old way `[name.subsection]`.
    fn parse(chars: &mut Peekable<Chars<'_>>) -> Self {
        let mut section = Self::default();
        chars.next();
        while let Some(c) = chars.next_if(|c| *c != '\n') {
            match c {
                ']' => break,
                '"' => section.subsection = Some(take_quoted(chars)),
                '.' if section.subsection.is_none() => {
                    let rest = std::iter::from_fn(|| chars.next_if(|c| !matches!(c, ']' | '\n')));
                    section.subsection = Some(rest.map(|c| c.to_ascii_lowercase()).collect());
                }
                c if c.is_whitespace() => {}
                c => section.name.push(c.to_ascii_lowercase()),
            }
        }
        section
    }
}

/// Up to the closing quote. A backslash stands for the character after it.
fn take_quoted(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next_if(|c| *c != '\n')),
            c => text.push(c),
        }
    }
    text
}

fn take_key(chars: &mut Peekable<Chars<'_>>) -> String {
    let key = std::iter::from_fn(|| chars.next_if(|c| !matches!(c, '=' | '\n')));
    let key: String = key.collect();
    key.trim().to_ascii_lowercase()
}

/// Up to the end of the line, or of the last one where lines end in a backslash.
fn take_value(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    // Blanks at the end don't count unless they are in quotes.
    let mut end = 0;
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\n' => break,
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => {
                skip_line(chars);
                break;
            }
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('\n') | None => {}
                Some(other) => value.push(other),
            },
            c if c.is_whitespace() && !quoted && value.is_empty() => {}
            c => value.push(c),
        }
        if quoted || !c.is_whitespace() {
            end = value.len();
        }
    }
    value.truncate(end);
    value
}

fn skip_line(chars: &mut Peekable<Chars<'_>>) {
    chars.by_ref().find(|c| *c == '\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_read_however_git_allows_to_write_them() {
        let config = GitConfig::parse(
            "; a comment [remote \"no\"]\n\
             [core]\n\tbare = false\n\tworktree = ../x y  # where\n\
             [Remote \"origin\"] URL = \"https://h/a b\"\n\turl = second\n\
             [remote \"Up \\\"x\"]\n\tfetch\n\turl = https://h/\\\n1;c\n\
             [remote.old]\nurl=o\n\
             [remote]\nurl = nobody's\n[include]\npath = /etc/passwd\n[extensions]\nobjectFormat = sha256\n[remote \"open",
        );
        let remotes: Vec<_> = config
            .remotes
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            remotes,
            [
                ("Up \"x", "https://h/1"),
                ("old", "o"),
                ("origin", "https://h/a b")
            ]
        );
        assert_eq!(config.work_tree.as_deref(), Some("../x y"));
        assert_eq!(config.hash_length, 32);
    }
}
