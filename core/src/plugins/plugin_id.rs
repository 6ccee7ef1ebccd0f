//! Names of plugins and marketplaces. They become names of folders, so they hold nothing that means more there.

use std::fmt;

use super::PluginError;

/// Longest name, in bytes.
const LONGEST: usize = 128;

/// Names of marketplaces that are not for others.
const RESERVED: [&str; 8] = [
    "created-by-me-remote",
    "openai-api-curated",
    "openai-bundled",
    "openai-curated",
    "openai-curated-remote",
    "openai-primary-runtime",
    "workspace-directory",
    "workspace-shared-with-me",
];

/// A plugin of a marketplace: `plugin@marketplace`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PluginId {
    pub(crate) plugin: String,
    pub(crate) marketplace: String,
}

impl PluginId {
    /// `None`: it is no id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (plugin, marketplace) = text.split_once('@')?;
        Self::new(plugin, marketplace).ok()
    }

    pub(crate) fn new(plugin: &str, marketplace: &str) -> Result<Self, PluginError> {
        check_name("plugin name", plugin, "._-", "`.`, `_`, and `-`")?;
        check_marketplace(marketplace)?;
        Ok(Self {
            plugin: plugin.to_owned(),
            marketplace: marketplace.to_owned(),
        })
    }

    /// As it is part of a file name.
    pub(crate) fn folder_name(&self) -> String {
        format!("{}-{}", self.plugin, self.marketplace)
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.plugin, self.marketplace)
    }
}

/// That this can be the name of a marketplace.
pub(super) fn check_marketplace(name: &str) -> Result<(), PluginError> {
    check_name("marketplace name", name, "_-", "`_`, and `-`")
}

/// That nobody may take this name for a marketplace of theirs: clients know marketplaces of OpenAI by it. Capitals don't
/// count.
pub(super) fn check_is_free(name: &str) -> Result<(), PluginError> {
    if RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
    {
        return Err(PluginError::refused(format!(
            "`{name}` is the name of a marketplace of OpenAI; give this one another name in its marketplace.json"
        )));
    }
    Ok(())
}

/// That this can be the name of a folder for a version.
pub(super) fn check_version(version: &str) -> Result<(), PluginError> {
    check_name("plugin version", version, ".+_-", "`.`, `+`, `_`, and `-`")
}

fn check_name(what: &str, name: &str, more: &str, words: &str) -> Result<(), PluginError> {
    let refused = |why: &str| Err(PluginError::refused(format!("invalid {what}: {why}")));
    if name.is_empty() {
        return refused("must not be empty");
    }
    if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    {
        return refused(&format!("only ASCII letters, digits, {words} are allowed"));
    }
    if name.len() > LONGEST || name.chars().all(|c| c == '.') {
        return refused(&format!("it is no name of at most {LONGEST} characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_two_names() {
        let id = PluginId::parse("my.plugin@my-market").expect("an id");
        assert_eq!(id.to_string(), "my.plugin@my-market");
        for other in [
            "", "a", "a@", "@b", "a@b@c", "../a@b", "a@..", "..@b", "a b@c", "a@b/c", "a@b.c",
        ] {
            assert_eq!(PluginId::parse(other), None, "{other}");
        }
        assert!(check_version("1.0.0+x").is_ok());
        for other in ["..", "1/2", "", "1 2"] {
            assert!(check_version(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_to_another_folder(text in ".{0,20}") {
            if let Some(id) = PluginId::parse(&text) {
                for part in [id.folder_name(), id.plugin, id.marketplace] {
                    let components: Vec<_> = std::path::Path::new(&part).components().collect();
                    prop_assert!(matches!(components[..], [std::path::Component::Normal(_)]));
                }
            }
        }
    }
}
