//! Folders that commands may write.

use std::path::{Component, Path, PathBuf};

use super::error::LeftOut;

/// Where the kernel and devices are; commands get their own of these.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

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
    if real.parent().is_none() || SYSTEM.iter().any(|system| real.starts_with(system)) {
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

fn uncertain_link(given: &Path, real: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let mut links = 0;
    let mut rest: Vec<PathBuf> = vec![given.to_owned()];
    // Every folder on the way, links resolved one by one.
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
                        here = next;
                        continue;
                    };
                    let ground = roots.iter().find(|root| here.starts_with(root));
                    if ground.is_some_and(|ground| !real.starts_with(ground)) {
                        return Some(next);
                    }
                    links += 1;
                    if links > 40 {
                        return Some(next);
                    }
                    rest.push(components.as_path().to_owned());
                    rest.push(to);
                    break;
                }
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }
    None
}
