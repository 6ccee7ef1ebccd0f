//! The configuration as the daemon sees it: a real home folder with a real file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use codex_core::config::{
    Config, ConfigError, ConfigOverride, ConfigSource, TextPosition, TrustLevel, WebSearchMode, check,
};
use codex_core::{ApprovalPolicy, SandboxMode, SandboxPolicy};
use tempfile::TempDir;

struct Home {
    dir: TempDir,
    overrides: Vec<ConfigOverride>,
}

impl Home {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().expect("temp dir");
        fs::write(dir.path().join("config.toml"), config).expect("write");
        Self {
            dir,
            overrides: Vec::new(),
        }
    }

    fn with(mut self, overrides: &[&str]) -> Self {
        self.overrides = overrides
            .iter()
            .map(|one| ConfigOverride::parse(one).expect("parses"))
            .collect();
        self
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn source(&self) -> ConfigSource {
        ConfigSource {
            codex_home: self.path().to_owned(),
            overrides: self.overrides.clone(),
            ..ConfigSource::default()
        }
    }

    fn load(&self) -> Result<Arc<Config>, ConfigError> {
        self.load_in(self.path())
    }

    fn load_in(&self, cwd: &Path) -> Result<Arc<Config>, ConfigError> {
        Config::load(&self.source(), cwd, &[])
    }

    fn error(&self) -> String {
        let error = self.load().expect_err("refused");
        codex_core::Error::from(error).to_string()
    }
}

#[test]
fn without_a_file_the_defaults_hold() {
    let dir = tempfile::tempdir().expect("temp dir");
    let source = ConfigSource {
        codex_home: dir.path().to_owned(),
        overrides: Vec::new(),
        ..ConfigSource::default()
    };
    let config = Config::load(&source, dir.path(), &[]).expect("loads");
    assert_eq!(config.model_provider, "openai");
    assert_eq!(config.approval_policy, ApprovalPolicy::OnRequest);
    assert_eq!(
        config.sandbox_policy,
        SandboxPolicy::ReadOnly {
            network_access: false
        }
    );
    assert_eq!(
        config.permission_profile.as_ref().expect("by default").id,
        ":read-only"
    );
    assert_eq!(config.project_doc_max_bytes, 32768);
    assert_eq!(config.project_root_markers, [".git"]);
    assert!(config.allow_login_shell && config.include_environment_context);
    assert!(check(&source).is_none());
}

#[test]
fn values_of_the_file_are_used_and_unknown_keys_tolerated() {
    let config = Home::new(
        r#"
        model = "m"
        model_provider = "p"
        approval_policy = "on-failure"
        sandbox_mode = "workspace-write"
        web_search = "indexed"
        from_the_future = { a = [1] }
        forced_chatgpt_workspace_id = "w"
        [model_providers.p]
        name = "P"
        base_url = "http://127.0.0.1:1/v1"
        from_the_future = 1
        [sandbox_workspace_write]
        network_access = true
        writable_roots = ["sub", "/abs"]
        [tools.web_search]
        context_size = "low"
        [features]
        shell_tool = false
        network_proxy = { enabled = true, more = 1 }
        "#,
    );
    let loaded = config.load().expect("loads");
    assert_eq!(loaded.model.as_deref(), Some("m"));
    assert_eq!(
        loaded.model_providers["p"]["base_url"].as_str(),
        Some("http://127.0.0.1:1/v1")
    );
    assert_eq!(loaded.approval_policy, ApprovalPolicy::OnRequest);
    assert_eq!(
        loaded.sandbox_policy,
        SandboxPolicy::WorkspaceWrite {
            writable_roots: vec![config.path().join("sub"), "/abs".into()],
            network_access: true,
            exclude_tmpdir_env_var: false,
            exclude_slash_tmp: false,
        }
    );
    assert_eq!(loaded.permission_profile, None);
    assert_eq!(loaded.web_search, Some(WebSearchMode::Indexed));
    assert_eq!(loaded.forced_chatgpt_workspace_id, ["w"]);
    assert!(!loaded.features.enabled("shell_tool"));
    assert!(loaded.features.enabled("network_proxy"));
    assert_eq!(
        loaded.sandbox_of_mode(SandboxMode::WorkspaceWrite),
        loaded.sandbox_policy
    );
}

#[test]
fn a_changed_file_counts_at_the_next_look() {
    let home = Home::new("model = \"a\"");
    assert_eq!(home.load().expect("loads").model.as_deref(), Some("a"));
    fs::write(home.path().join("config.toml"), "model = \"bb\"").expect("write");
    assert_eq!(home.load().expect("loads").model.as_deref(), Some("bb"));
    fs::remove_file(home.path().join("config.toml")).expect("remove");
    assert_eq!(home.load().expect("loads").model, None);
}

#[test]
fn overrides_lie_on_top_and_the_last_one_wins() {
    let home = Home::new(
        "model = \"file\"\n[sandbox_workspace_write]\nnetwork_access = true\nwritable_roots = [\"/f\"]",
    )
    .with(&[
        "model=line",
        "sandbox_mode=workspace-write",
        "sandbox_workspace_write.writable_roots=[\"sub\"]",
    ]);
    let thread = ConfigOverride::parse("model=thread").expect("parses");
    let config = Config::load(&home.source(), Path::new("/w"), &[thread]).expect("loads");
    assert_eq!(config.model.as_deref(), Some("thread"));
    assert_eq!(
        config.sandbox_policy,
        SandboxPolicy::WorkspaceWrite {
            writable_roots: vec!["/w/sub".into()],
            network_access: true,
            exclude_tmpdir_env_var: false,
            exclude_slash_tmp: false,
        }
    );
}

#[test]
fn a_broken_file_is_reported_with_its_place() {
    let home = Home::new("model = \"x\"\napproval_policy = \n");
    let problem = check(&home.source()).expect("a problem");
    assert_eq!(
        problem.path.as_deref(),
        Some(home.path().join("config.toml").as_path())
    );
    assert_eq!(problem.range.expect("a place").start.line, 2);
    let prefix = format!(
        "failed to load configuration: {}/config.toml:2:",
        home.path().display()
    );
    assert!(home.error().starts_with(&prefix), "{}", home.error());
}

#[test]
fn a_wrong_type_is_reported_with_its_place() {
    let home = Home::new("model = \"x\"\nmodel_context_window = \"many\"\n");
    let problem = check(&home.source()).expect("a problem");
    assert_eq!(
        problem.range.expect("a place").start,
        TextPosition { line: 2, column: 24 }
    );
    // The value may be a secret that stands in the wrong place.
    assert!(
        problem.message.contains("invalid type: string, expected"),
        "{problem}"
    );
}

#[test]
fn a_wrong_override_is_no_fault_of_the_file() {
    let home = Home::new("model = \"x\"").with(&["model_context_window=many"]);
    let error = home.load().expect_err("refused");
    assert!(
        matches!(&error, ConfigError::Override(message) if message.contains("model_context_window")),
        "{error}"
    );
    let home = Home::new("").with(&["model_provider=nonesuch"]);
    assert_eq!(
        home.load(),
        Err(ConfigError::Override(
            "Model provider `nonesuch` not found".to_owned()
        ))
    );
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let provider = "[model_providers.p]\nname = \"P\"\n";
    for (config, reason) in [
        (
            "model_provider = \"zzz\"".to_owned(),
            "Model provider `zzz` not found",
        ),
        (format!("{provider}wire_api = \"chat\""), "is no longer supported"),
        (
            "[model_providers.p]\nbase_url = \"x\"".to_owned(),
            "missing field `name`",
        ),
        (
            "[model_providers.openai]\nname = \"x\"".to_owned(),
            "reserved built-in provider IDs: `openai`",
        ),
        (
            format!("{provider}env_key = \"K\"\nauth = {{ command = \"c\" }}"),
            "`auth` cannot be combined with `env_key`",
        ),
        (
            "approval_policy = \"untrusted\"".to_owned(),
            "approval_policy = \"untrusted\" is no longer supported; remove this setting",
        ),
        (
            "default_permissions = \":nope\"".to_owned(),
            "default_permissions refers to unknown built-in profile `:nope`",
        ),
        ("default_permissions = \"mine\"".to_owned(), "profile `mine`"),
        ("profile = \"x\"".to_owned(), "`profile`"),
    ] {
        let home = Home::new(&config);
        assert!(home.error().contains(reason), "{config}: {}", home.error());
        assert!(check(&home.source()).is_some(), "{config}");
    }
}

#[test]
fn a_trusted_project_may_be_written_to_and_an_untrusted_one_asks() {
    let project = tempfile::tempdir().expect("temp dir");
    fs::create_dir_all(project.path().join(".git")).expect("git");
    fs::write(project.path().join(".git/HEAD"), "ref: refs/heads/main\n").expect("head");
    fs::create_dir_all(project.path().join("sub/sub/.git")).expect("no repository");
    let sub = project.path().join("sub/sub");
    let trust = |level| {
        format!(
            "[projects.{:?}]\ntrust_level = \"{level}\"",
            project.path().display().to_string()
        )
    };

    let config = Home::new(&trust("trusted")).load_in(&sub).expect("loads");
    assert_eq!(config.trust, Some(TrustLevel::Trusted));
    assert_eq!(config.approval_policy, ApprovalPolicy::OnRequest);
    assert!(matches!(
        config.sandbox_policy,
        SandboxPolicy::WorkspaceWrite { .. }
    ));
    assert_eq!(
        config.permission_profile.as_ref().expect("by default").id,
        ":workspace"
    );

    let config = Home::new(&trust("untrusted")).load_in(&sub).expect("loads");
    assert_eq!(config.approval_policy, ApprovalPolicy::Untrusted);
    assert!(matches!(
        config.sandbox_policy,
        SandboxPolicy::WorkspaceWrite { .. }
    ));

    let elsewhere = Home::new(&trust("trusted"))
        .load_in(Path::new("/"))
        .expect("loads");
    assert_eq!(elsewhere.trust, None);
}

#[test]
fn profiles_are_chosen_by_name() {
    let config = Home::new("default_permissions = \":danger-full-access\"")
        .load()
        .expect("loads");
    assert_eq!(config.sandbox_policy, SandboxPolicy::DangerFullAccess);
    let chosen = config.sandbox_of_profile(":read-only").expect("built in");
    assert_eq!(
        chosen.policy,
        SandboxPolicy::ReadOnly {
            network_access: false
        }
    );
    assert_eq!((chosen.reference.id.as_str(), chosen.rules), (":read-only", None));
}

#[test]
fn what_clients_switch_counts_unless_it_is_configured() {
    let home = Home::new("[features]\ntool_suggest = true");
    let source = home.source();
    let enabled = |key| {
        let config = Config::load(&source, home.path(), &[]).expect("loads");
        config.features.enabled(key)
    };
    assert!(!enabled("memories"));
    assert!(source.switches.set("memories", true) && source.switches.set("tool_suggest", false));
    assert!(enabled("memories"));
    assert!(enabled("tool_suggest"), "the file outranks the client");
}
