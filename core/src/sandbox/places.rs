//! What holds where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What commands may do at a place and below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// As around it, but it stays where it is.
    Pinned,
    /// Write.
    Write,
    /// Read.
    Read,
    /// Read, but for the entries of these names.
    Without(Vec<String>),
    /// Nothing.
    Nothing,
}

/// Places with rules of their own; elsewhere, commands read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places(BTreeMap<PathBuf, Rule>);

impl Places {
    /// Sets a rule. Of two rules for one place, the stricter one holds.
    pub(super) fn add(&mut self, path: &Path, rule: Rule) {
        match self.0.get_mut(path) {
            Some(old) if *old >= rule => {}
            Some(old) => *old = rule,
            None => {
                self.0.insert(path.to_owned(), rule);
            }
        }
    }

    /// Lets a place be written that was named by itself, although its name is a protected one.
    pub(super) fn prefer_write(&mut self, path: &Path) {
        if let Some(rule @ Rule::Read) = self.0.get_mut(path) {
            *rule = Rule::Write;
        }
    }

    /// The place that a path without links belongs to, and its rule.
    pub(super) fn around(&self, path: &Path) -> Option<(&Path, &Rule)> {
        path.ancestors()
            .find_map(|path| self.0.get_key_value(path))
            .map(|(path, rule)| (path.as_path(), rule))
    }

    /// Whether commands may write at a path without links.
    pub(super) fn is_writable(&self, path: &Path) -> bool {
        matches!(self.around(path), Some((_, Rule::Write | Rule::Pinned)))
    }

    /// Drops rules that others make pointless, and pins the folders on the way from a writable place to one within it.
    pub(super) fn settle(&mut self) {
        let hidden: BTreeSet<PathBuf> = self
            .0
            .iter()
            .filter(|(_, rule)| **rule == Rule::Nothing)
            .map(|(path, _)| path.clone())
            .collect();
        self.0
            .retain(|path, _| !path.ancestors().skip(1).any(|above| hidden.contains(above)));
        let all: Vec<PathBuf> = self.0.keys().cloned().collect();
        for place in all {
            let between: Vec<PathBuf> = place
                .ancestors()
                .skip(1)
                .take_while(|above| !self.0.contains_key(*above))
                .map(Path::to_owned)
                .collect();
            let Some(parent) = place.parent() else { continue };
            if self.is_writable(parent) {
                for folder in between {
                    self.add(&folder, Rule::Pinned);
                }
            }
        }
    }

    /// All of them, outer ones before inner ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &Rule)> {
        self.0.iter().map(|(path, rule)| (path.as_path(), rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(rules: &[(&str, Rule)]) -> Places {
        let mut places = Places::default();
        for (path, rule) in rules {
            places.add(Path::new(path), rule.clone());
        }
        places.settle();
        places
    }

    fn listed(places: &Places) -> Vec<String> {
        places
            .iter()
            .map(|(path, rule)| format!("{} {rule:?}", path.display()))
            .collect()
    }

    #[test]
    fn folders_between_a_writable_place_and_one_within_are_pinned() {
        let places = places(&[
            ("/tmp", Rule::Write),
            ("/tmp/a/b/c", Rule::Write),
            ("/tmp/a/b/c/.git", Rule::Read),
            ("/other/x", Rule::Write),
        ]);
        let expected = [
            "/other/x Write",
            "/tmp Write",
            "/tmp/a Pinned",
            "/tmp/a/b Pinned",
            "/tmp/a/b/c Write",
            "/tmp/a/b/c/.git Read",
        ];
        assert_eq!(listed(&places), expected);
        assert!(places.is_writable(Path::new("/tmp/a/x")));
        assert!(!places.is_writable(Path::new("/tmp/a/b/c/.git/config")));
        assert!(!places.is_writable(Path::new("/other")));
    }

    #[test]
    fn the_stricter_rule_holds_and_hides_what_is_below() {
        let places = places(&[
            ("/w", Rule::Write),
            ("/w/s", Rule::Nothing),
            ("/w/s", Rule::Write),
            ("/w/s/inner", Rule::Write),
        ]);
        assert_eq!(listed(&places), ["/w Write", "/w/s Nothing"]);
    }
}
