//! The models that can be used: the built-in list, and what the models endpoint says (docs/contract/backend.md#models-endpoint).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::built_in_models::BUILT_IN;
use super::client::lock;
use super::model_info::{ModelInfo, Visibility};
use super::models_endpoint::{self, Fetched, ModelsRequest, ModelsResponse};
use crate::auth::{AuthManager, AuthMode};
use crate::config::Provider;
use crate::external_file;

/// How long a list of the endpoint is good, in seconds.
const LIST_LIFE: i64 = 300;

/// Largest list of a file, in bytes.
const MAX_OWN: usize = 8 << 20;

/// The models that a thread, or whoever asks, can choose from.
#[derive(Debug)]
pub struct ModelCatalog {
    /// The user's own list, which takes the place of all others.
    own: Option<Arc<Vec<Arc<ModelInfo>>>>,
    home: Arc<HomeModels>,
}

/// The models of one home. Asks the endpoint only when somebody needs the list, and only where there is one: with a
/// ChatGPT account or a provider's auth command.
#[derive(Debug)]
struct HomeModels {
    codex_home: PathBuf,
    auth: Arc<AuthManager>,
    /// Locked for moments only.
    state: Mutex<State>,
    /// Held while the endpoint is asked, so that it is asked once for all who wait.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// What the endpoint said last, and to whom.
    remote: Option<Fetched>,
    /// The models in the order of lists, remote and built-in ones.
    models: Option<Arc<Vec<Arc<ModelInfo>>>>,
    /// The last question that got no answer, Unix seconds.
    failed_at: i64,
}

impl ModelCatalog {
    /// The catalogue of a home; nothing is read or asked before somebody needs it.
    pub fn new(codex_home: PathBuf, auth: Arc<AuthManager>) -> Arc<Self> {
        Arc::new(Self {
            own: None,
            home: Arc::new(HomeModels {
                codex_home,
                auth,
                state: Mutex::default(),
                asking: tokio::sync::Mutex::default(),
            }),
        })
    }

    /// The same for those whose configuration has a list of its own in place of all others; `None`: it has none.
    pub(crate) fn with_own(self: &Arc<Self>, own: Option<Vec<ModelInfo>>) -> Arc<Self> {
        let Some(mut own) = own else {
            return Arc::clone(self);
        };
        own.sort_by_key(|model| model.priority);
        Arc::new(Self {
            own: Some(Arc::new(own.into_iter().map(Arc::new).collect())),
            home: Arc::clone(&self.home),
        })
    }

    /// What is known of a model, and whether anything is. A slug may go on behind a known one (`gpt-5.5-2026-11-01`)
    /// or have one name in front (`proxy/gpt-5.5`).
    pub fn find(&self, slug: &str) -> (Arc<ModelInfo>, bool) {
        let models = self.models();
        let behind = slug
            .split_once('/')
            .map(|(_, rest)| rest)
            .filter(|rest| !rest.contains('/'));
        let known = longest_prefix(&models, slug).or_else(|| longest_prefix(&models, behind?));
        match known {
            Some(model) => (model, true),
            None => (Arc::new(ModelInfo::fallback(slug)), false),
        }
    }

    /// The model to use when nobody names one.
    pub fn default_model(&self) -> String {
        let models = self.models();
        let first = models.iter().find(|m| m.visibility == Visibility::List);
        first.map_or_else(|| BUILT_IN[0].slug.clone(), |m| m.slug.clone())
    }

    /// The models that agents may choose from, as far as they are known, in the order of lists.
    pub fn known(&self) -> Vec<Arc<ModelInfo>> {
        let listed = |model: &&Arc<ModelInfo>| model.visibility == Visibility::List && model.supported_in_api;
        self.models().iter().filter(listed).cloned().collect()
    }

    /// The models to choose from, in the order of lists. Asks the endpoint first if its last answer is old; if that
    /// fails, what is known is given.
    pub async fn list(&self, provider: &Provider, user_agent: &str, hidden: bool) -> Vec<Arc<ModelInfo>> {
        if self.own.is_none() {
            self.home.refresh(provider, user_agent, false).await;
        }
        let account = self.home.auth.auth().await;
        let chatgpt = account.is_some_and(|account| account.mode() == AuthMode::ChatGpt);
        let shown = |model: &&Arc<ModelInfo>| match model.visibility {
            Visibility::List => model.supported_in_api || chatgpt,
            Visibility::Hide => hidden,
            Visibility::None => false,
        };
        self.models().iter().filter(shown).cloned().collect()
    }

    /// A model server said which list is current. Another one than ours is asked for in the background.
    pub fn heard_etag(&self, etag: &str, provider: &Provider, user_agent: &str) {
        {
            let mut state = lock(&self.home.state);
            let Some(remote) = &mut state.remote else {
                return;
            };
            if remote.etag.as_deref() == Some(etag) {
                remote.at = crate::now_s();
                return;
            }
            // Asked for once, whatever the answer is.
            remote.etag = Some(etag.to_owned());
        }
        let (home, provider, user_agent) = (Arc::clone(&self.home), provider.clone(), user_agent.to_owned());
        tokio::spawn(async move { home.refresh(&provider, &user_agent, true).await });
    }

    fn models(&self) -> Arc<Vec<Arc<ModelInfo>>> {
        match &self.own {
            Some(own) => Arc::clone(own),
            None => self.home.models(),
        }
    }
}

impl HomeModels {
    /// Asks the endpoint if its last answer is old, or in any case when `force` is set.
    async fn refresh(&self, provider: &Provider, user_agent: &str, force: bool) {
        let account = self.auth.auth().await.filter(|a| a.mode() == AuthMode::ChatGpt);
        let account = account.filter(|_| provider.requires_openai_auth);
        let Some(request) = ModelsRequest::new(provider, account, user_agent) else {
            return;
        };
        let _asking = self.asking.lock().await;
        if self.is_fresh(&request) && !force {
            return;
        }
        if !force && self.remote().is_none() {
            // A new process first looks at what an earlier one was told.
            if let Some(kept) = models_endpoint::read_cache(&self.codex_home, &request).await {
                self.take(kept);
                if self.is_fresh(&request) {
                    return;
                }
            }
        }
        match models_endpoint::fetch(&request).await {
            Ok(fetched) => {
                models_endpoint::write_cache(&self.codex_home, &fetched).await;
                self.take(fetched);
            }
            Err(why) => {
                tracing::warn!("the list of models could not be read: {why}");
                lock(&self.state).failed_at = crate::now_s();
            }
        }
    }

    fn models(&self) -> Arc<Vec<Arc<ModelInfo>>> {
        let State { remote, models, .. } = &mut *lock(&self.state);
        Arc::clone(models.get_or_insert_with(|| Arc::new(merged(remote.as_ref()))))
    }

    fn remote(&self) -> Option<Fetched> {
        lock(&self.state).remote.clone()
    }

    fn is_fresh(&self, request: &ModelsRequest) -> bool {
        let state = lock(&self.state);
        let now = crate::now_s();
        let good = |at: i64| now - at < LIST_LIFE && at <= now;
        let answered = state.remote.as_ref();
        answered.is_some_and(|r| r.identity == request.identity && good(r.at))
            // A server that does not answer is not asked by every list either.
            || now - state.failed_at < 10
    }

    fn take(&self, fetched: Fetched) {
        let mut state = lock(&self.state);
        state.remote = Some(fetched);
        state.models = None;
    }
}

/// Reads a list of models: what the models endpoint answers, as a file. Blocks; see [`crate::external_file`].
pub(crate) fn read_own(path: &Path) -> Result<Vec<ModelInfo>, String> {
    let bytes = external_file::read(path, MAX_OWN).map_err(|error| error.to_string())?;
    let list: ModelsResponse = serde_json::from_slice(external_file::without_bom(&bytes))
        .map_err(|error| format!("it is no list of models: {error}"))?;
    if list
        .models
        .iter()
        .all(|model| model.visibility != Visibility::List)
    {
        return Err("it lists no model that can be chosen".to_owned());
    }
    Ok(list.models)
}

fn longest_prefix(models: &[Arc<ModelInfo>], slug: &str) -> Option<Arc<ModelInfo>> {
    let fitting = models.iter().filter(|model| slug.starts_with(&model.slug));
    fitting.max_by_key(|model| model.slug.len()).cloned()
}

/// A list of the endpoint that shows anything replaces the built-in one, else its entries replace single models.
fn merged(remote: Option<&Fetched>) -> Vec<Arc<ModelInfo>> {
    let Some(remote) = remote else {
        return BUILT_IN.clone();
    };
    let mut models = remote.models.clone();
    if !models.iter().any(|m| m.visibility == Visibility::List) {
        let others = BUILT_IN
            .iter()
            .filter(|b| !models.iter().any(|m| m.slug == b.slug));
        let others: Vec<_> = others.cloned().collect();
        models.extend(others);
    }
    models.sort_by_key(|m| m.priority);
    models
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Arc<ModelCatalog> {
        let home = PathBuf::from("/nowhere");
        ModelCatalog::new(home.clone(), AuthManager::new(home))
    }

    #[test]
    fn slugs_may_be_longer_than_known_ones() {
        let catalog = catalog();
        for (slug, found) in [
            ("gpt-5.5", "gpt-5.5"),
            ("gpt-6.1-sol-2026-11-01", "gpt-6.1-sol"),
            ("proxy/gpt-6-luna", "gpt-6-luna"),
        ] {
            assert_eq!(catalog.find(slug).0.slug, found);
            assert!(catalog.find(slug).1);
        }
        assert!(!catalog.find("a/b/gpt-5.5").1);
        let (unknown, known) = catalog.find("mystery");
        assert!(!known);
        assert_eq!(unknown.usable_window(None), 258_400);
    }

    #[tokio::test]
    async fn visible_models_come_in_their_order() {
        let list = catalog().list(&Provider::openai(None), "t", false).await;
        let slugs: Vec<&str> = list.iter().map(|m| m.slug.as_str()).collect();
        assert_eq!(
            slugs,
            [
                "gpt-6.2-sol",
                "gpt-6.2-astra",
                "gpt-6.1-terra",
                "gpt-6.1-sol",
                "gpt-6-astra",
                "gpt-6-sol",
                "gpt-6-luna",
                "gpt-5.6-sol",
                "gpt-5.6-terra",
                "gpt-5.6-luna",
                "gpt-5.5"
            ]
        );
        assert_eq!(catalog().list(&Provider::openai(None), "t", true).await.len(), 14);
        let window = |slug| catalog().find(slug).0.usable_window(None);
        assert_eq!(window("gpt-6.2-sol"), 475_000);
        assert_eq!(window("gpt-6.2-astra"), 258_400);
        assert_eq!(window("gpt-daybreak-red-latest"), 353_400);
        assert_eq!(catalog().default_model(), "gpt-6.2-sol");
    }

    fn remote(models: Vec<ModelInfo>) -> Fetched {
        Fetched {
            models: models.into_iter().map(Arc::new).collect(),
            ..Fetched::default()
        }
    }

    #[test]
    fn a_remote_list_replaces_the_built_in_one_if_it_shows_anything() {
        let shown = ModelInfo {
            visibility: Visibility::List,
            ..ModelInfo::fallback("new")
        };
        let hidden = ModelInfo {
            visibility: Visibility::Hide,
            ..ModelInfo::fallback("gpt-5.5")
        };
        assert_eq!(merged(Some(&remote(vec![shown, hidden.clone()]))).len(), 2);
        let merged = merged(Some(&remote(vec![hidden])));
        assert_eq!(merged.len(), 14);
        assert_eq!(merged.last().unwrap().slug, "gpt-5.5");
    }
}
