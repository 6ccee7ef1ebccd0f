//! Permissions beyond a sandbox.

use std::path::{Component, Path, PathBuf};

use codex_app_server_protocol::{
    AdditionalFileSystemPermissions, AdditionalNetworkPermissions, AdditionalPermissionProfile,
    FileSystemAccessMode, FileSystemPath, FileSystemSandboxEntry, GrantedPermissionProfile,
    LegacyAppPathString, PermissionGrantScope, RequestPermissionProfile,
};
use codex_core::{AdditionalPermissions, GrantScope};

/// Towards the client, with a command.
pub(crate) fn additional_to_wire(permissions: &AdditionalPermissions) -> AdditionalPermissionProfile {
    AdditionalPermissionProfile {
        file_system: files_to_wire(permissions),
        network: network_to_wire(permissions),
    }
}

/// Towards the client, as a question of its own.
pub(crate) fn request_to_wire(permissions: &AdditionalPermissions) -> RequestPermissionProfile {
    RequestPermissionProfile {
        network: network_to_wire(permissions),
        file_system: files_to_wire(permissions),
    }
}

/// From the client. What isn't understood, and what takes away, grants nothing.
pub(crate) fn granted_from_wire(granted: GrantedPermissionProfile) -> AdditionalPermissions {
    let mut permissions = AdditionalPermissions {
        network: granted
            .network
            .and_then(|network| network.enabled)
            .unwrap_or_default(),
        ..AdditionalPermissions::default()
    };
    let Some(files) = granted.file_system else {
        return permissions;
    };
    let mut denied = Vec::new();
    let add = |paths: &mut Vec<PathBuf>, path: &LegacyAppPathString| {
        if let Some(path) = absolute(&path.0)
            && !paths.contains(&path)
        {
            paths.push(path);
        }
    };
    for path in files.read.iter().flatten() {
        add(&mut permissions.read, path);
    }
    for path in files.write.iter().flatten() {
        add(&mut permissions.write, path);
    }
    for FileSystemSandboxEntry { access, path } in files.entries.iter().flatten() {
        let FileSystemPath::Path { path } = path else {
            continue;
        };
        match access {
            FileSystemAccessMode::Read => add(&mut permissions.read, path),
            FileSystemAccessMode::Write => add(&mut permissions.write, path),
            FileSystemAccessMode::Deny => add(&mut denied, path),
        }
    }
    let is_free = |path: &PathBuf| {
        !denied
            .iter()
            .any(|denied| path.starts_with(denied) || denied.starts_with(path))
    };
    permissions.read.retain(is_free);
    permissions.write.retain(is_free);
    permissions
}

/// From the client.
pub(crate) fn scope_from_wire(scope: PermissionGrantScope) -> GrantScope {
    match scope {
        PermissionGrantScope::Turn => GrantScope::Turn,
        PermissionGrantScope::Session => GrantScope::Session,
    }
}

fn network_to_wire(permissions: &AdditionalPermissions) -> Option<AdditionalNetworkPermissions> {
    permissions
        .network
        .then_some(AdditionalNetworkPermissions { enabled: Some(true) })
}

/// Each path twice: in the lists, and as an entry.
fn files_to_wire(permissions: &AdditionalPermissions) -> Option<AdditionalFileSystemPermissions> {
    let AdditionalPermissions { read, write, .. } = permissions;
    let wire = |path: &PathBuf| LegacyAppPathString::from(path.as_path());
    let list = |paths: &[PathBuf]| (!paths.is_empty()).then(|| paths.iter().map(wire).collect::<Vec<_>>());
    let entries = |paths: &[PathBuf], access: FileSystemAccessMode| -> Vec<_> {
        let entry = |path| FileSystemSandboxEntry {
            access,
            path: FileSystemPath::Path { path: wire(path) },
        };
        paths.iter().map(entry).collect()
    };
    let mut all = entries(read, FileSystemAccessMode::Read);
    all.extend(entries(write, FileSystemAccessMode::Write));
    (!all.is_empty()).then(|| AdditionalFileSystemPermissions {
        entries: Some(all),
        glob_scan_max_depth: None,
        read: list(read),
        write: list(write),
    })
}

/// An absolute path without `.` and `..`.
fn absolute(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let plain = |component: Component<'_>| matches!(component, Component::RootDir | Component::Normal(_));
    (path.is_absolute() && path.components().all(plain)).then(|| path.components().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(json: &str) -> AdditionalPermissions {
        granted_from_wire(serde_json::from_str(json).expect("fits"))
    }

    #[test]
    fn a_grant_is_read_from_lists_and_entries() {
        let granted = grant(
            r#"{"network": {"enabled": true}, "fileSystem": {"read": ["/r"], "write": ["/w", "relative", "/a/../b"],
                "entries": [{"access": "write", "path": {"type": "path", "path": "/w"}},
                            {"access": "write", "path": {"type": "path", "path": "/x/"}},
                            {"access": "write", "path": {"type": "glob_pattern", "pattern": "/y/*"}}]}}"#,
        );
        assert_eq!(
            granted,
            AdditionalPermissions {
                read: vec!["/r".into()],
                write: vec!["/w".into(), "/x".into()],
                network: true,
            }
        );
        let denied = grant(
            r#"{"fileSystem": {"write": ["/w", "/x"], "entries": [{"access": "deny", "path": {"type": "path",
                "path": "/w/a"}}]}}"#,
        );
        assert_eq!(denied.write, [PathBuf::from("/x")]);
        assert!(grant("{}").is_empty() && grant(r#"{"fileSystem": null, "network": null}"#).is_empty());
    }
}
