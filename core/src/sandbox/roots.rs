//! Folders that commands may write.

use std::path::{Component, Path, PathBuf};

use super::error::LeftOut;

/// The folders of the system that programs need to run; a sandbox has its own `/dev` and `/proc` beside these.
pub(super) const SYSTEM: [&str; 9] = [
    "/bin",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/sbin",
    "/usr",
];

/// Where the kernel and devices are; commands get their own of these.
pub(super) const OF_KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Links that are followed at most, as the kernel counts them.
const MOST_LINKS: usize = 40;

/// The folder that a path leads to, if commands may write there.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, LeftOut> {
    let owned = || path.to_owned();
    if !path.is_absolute() || path.to_str().is_none() {
        return Err(LeftOut::Path(owned()));
    }
    let real = path.canonicalize().map_err(|_| LeftOut::Missing(owned()))?;
    if !real.is_dir() {
        return Err(LeftOut::NoFolder(owned()));
    }
    if real.parent().is_none() || OF_KERNEL.iter().any(|system| real.starts_with(system)) {
        return Err(LeftOut::Unsuitable(owned()));
    }
    if real.to_str().is_none() {
        return Err(LeftOut::Path(real));
    }
    Ok(real)
}

/// The folder of `$TMPDIR`. One that is more than temporary files need is none.
pub(super) fn resolve_temporary(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let real = resolve(path).ok()?;
    let home = home.and_then(|home| home.canonicalize().ok());
    (!home.is_some_and(|home| home.starts_with(&real))).then_some(real)
}

/// Leaves out folders to which the way, as it was given, crosses a link that commands may turn elsewhere: one that lies
/// in another of the folders, but leads out of it.
pub(super) fn keep_certain(roots: Vec<(PathBuf, PathBuf)>, left_out: &mut Vec<LeftOut>) -> Vec<PathBuf> {
    let all: Vec<PathBuf> = roots.iter().map(|(_, real)| real.clone()).collect();
    let mut kept: Vec<PathBuf> = Vec::new();
    for (given, real) in roots {
        match uncertain_link(&given, &real, &all) {
            Some(link) => left_out.push(LeftOut::CrossesLink { path: given, link }),
            None if kept.contains(&real) => {}
            None => kept.push(real),
        }
    }
    kept
}

/// A link on the way to a folder that commands may turn elsewhere: see [`keep_certain`].
pub(super) fn uncertain_link(given: &Path, real: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    // A way that goes round in circles leads nowhere for certain.
    let Some(way) = way_to(given) else {
        return Some(given.to_owned());
    };
    way.links.into_iter().find(|link| {
        roots
            .iter()
            .any(|root| link.parent().is_some_and(|here| here.starts_with(root)) && !real.starts_with(root))
    })
}

/// How a path gets to where it leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// The links that it crosses, each by a path without further links.
    pub(super) links: Vec<PathBuf>,
    /// The first part that is not there, by a path without links.
    pub(super) missing: Option<PathBuf>,
    /// Where it leads, without links.
    pub(super) end: PathBuf,
}

/// Follows an absolute path, link by link. `None`: there are too many.
pub(super) fn way_to(path: &Path) -> Option<Way> {
    let mut way = Way::default();
    let mut rest = vec![path.to_owned()];
    let mut here = PathBuf::from("/");
    while let Some(path) = rest.pop() {
        let mut components = path.components();
        while let Some(component) = components.next() {
            match component {
                Component::RootDir => here = PathBuf::from("/"),
                Component::ParentDir => {
                    here.pop();
                }
                Component::Normal(name) => {
                    let next = here.join(name);
                    let Ok(to) = std::fs::read_link(&next) else {
                        if way.missing.is_none() && next.symlink_metadata().is_err() {
                            way.missing = Some(next.clone());
                        }
                        here = next;
                        continue;
                    };
                    way.links.push(next);
                    if way.links.len() > MOST_LINKS {
                        return None;
                    }
                    rest.push(components.as_path().to_owned());
                    rest.push(to);
                    break;
                }
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }
    way.end = here;
    Some(way)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_way_is_told_link_by_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        std::fs::create_dir_all(root.join("real/inner")).expect("folders");
        symlink("b/inner", root.join("a")).expect("a link");
        symlink("real", root.join("b")).expect("a link");
        let way = way_to(&root.join("a/x")).expect("a way");
        assert_eq!(way.links, [root.join("a"), root.join("b")]);
        assert_eq!(way.missing, Some(root.join("real/inner/x")));
        assert_eq!(way.end, root.join("real/inner/x"));
        symlink("loop", root.join("loop")).expect("a link");
        assert_eq!(way_to(&root.join("loop")), None);
    }
}
