//! The provider of models that a thread works with.

use std::sync::Arc;

use crate::config::{Config, Provider};
use crate::{Error, Result};

/// A provider by its id.
pub(super) fn provider(config: &Config, id: &str) -> Result<Arc<Provider>> {
    let failed = |why: &str| Error::Config(why.to_owned());
    if let Some(problem) = config.provider_problems.get(id) {
        return Err(failed(&problem.to_string()));
    }
    if let Some(provider) = config.providers.get(id) {
        return Ok(Arc::clone(provider));
    }
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Provider::built_in(id, config.openai_base_url.clone(), env)
        .map(Arc::new)
        .ok_or_else(|| failed(&format!("Model provider `{id}` not found")))
}

/// As [`provider`], of a thread that comes back: it may have been removed meanwhile.
pub(super) fn provider_of_resumed(config: &Config, id: &str) -> Result<Arc<Provider>> {
    if is_configured(config, id) {
        provider(config, id)
    } else {
        Err(Error::ModelProviderNotConfigured(id.to_owned()))
    }
}

/// Whether there is a provider of this id, though it may not be fit for use.
pub(super) fn is_configured(config: &Config, id: &str) -> bool {
    config.provider_problems.contains_key(id) || provider(config, id).is_ok()
}
