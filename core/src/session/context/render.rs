//! The environment of a turn as the model reads it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::EnvironmentContext;
use crate::config::Config;
use crate::settings::PROTECTED_NAMES;
use crate::xml::escape;
use crate::{ProfileRules, SandboxPolicy};

/// `<environment_context>`; without folder and shell when those did not change.
pub(super) fn environment_context(config: &Config, of: &EnvironmentContext, with_place: bool) -> String {
    let mut lines = String::new();
    let mut line = |tag: &str, text: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(lines, "  <{tag}>{}</{tag}>", escape(text));
    };
    if with_place && of.has_environment {
        line("cwd", &of.cwd.to_string_lossy());
        line("shell", &of.shell);
    }
    if config.include_environment_context_time {
        line("current_date", &of.date);
        if let Some(timezone) = &of.timezone {
            line("timezone", timezone);
        }
    }
    if !of.has_environment {
        return format!("<environment_context>\n{lines}</environment_context>");
    }
    let roots: String = of
        .workspace_roots
        .iter()
        .map(|root| element("root", root))
        .collect();
    let profile = permission_profile(
        &of.sandbox_policy,
        &of.workspace_roots,
        of.profile_rules.as_deref(),
    );
    format!(
        "<environment_context>\n{lines}  <filesystem><workspace_roots>{roots}</workspace_roots>{profile}</filesystem>\n\
         </environment_context>"
    )
}

fn permission_profile(policy: &SandboxPolicy, roots: &[PathBuf], rules: Option<&ProfileRules>) -> String {
    let entry = |access: &str, what: &str| format!("<entry access=\"{access}\">{what}</entry>");
    let special = |name: &str| format!("<special>{name}</special>");
    let readable = rules.and_then(|rules| rules.readable(roots.iter().map(PathBuf::as_path)));
    let mut entries = match &readable {
        None => entry("read", &special(":root")),
        Some(paths) => {
            let paths = paths.iter().map(|path| entry("read", &element("path", path)));
            [entry("read", &special(":minimal"))]
                .into_iter()
                .chain(paths)
                .collect()
        }
    };
    match policy {
        SandboxPolicy::DangerFullAccess => {
            return "<permission_profile type=\"disabled\"><file_system type=\"unrestricted\" /></permission_profile>"
                .into();
        }
        SandboxPolicy::ExternalSandbox { .. } => {
            return "<permission_profile type=\"external\"><file_system type=\"unrestricted\" /></permission_profile>"
                .into();
        }
        SandboxPolicy::ReadOnly { .. } => {}
        SandboxPolicy::WorkspaceWrite {
            writable_roots,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
            ..
        } => {
            entries.extend(roots.iter().map(|root| entry("write", &element("path", root))));
            if !exclude_slash_tmp {
                entries.push_str(&entry("write", &special(":slash_tmp")));
            }
            if !exclude_tmpdir_env_var {
                entries.push_str(&entry("write", &special(":tmpdir")));
            }
            entries.extend(
                writable_roots
                    .iter()
                    .map(|root| entry("write", &element("path", root))),
            );
            for root in roots {
                entries.extend(PROTECTED_NAMES.map(|name| entry("read", &element("path", &root.join(name)))));
            }
        }
    }
    let mut depth = String::new();
    if let Some(rules) = rules {
        let roots = || roots.iter().map(PathBuf::as_path);
        for (access, paths) in [
            ("write", rules.named_writable(roots())),
            ("read", rules.kept(roots())),
        ] {
            entries.extend(paths.iter().map(|path| entry(access, &element("path", path))));
        }
        let denied = rules.denied(roots());
        let denied = denied.iter().map(|path| element("path", path));
        let patterns = rules.patterns(roots());
        let patterns = patterns.iter().map(|pattern| element("glob", &pattern.path()));
        entries.extend(
            denied
                .chain(patterns)
                .map(|what| format!("<entry access=\"deny\" escalatable=\"false\">{what}</entry>")),
        );
        if let Some(most) = rules.glob_scan_max_depth {
            depth = format!(" glob_scan_max_depth=\"{most}\"");
        }
    }
    format!(
        "<permission_profile type=\"managed\"><file_system type=\"restricted\"{depth}>{entries}</file_system>\
         </permission_profile>"
    )
}

fn element(tag: &str, path: &Path) -> String {
    format!("<{tag}>{}</{tag}>", escape(&path.to_string_lossy()))
}
