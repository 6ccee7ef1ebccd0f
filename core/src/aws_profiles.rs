//! Credentials of Amazon that the user has set up: which there are, never what they are
//! (docs/contract/services.md#other-methods).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::external_file::{self, READ_TIMEOUT};

/// Bytes of a file of profiles at most.
const MAX_FILE: usize = 1 << 20;
/// Profiles at most.
const MAX_PROFILES: usize = 1000;

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsProfile {
    /// Its name.
    pub name: String,
    /// Where its requests go.
    pub region: Option<String>,
}

/// A kind of credentials that the environment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsCredentials {
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    AccessKeys,
    /// `AWS_BEARER_TOKEN_BEDROCK`.
    BedrockApiKey,
}

/// The profiles of `~/.aws/config` and `~/.aws/credentials` (or where `AWS_CONFIG_FILE` and
/// `AWS_SHARED_CREDENTIALS_FILE` say), the chosen one first, then by name. Files that can't be read have none.
pub async fn aws_profiles() -> Vec<AwsProfile> {
    let found = external_file::in_background(READ_TIMEOUT, || {
        let config = read("AWS_CONFIG_FILE", "config");
        let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let chosen = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        profiles(&config, &credentials, &chosen)
    });
    found.await.unwrap_or_default()
}

/// What the environment holds.
pub fn aws_credentials_of_environment() -> Vec<AwsCredentials> {
    let keys = variable("AWS_ACCESS_KEY_ID").is_some() && variable("AWS_SECRET_ACCESS_KEY").is_some();
    let token = variable("AWS_BEARER_TOKEN_BEDROCK").is_some();
    let mut found = Vec::new();
    found.extend(keys.then_some(AwsCredentials::AccessKeys));
    found.extend(token.then_some(AwsCredentials::BedrockApiKey));
    found
}

/// The region that the environment names.
pub fn aws_region_of_environment() -> Option<String> {
    variable("AWS_REGION")
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn read(variable: &str, name: &str) -> String {
    let path = std::env::var_os(variable)
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".aws").join(name)));
    let text = path.map(|path| external_file::read_text(&path, MAX_FILE));
    text.and_then(Result::ok).unwrap_or_default()
}

fn profiles(config: &str, credentials: &str, chosen: &str) -> Vec<AwsProfile> {
    let mut found = BTreeMap::new();
    let named = |section: &str| {
        let name = section
            .strip_prefix("profile")
            .filter(|rest| rest.starts_with([' ', '\t']));
        match name.map(str::trim) {
            Some(name) => Some(name.to_owned()),
            None => (section == "default").then(|| section.to_owned()),
        }
    };
    collect(config, named, &mut found);
    collect(credentials, |section| Some(section.to_owned()), &mut found);
    let mut profiles: Vec<_> = found
        .into_iter()
        .map(|(name, region)| AwsProfile { name, region })
        .collect();
    profiles.sort_by_key(|profile| profile.name != chosen);
    profiles
}

/// Adds the profiles of a file and their regions.
fn collect(text: &str, named: impl Fn(&str) -> Option<String>, found: &mut BTreeMap<String, Option<String>>) {
    let mut profile = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            profile = named(section.trim()).filter(|name| !name.is_empty());
            if let Some(name) = &profile
                && (found.len() < MAX_PROFILES || found.contains_key(name))
            {
                found.entry(name.clone()).or_default();
            }
        } else if !line.starts_with([' ', '\t', '#', ';'])
            && let Some((key, value)) = trimmed.split_once('=')
            && key.trim() == "region"
            && let Some(region) = profile.as_ref().and_then(|name| found.get_mut(name))
        {
            *region = Some(value.trim().to_owned()).filter(|region| !region.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_both_files_are_merged_and_the_chosen_one_is_first() {
        let config = "[default]\nregion = eu-west-1\n[profile  work]\nregion=a\ns3 =\n  region = no\n[profile bare]\n\
                      output=json\n[sso-session x]\nsso_region = b\n[other]\nregion=c\n# region=d\n";
        let credentials = "[default]\naws_access_key_id = a\n[only]\n[work]\nregion = zz\n";
        let shown = |chosen| {
            let found = profiles(config, credentials, chosen);
            let found = found.into_iter().map(|one| match one.region {
                Some(region) => format!("{}:{region}", one.name),
                None => one.name,
            });
            found.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("default"), "default:eu-west-1 bare only work:zz");
        assert_eq!(shown("work"), "work:zz bare default:eu-west-1 only");
        assert!(profiles("]]=[\n[\n=", "\u{0}[]", "x").is_empty());
    }
}
