//! Patches from their text to the files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Targets, parse, plan, target_paths, write};

fn apply(folder: &Path, patch: &str) -> Result<(), String> {
    apply_after(folder, patch, || ())
}

/// Applies a patch; something happens between its verification and its writing.
fn apply_after(folder: &Path, patch: &str, meanwhile: impl FnOnce()) -> Result<(), String> {
    let patch =
        parse(&format!("*** Begin Patch\n{patch}*** End Patch")).map_err(|error| error.to_string())?;
    let paths = target_paths(&patch, folder).map_err(|error| error.to_string())?;
    let roots = [folder.canonicalize().expect("a root")];
    let targets = Targets::open(&paths, &roots).map_err(|error| error.to_string())?;
    let changes = plan(&patch, folder, |path| targets.read(path)).map_err(|error| error.to_string())?;
    meanwhile();
    write(&changes, &targets).map_err(|error| error.to_string())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut found: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    found.sort();
    found
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).expect("written");
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("a text")
    }
}

#[test]
fn files_keep_their_modes_and_links_stay_links() {
    let folder = Folder::new();
    folder.put("run", "a\n");
    fs::set_permissions(folder.at("run"), Permissions::from_mode(0o751)).expect("a mode");
    symlink("run", folder.at("link")).expect("a link");
    apply(folder.path(), "*** Update File: link\n-a\n+b\n").expect("applies");
    assert_eq!(folder.text("run"), "b\n");
    assert!(
        fs::symlink_metadata(folder.at("link"))
            .expect("a link")
            .is_symlink()
    );
    let twice = apply(
        folder.path(),
        "*** Update File: run\n-b\n+c\n*** Update File: link\n-b\n+d\n",
    );
    assert!(twice.expect_err("refused").contains("multiple operations"));
    apply(folder.path(), "*** Delete File: link\n").expect("applies");
    assert_eq!(names(folder.path()), ["run"]);
    apply(
        folder.path(),
        "*** Update File: run\n*** Move to: sub/moved\n-b\n+c\n",
    )
    .expect("applies");
    assert_eq!(names(folder.path()), ["sub"]);
    let moved = fs::metadata(folder.at("sub/moved")).expect("moved");
    assert_eq!(moved.permissions().mode() & 0o777, 0o751);
    // Who owns a file keeps it, as far as we may give files away.
    let before = moved.uid();
    apply(folder.path(), "*** Update File: sub/moved\n-c\n+d\n").expect("applies");
    assert_eq!(
        fs::metadata(folder.at("sub/moved")).expect("a file").uid(),
        before
    );
}

#[test]
fn a_failure_half_way_leaves_everything_as_it_was() {
    let folder = Folder::new();
    folder.put("a", "a\n");
    folder.put("gone", "g\n");
    folder.put("target", "t\n");
    symlink("target", folder.at("link")).expect("a link");
    fs::set_permissions(folder.at("gone"), Permissions::from_mode(0o600)).expect("a mode");
    let patch = "*** Update File: a\n-a\n+b\n*** Delete File: gone\n*** Delete File: link\n*** Add File: \
                 new/deep/x\n+x\n*** Add File: late/y\n+y\n";
    let error = apply_after(folder.path(), patch, || folder.put("late", "")).expect_err("fails");
    assert!(
        error.contains("late/y") && error.ends_with("Nothing was changed."),
        "{error}"
    );
    assert_eq!(names(folder.path()), ["a", "gone", "late", "link", "target"]);
    assert_eq!(
        (folder.text("a"), folder.text("gone"), folder.text("link")),
        ("a\n".into(), "g\n".into(), "t\n".into())
    );
    assert_eq!(
        fs::metadata(folder.at("gone")).expect("a file").mode() & 0o777,
        0o600
    );
}

#[test]
fn what_has_changed_since_it_was_verified_is_not_written_over() {
    let folder = Folder::new();
    for (patch, name, text) in [
        ("*** Update File: a\n-a\n+b\n", "a", "c\n"),
        ("*** Delete File: a\n", "a", "c\n"),
        ("*** Add File: n\n+x\n", "n", "y\n"),
        ("*** Update File: a\n*** Move to: m\n-a\n+b\n", "m", "y\n"),
    ] {
        folder.put("a", "a\n");
        let error = apply_after(folder.path(), patch, || folder.put(name, text)).expect_err("fails");
        assert!(error.contains("changed by somebody else"), "{error}");
        assert_eq!(folder.text(name), text);
    }
}

#[test]
fn a_link_that_comes_between_does_not_lead_out() {
    let folder = Folder::new();
    let outside = Folder::new();
    outside.put("a", "a\n");
    for (patch, name) in [
        ("*** Update File: sub/a\n-a\n+b\n", "a"),
        ("*** Add File: sub/n\n+x\n", "n"),
        ("*** Add File: sub/deep/n\n+x\n", "deep"),
        ("*** Delete File: sub/a\n", "a"),
    ] {
        fs::create_dir(folder.at("sub")).expect("a folder");
        folder.put("sub/a", "a\n");
        let swap = || {
            fs::rename(folder.at("sub"), folder.at("away")).expect("renamed");
            symlink(outside.path(), folder.at("sub")).expect("a link");
        };
        // It goes to the folder that was checked, under whatever name.
        let _ = apply_after(folder.path(), patch, swap);
        assert_eq!(
            (names(outside.path()), outside.text("a")),
            (vec!["a".to_owned()], "a\n".to_owned()),
            "{name}"
        );
        fs::remove_file(folder.at("sub")).expect("removed");
        fs::remove_dir_all(folder.at("away")).expect("removed");
    }
    // A file that becomes a link is not followed.
    folder.put("f", "a\n");
    let swap = || {
        fs::remove_file(folder.at("f")).expect("removed");
        symlink(outside.at("a"), folder.at("f")).expect("a link");
    };
    assert!(apply_after(folder.path(), "*** Update File: f\n-a\n+b\n", swap).is_err());
    assert_eq!(outside.text("a"), "a\n");
    // Nor a folder that is yet to be made.
    let swap = || symlink(outside.path(), folder.at("new")).expect("a link");
    assert!(apply_after(folder.path(), "*** Add File: new/x\n+x\n", swap).is_err());
    assert_eq!(names(outside.path()), ["a"]);
}

#[test]
fn what_is_no_text_file_of_a_reasonable_size_is_refused_by_name() {
    let folder = Folder::new();
    fs::write(folder.at("b"), [0xff, 0xfe]).expect("written");
    fs::File::create(folder.at("huge"))
        .and_then(|file| file.set_len(10 << 30))
        .expect("a sparse file");
    let pipe = std::process::Command::new("mkfifo")
        .arg(folder.at("pipe"))
        .status();
    assert!(pipe.expect("runs").success());
    symlink("/dev/zero", folder.at("device")).expect("a link");
    symlink("nowhere", folder.at("dangling")).expect("a link");
    fs::create_dir(folder.at("dir")).expect("a folder");
    for (name, why) in [
        ("b", "UTF-8"),
        ("huge", "larger than"),
        ("pipe", "is not a file"),
        ("device", "is not a file"),
        ("dir", "is not a file"),
        ("dangling", "No such file"),
        ("b/x", "Not a directory"),
    ] {
        for patch in [
            "*** Update File: NAME\n-a\n",
            "*** Delete File: NAME\n",
            "*** Add File: NAME\n+x\n",
        ] {
            // That there is a folder where a file is added, is told when it is written.
            let error = apply(folder.path(), &patch.replace("NAME", name)).expect_err("refused");
            assert!(
                error.contains(&format!("/{name}")) && error.contains(why),
                "{error}"
            );
        }
    }
    for name in [".", "/", ".."] {
        assert!(apply(folder.path(), &format!("*** Delete File: {name}\n")).is_err());
    }
    assert!(apply(folder.path(), "*** Delete File: a\0b\n").is_err());
}

#[test]
fn more_than_a_patch_may_do_is_refused() {
    let folder = Folder::new();
    let sections: Vec<_> = (0..1001)
        .map(|number| format!("*** Add File: f{number}\n+x\n"))
        .collect();
    let many = sections.concat();
    assert!(
        apply(folder.path(), &many)
            .expect_err("refused")
            .contains("more than 1000 files")
    );
    let sections: Vec<_> = (0..129)
        .map(|number| format!("*** Add File: d{number}/f\n+x\n"))
        .collect();
    let folders = sections.concat();
    for number in 0..129 {
        fs::create_dir(folder.at(&format!("d{number}"))).expect("a folder");
    }
    assert!(
        apply(folder.path(), &folders)
            .expect_err("refused")
            .contains("more than 128 folders")
    );
    folder.put("lines", &"\n".repeat(1_000_001));
    let error = apply(folder.path(), "*** Update File: lines\n+x\n").expect_err("refused");
    assert!(error.contains("more than 1000000 lines"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_patch_writes_outside_of_where_its_paths_lead_or_panics(
        sections in proptest::collection::vec(
            (
                "\\*\\*\\* (Add|Delete|Update) File: ",
                "(in/a|in/b|in/new/c|in/\\.\\./a|link/x|in)",
                "(\n\\*\\*\\* Move to: (in/m|in/a|link/m))?",
                "(\n([-+ ][ab]?|@@( a)?|\\*\\*\\* End of File)){0,4}\n",
            ),
            1..4,
        ),
    ) {
        let folder = Folder::new();
        fs::create_dir_all(folder.at("root/in")).expect("folders");
        folder.put("root/in/a", "a\nb\n");
        folder.put("root/in/b", "b");
        symlink("in", folder.at("root/link")).expect("a link");
        folder.put("outside", "o\n");
        let sections: Vec<_> = sections.iter().map(|(kind, path, to, lines)| format!("{kind}{path}{to}{lines}")).collect();
        let patch = sections.concat();
        let before = tree(&folder.at("root"));
        let applied = apply(&folder.at("root"), &patch);
        prop_assert_eq!(names(folder.path()), ["outside", "root"]);
        prop_assert_eq!(folder.text("outside"), "o\n");
        if applied.is_err() {
            prop_assert_eq!(tree(&folder.at("root")), before);
        }
    }
}

/// All that is below a folder, with the texts of files.
fn tree(folder: &Path) -> Vec<(PathBuf, Option<String>)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() && !path.is_symlink() {
            found.extend(tree(&path));
        }
        let text = fs::read_to_string(&path).ok();
        found.push((path, text));
    }
    found
}
