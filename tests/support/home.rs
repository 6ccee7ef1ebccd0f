//! A fresh home folder with a configuration.

use std::path::{Path, PathBuf};

use codex_core::mock_model::MockModel;
use tempfile::TempDir;

/// A temporary HOME whose `.codex` is CODEX_HOME; removed when dropped.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

/// What goes into `config.toml`. The default: provider `mock` without retries, nothing asked, full access.
#[derive(Debug, Clone)]
pub struct Config {
    /// Model slug.
    pub model: String,
    /// `approval_policy`.
    pub approval_policy: String,
    /// `sandbox_mode`.
    pub sandbox_mode: String,
    /// Whether the provider has WebSockets.
    pub websockets: bool,
    /// Provider's `request_max_retries`.
    pub request_retries: u32,
    /// Provider's `stream_max_retries`.
    pub stream_retries: u32,
    /// Lines before the first table.
    pub top: String,
    /// Lines of the provider's table.
    pub provider: String,
    /// Lines behind it.
    pub extra: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "gpt-5.2-codex".to_owned(),
            approval_policy: "never".to_owned(),
            sandbox_mode: "danger-full-access".to_owned(),
            websockets: false,
            request_retries: 0,
            stream_retries: 0,
            top: String::new(),
            provider: String::new(),
            extra: String::new(),
        }
    }
}

impl Config {
    /// Every command is asked for.
    pub fn asking() -> Self {
        Self {
            approval_policy: "on-request".to_owned(),
            sandbox_mode: "read-only".to_owned(),
            ..Self::default()
        }
    }
}

impl Home {
    /// A home that uses this model.
    pub fn new(model: &MockModel) -> Self {
        Self::with(model, &Config::default())
    }

    /// A home with this configuration.
    pub fn with(model: &MockModel, config: &Config) -> Self {
        let home = Self::empty();
        home.configure(model, config);
        home
    }

    /// A home without `config.toml`.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("codex-e2e-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".codex")).unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder }
    }

    /// HOME.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// CODEX_HOME.
    pub fn codex(&self) -> PathBuf {
        self.path().join(".codex")
    }

    /// An empty folder to work in; the program's working folder.
    pub fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// Writes `config.toml` as it is.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.codex().join("config.toml"), text).unwrap();
    }

    /// Writes `config.toml` for this model.
    pub fn configure(&self, model: &MockModel, config: &Config) {
        self.configure_url(&model.base_url(), config);
    }

    /// Writes `config.toml` for a model at this address.
    pub fn configure_url(&self, base: &str, config: &Config) {
        let Config {
            model: slug,
            approval_policy,
            sandbox_mode,
            websockets,
            request_retries,
            stream_retries,
            top,
            provider,
            extra,
        } = config;
        self.write_config(&format!(
            r#"model = "{slug}"
model_provider = "mock"
approval_policy = "{approval_policy}"
sandbox_mode = "{sandbox_mode}"
{top}

[model_providers.mock]
name = "mock"
base_url = "{base}"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = {websockets}
request_max_retries = {request_retries}
stream_max_retries = {stream_retries}
{provider}

{extra}
"#
        ));
    }
}
