//! Where images are kept: `<home>/generated_images/<thread>/<call>.png`, for their owner only.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::ThreadId;
use crate::sys::folder::Folder;

/// The folder in the home.
const FOLDER: &str = "generated_images";
/// Longest name of a file, without what follows it, in characters.
const MAX_NAME: usize = 200;
/// How many images may have the name of one call.
const MAX_OF_ONE_NAME: usize = 100;

/// Writes an image to a new file, and gives its path. No link below the home is followed, and nothing is written over.
/// Blocks.
pub(super) fn save(home: &Path, thread: ThreadId, call_id: &str, image: &[u8]) -> io::Result<PathBuf> {
    let thread = thread.to_string();
    let mut folder = Folder::open(&home.canonicalize()?)?;
    for name in [FOLDER, &thread] {
        match folder.create_private_folder(OsStr::new(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => folder = folder.below(Path::new(name))?,
        }
    }
    let name = safe_name(call_id);
    for number in 1..=MAX_OF_ONE_NAME {
        let file_name = match number {
            1 => format!("{name}.png"),
            _ => format!("{name}-{number}.png"),
        };
        let mut file = match folder.create_file(OsStr::new(&file_name), true) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        if let Err(error) = file.write_all(image) {
            let _ = folder.remove(OsStr::new(&file_name));
            return Err(error);
        }
        return Ok(home.join(FOLDER).join(thread).join(file_name));
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The id of a call as part of a file name: models choose it.
fn safe_name(call_id: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '_'
        }
    };
    let name: String = call_id.chars().take(MAX_NAME).map(safe).collect();
    if name.is_empty() { "image".into() } else { name }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn images_are_their_owners_only_and_never_written_over() {
        let home = tempfile::tempdir().expect("a folder");
        let thread = ThreadId::new();
        let first = save(home.path(), thread, "a/../b c", b"1").expect("saved");
        let second = save(home.path(), thread, "a/../b c", b"2").expect("saved");
        let folder = home.path().join(FOLDER).join(thread.to_string());
        assert_eq!(
            (&first, &second),
            (&folder.join("a____b_c.png"), &folder.join("a____b_c-2.png"))
        );
        assert_eq!(fs::read(&first).expect("there"), b"1");
        assert_eq!(fs::read(&second).expect("there"), b"2");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&first), mode(&folder)), (0o600, 0o700));
        assert_eq!(mode(&home.path().join(FOLDER)), 0o700);
    }

    #[test]
    fn no_link_leads_an_image_elsewhere() {
        let home = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let thread = ThreadId::new();
        symlink(elsewhere.path(), home.path().join(FOLDER)).expect("a link");
        save(home.path(), thread, "c", b"1").expect_err("a link");
        fs::remove_file(home.path().join(FOLDER)).expect("removed");
        save(home.path(), thread, "c", b"1").expect("saved");
        let folder = home.path().join(FOLDER).join(thread.to_string());
        symlink(elsewhere.path().join("x"), folder.join("d.png")).expect("a link");
        let path = save(home.path(), thread, "d", b"1").expect("saved");
        assert_eq!(path, folder.join("d-2.png"));
        assert_eq!(fs::read_dir(elsewhere.path()).expect("there").count(), 0);
    }

    #[test]
    fn names_are_short_and_of_plain_letters() {
        assert_eq!(safe_name(""), "image");
        assert_eq!(safe_name("ä\0.."), "____");
        assert_eq!(safe_name(&"x".repeat(1000)).len(), MAX_NAME);
    }
}
