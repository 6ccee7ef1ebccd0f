//! The policy as `sandbox-exec` of macOS takes it. Written from the documentation; not run here.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::plan::SandboxPlan;

/// The program that confines, by its absolute path: one found by `PATH` could be anybody's.
pub const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// What programs of macOS need beside the plan's folders of the system.
const SYSTEM: [&str; 5] = [
    "/System",
    "/Library",
    "/dev",
    "/private/var/select",
    "/private/var/db/timezone",
];

const BASE: &str = "(version 1)
(deny default)
(allow process-exec)
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow file-read*)
(allow file-write-data
  (require-all (path \"/dev/null\") (vnode-type CHARACTER-DEVICE)))
(allow file-read* file-write* file-ioctl
  (literal \"/dev/tty\") (regex #\"^/dev/ttys[0-9]+$\") (literal \"/dev/ptmx\"))
(allow pseudo-tty)
(allow ipc-posix-sem)
(allow mach-lookup
  (global-name \"com.apple.system.opendirectoryd.libinfo\")
  (global-name \"com.apple.system.notification_center\")
  (global-name \"com.apple.system.logger\"))
";

/// The policy's text for a plan. Later rules win over earlier ones.
pub fn policy(plan: &SandboxPlan) -> String {
    let mut text = BASE.to_owned();
    // Writing to a string can't fail.
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{arguments}");
    };
    for (path, writes) in plan.rules() {
        let path = quote(path);
        if writes {
            line(format_args!("(allow file-write* (subpath {path}))"));
        } else {
            line(format_args!("(deny file-write* (subpath {path}))"));
        }
    }
    if let Some(readable) = &plan.readable {
        line(format_args!("(deny file-read-data)"));
        for path in SYSTEM
            .into_iter()
            .map(Path::new)
            .chain(readable.iter().map(PathBuf::as_path))
        {
            line(format_args!("(allow file-read* (subpath {}))", quote(path)));
        }
    }
    for path in plan.hidden() {
        line(format_args!("(deny file-read* (subpath {}))", quote(&path)));
    }
    for (folder, names) in plan.protected() {
        for name in names {
            let path = quote(&folder.join(name));
            line(format_args!("(deny file-write* (subpath {path}))"));
        }
        // What is protected by its path must not be moved with a folder above it.
        for above in folder.ancestors() {
            line(format_args!(
                "(deny file-write-unlink (literal {}))",
                quote(above)
            ));
        }
    }
    if plan.network() {
        line(format_args!(
            "(allow network-outbound)\n(allow network-inbound)\n(allow system-socket)"
        ));
    } else {
        line(format_args!(
            "(allow network* (local ip \"localhost:*\") (remote ip \"localhost:*\"))"
        ));
    }
    text
}

/// A path as a string of the policy's language.
fn quote(path: &Path) -> String {
    let path = path.to_string_lossy();
    let mut quoted = String::with_capacity(path.len() + 2);
    quoted.push('"');
    for character in path.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SandboxPolicy;
    use crate::sandbox::{SandboxLayers, SandboxRequest};

    fn text(policy_of: &SandboxPolicy, root: &Path) -> String {
        let request = SandboxRequest {
            policy: policy_of,
            cwd: root,
            workspace_roots: &[],
            codex_home: &root.join("home"),
            home: None,
            tmpdir: None,
            writable: &[],
            readable: &[],
            profile: None,
            network: false,
            layers: SandboxLayers::default(),
        };
        let plan = SandboxPlan::resolve(&request).expect("a plan").expect("limits");
        policy(&plan)
    }

    #[test]
    fn folders_are_writable_but_for_protected_names_and_credentials() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path().canonicalize().expect("a path");
        std::fs::create_dir(root.join("home")).expect("a folder");
        let workspace = SandboxPolicy::WorkspaceWrite {
            writable_roots: Vec::new(),
            network_access: false,
            exclude_tmpdir_env_var: true,
            exclude_slash_tmp: true,
        };
        let text = text(&workspace, &root);
        let at = |line: String| text.find(&line).unwrap_or_else(|| panic!("{line} in {text}"));
        let root = root.display();
        let allowed = at(format!("(allow file-write* (subpath \"{root}\"))"));
        assert!(at(format!("(deny file-write* (subpath \"{root}/.git\"))")) > allowed);
        assert!(at(format!("(deny file-write* (subpath \"{root}/home\"))")) > allowed);
        at(format!("(deny file-read* (subpath \"{root}/home/auth.json\"))"));
        at(format!("(deny file-write-unlink (literal \"{root}\"))"));
        assert!(!text.contains("(allow network-outbound)"));
    }

    #[test]
    fn reading_only_allows_no_writing() {
        let root = tempfile::tempdir().expect("a folder");
        let text = text(&SandboxPolicy::ReadOnly { network_access: true }, root.path());
        assert!(!text.contains("(allow file-write* (subpath"), "{text}");
        assert!(text.contains("(allow network-outbound)"));
    }

    #[test]
    fn paths_are_quoted() {
        assert_eq!(quote(Path::new("/a\"b\\c")), r#""/a\"b\\c""#);
    }
}
