use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn run(root: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t"])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A repository made by hand, with one commit as far as anybody can tell.
fn plain_repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let git = dir.path().join(".git");
    fs::create_dir_all(git.join("refs/heads")).unwrap();
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(git.join("refs/heads/main"), format!("{SHA}\n")).unwrap();
    fs::write(
        git.join("config"),
        "[remote \"origin\"]\n\turl = https://u:p@h/x?token=s#y\n",
    )
    .unwrap();
    dir
}

async fn look_at(folders: &[&Path]) -> Workspaces {
    // Without the limit of requests: the machine may be busy.
    let mut look = GitProbe::at(folders.iter().copied());
    look.until = Instant::now() + Duration::from_secs(20);
    look.in_time().await.unwrap_or_default()
}

#[tokio::test]
async fn a_repository_is_described_and_described_anew_when_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    run(root, &["init"]);
    run(root, &["remote", "add", "origin", "https://u:p@h/x"]);
    let told = &look_at(&[root]).await[root.to_str().unwrap()];
    assert_eq!(
        (&told.latest_git_commit_hash, told.has_changes),
        (&None, Some(false))
    );
    fs::write(root.join("a"), "1").unwrap();
    run(root, &["add", "."]);
    run(root, &["commit", "-m", "one"]);
    let sub = root.join("sub");
    fs::create_dir(&sub).unwrap();

    let first = look_at(&[&sub, root]).await;
    assert_eq!(first.len(), 1, "both folders are in one repository");
    let told = &first[root.to_str().unwrap()];
    assert_eq!(told.associated_remote_urls["origin"], "https://h/x");
    assert_eq!(told.has_changes, None, "only the contents would tell");

    let told_of_changes = async || look_at(&[root]).await[root.to_str().unwrap()].has_changes;
    fs::write(root.join("a"), "22").unwrap();
    assert_eq!(told_of_changes().await, Some(true), "another size");
    fs::remove_file(root.join("a")).unwrap();
    assert_eq!(told_of_changes().await, Some(true), "gone");
    run(root, &["commit", "-a", "-m", "two"]);
    let second = look_at(&[root]).await;
    assert_ne!(
        second[root.to_str().unwrap()].latest_git_commit_hash,
        told.latest_git_commit_hash
    );
}

#[tokio::test]
async fn several_roots_are_told_apart_and_other_folders_left_out() {
    let dirs = [plain_repository(), plain_repository()];
    let plain = tempfile::tempdir().unwrap();
    let told = look_at(&[dirs[0].path(), dirs[1].path()]).await;
    assert_eq!(told.len(), 2);
    // A folder without HEAD is no repository, nor does it hide one above.
    fs::create_dir_all(plain.path().join("a/.git")).unwrap();
    assert!(
        Repository::around(&plain.path().join("a"))
            .is_none_or(|found| found.root() != plain.path().join("a"))
    );
    let below = dirs[0].path().join("a");
    fs::create_dir_all(below.join(".git")).unwrap();
    assert_eq!(Repository::around(&below).unwrap().root(), dirs[0].path());
}

#[tokio::test]
async fn a_slow_answer_is_not_waited_for() {
    let look = GitProbe {
        answer: futures_util::future::pending().boxed().shared(),
        until: Instant::now() + PATIENCE,
    };
    assert_eq!(look.in_time().await, None);
    let again = std::time::Instant::now();
    assert_eq!(look.in_time().await, None);
    assert!(
        again.elapsed() < PATIENCE,
        "the next request does not wait at all"
    );
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    let dir = tempfile::tempdir().unwrap();
    let (root, canary) = (dir.path(), dir.path().join("canary"));
    run(root, &["init"]);
    fs::write(root.join("a"), "1").unwrap();
    run(root, &["add", "."]);
    run(root, &["commit", "-m", "one"]);
    let command = format!("touch {}; cat", canary.display());
    for (key, value) in [
        ("filter.x.clean", command.as_str()),
        ("filter.x.process", &command),
        ("core.fsmonitor", &command),
        ("core.sshCommand", &command),
        ("diff.external", &command),
    ] {
        run(root, &["config", key, value]);
    }
    fs::write(root.join(".gitattributes"), "* filter=x\n").unwrap();
    fs::write(root.join("a"), "2").unwrap();
    let repository = Repository::around(root).unwrap();
    Workspace::of(&repository, &RepositoryContext::of(&repository));
    assert!(info(root).unwrap().sha.is_some());
    assert!(!canary.exists());
}

#[test]
fn branch_commit_and_origin_are_read_without_secrets() {
    let dir = plain_repository();
    fs::create_dir_all(dir.path().join("deep/er")).unwrap();
    let found = info(&dir.path().join("deep/er")).unwrap();
    assert_eq!(found.sha.as_deref(), Some(SHA));
    assert_eq!(found.branch.as_deref(), Some("main"));
    assert_eq!(found.origin_url.as_deref(), Some("https://h/x?token=redacted"));

    // A detached head, and hashes of SHA-256.
    let long = "ab".repeat(32);
    fs::write(dir.path().join(".git/HEAD"), &long).unwrap();
    let found = info(dir.path()).unwrap();
    assert_eq!((found.sha, found.branch), (Some(long), None));
}

#[test]
fn packed_and_symbolic_refs_are_followed() {
    let dir = plain_repository();
    let git = dir.path().join(".git");
    fs::write(git.join("refs/heads/main"), "ref: refs/heads/other\n").unwrap();
    let noise = "x".repeat(100_000);
    fs::write(
        git.join("packed-refs"),
        format!(
            "# pack-refs with: peeled\n{noise}\n{SHA} refs/heads/another\n^{SHA}\n{SHA} refs/heads/other\n"
        ),
    )
    .unwrap();
    assert_eq!(info(dir.path()).unwrap().sha.as_deref(), Some(SHA));
    // A circle ends.
    fs::write(git.join("refs/heads/main"), "ref: refs/heads/main").unwrap();
    assert_eq!(info(dir.path()), None);
}

#[test]
fn head_and_refs_show_no_other_files() {
    let dir = plain_repository();
    let git = dir.path().join(".git");
    let secret = dir.path().join("secret");
    fs::write(&secret, SHA.replace('0', "f")).unwrap();
    let named = secret.to_str().unwrap();
    for head in [
        format!("ref: {named}"),
        "ref: refs/../../secret".into(),
        "ref: refs/heads/../../../secret".into(),
        "password: hunter2".into(),
        "ref: refs/heads/.invalid".into(),
        String::new(),
    ] {
        fs::write(git.join("HEAD"), &head).unwrap();
        let head_of = Repository::around(dir.path()).map(|repository| repository.head().branch);
        assert_eq!((info(dir.path()), head_of), (None, Some(None)), "{head}");
    }
    fs::write(git.join("HEAD"), "ref: refs/heads/main").unwrap();
    for text in ["not a hash", &format!("{SHA}\n{SHA}"), &format!("ref: {named}")] {
        fs::write(git.join("refs/heads/main"), text).unwrap();
        assert_eq!(info(dir.path()), None, "{text}");
    }
    fs::remove_file(git.join("refs/heads/main")).unwrap();
    symlink(&secret, git.join("refs/heads/main")).unwrap();
    assert_eq!(info(dir.path()), None, "a link out of the git folder");
    fs::remove_file(git.join("refs/heads/main")).unwrap();
    fs::write(git.join("refs/heads/main"), SHA).unwrap();
    fs::remove_file(git.join("config")).unwrap();
    symlink("/proc/self/environ", git.join("config")).unwrap();
    assert_eq!(info(dir.path()).unwrap().origin_url, None);
}

#[test]
fn pipes_devices_and_endless_files_cost_only_what_they_would_have_said() {
    for name in [
        "HEAD",
        "config",
        "refs/heads/main",
        "packed-refs",
        "index",
        "commondir",
    ] {
        for endless in [false, true] {
            let dir = plain_repository();
            let path = dir.path().join(".git").join(name);
            let _ = fs::remove_file(&path);
            if endless {
                symlink("/dev/zero", &path).unwrap();
            } else {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            }
            let told = look(&BTreeSet::from([dir.path().to_owned()]));
            assert!(told.workspaces.len() <= 1, "{name}");
            info(dir.path());
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let dot_git = dir.path().join(".git");
    assert!(Command::new("mkfifo").arg(&dot_git).status().unwrap().success());
    assert!(!is_marker(&dot_git));
    fs::remove_file(&dot_git).unwrap();
    symlink("/dev/zero", &dot_git).unwrap();
    assert!(!is_marker(&dot_git));
}

#[test]
fn worktrees_and_submodules_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let main = dir.path().join("main");
    fs::create_dir(&main).unwrap();
    run(&main, &["init"]);
    run(&main, &["commit", "--allow-empty", "-m", "one"]);
    run(&main, &["worktree", "add", "-b", "side", "../other"]);
    let told = info(&dir.path().join("other")).unwrap();
    assert_eq!(told.branch.as_deref(), Some("side"));
    assert_eq!(told.sha, info(&main).unwrap().sha);
    assert!(told.sha.is_some());

    let above = dir.path().join("above");
    fs::create_dir(&above).unwrap();
    run(&above, &["init"]);
    run(&above, &["submodule", "add", main.to_str().unwrap(), "sub"]);
    assert!(above.join("sub/.git").is_file());
    assert_eq!(info(&above.join("sub")).unwrap().sha, told.sha);
    let real = main.canonicalize().unwrap();
    assert_eq!(main_work_tree(&dir.path().join("other")), Some(real));
    assert_eq!(main_work_tree(&above.join("sub")), None);
    assert_eq!(main_work_tree(&main), None);
}

#[test]
fn a_folder_is_no_worktree_of_a_repository_that_does_not_know_it() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    let (main, side, fake) = (top.join("main"), top.join("side"), top.join("fake"));
    fs::create_dir(&main).unwrap();
    run(&main, &["init"]);
    run(&main, &["commit", "--allow-empty", "-m", "one"]);
    run(&main, &["worktree", "add", "-b", "side", "../side"]);
    assert_eq!(main_work_tree(&side), Some(main.clone()));
    let own = fake.join("own/worktrees/side");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("HEAD"), "ref: refs/heads/side").unwrap();
    fs::write(own.join("gitdir"), fake.join(".git").to_str().unwrap()).unwrap();
    fs::write(own.join("commondir"), main.join(".git").to_str().unwrap()).unwrap();
    let git_folders = [main.join(".git/worktrees/side"), main.join(".git"), own.clone()];
    for git_folder in git_folders {
        fs::write(fake.join(".git"), format!("gitdir: {}", git_folder.display())).unwrap();
        assert_eq!(main_work_tree(&fake), None, "{}", git_folder.display());
    }
    fs::remove_file(fake.join(".git")).unwrap();
    symlink(side.join(".git"), fake.join(".git")).unwrap();
    assert_eq!(main_work_tree(&fake), None, "a link");
}

#[test]
fn another_repository_is_not_shown_as_the_folders_own() {
    let other = plain_repository();
    let others = other.path().join(".git");
    let dir = tempfile::tempdir().unwrap();
    let dot_git = dir.path().join(".git");
    fs::write(&dot_git, format!("gitdir: {}\n", others.display())).unwrap();
    assert_eq!(info(dir.path()), None, "a file that names it");
    fs::remove_file(&dot_git).unwrap();
    symlink(&others, &dot_git).unwrap();
    assert_eq!(info(dir.path()), None, "a link");
    fs::remove_file(&dot_git).unwrap();
    fs::create_dir(&dot_git).unwrap();
    fs::write(dot_git.join("HEAD"), "ref: refs/heads/main").unwrap();
    fs::write(dot_git.join("commondir"), others.to_str().unwrap()).unwrap();
    assert_eq!(info(dir.path()), None, "a common folder");
}

#[test]
fn a_broken_index_tells_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    run(root, &["init"]);
    for n in 0..20 {
        fs::write(root.join(format!("file-{n}")), "x").unwrap();
    }
    run(root, &["add", "."]);
    for version in ["2", "3", "4"] {
        run(root, &["update-index", "--index-version", version]);
        let whole = fs::read(root.join(".git/index")).unwrap();
        assert_eq!(
            Repository::around(root).unwrap().has_changes(),
            None,
            "nothing changed"
        );
        for length in (0..whole.len()).step_by(7) {
            fs::write(root.join(".git/index"), &whole[..length]).unwrap();
            assert_ne!(
                Repository::around(root).unwrap().has_changes(),
                Some(true),
                "{length}"
            );
        }
        fs::write(root.join(".git/index"), &whole).unwrap();
        fs::write(root.join("file-19"), "other").unwrap();
        assert_eq!(
            Repository::around(root).unwrap().has_changes(),
            Some(true),
            "{version}"
        );
        fs::write(root.join("file-19"), "x").unwrap();
    }
}

#[test]
fn huge_and_strange_remotes_are_left_out() {
    let dir = plain_repository();
    let mut config: String = (0..1000).fold(String::new(), |text, n| {
        text + &format!("[remote \"a{n}\"]\nurl = https://h/{n}\n")
    });
    config.push_str("[remote \"long\"]\nurl = https://h/");
    config.push_str(&"x".repeat(5000));
    config.push('\n');
    config += "[remote \"origin\"]\nurl = \"https://h/\\n\\tx\"\n";
    fs::write(dir.path().join(".git/config"), config).unwrap();
    let remotes = Repository::around(dir.path()).unwrap().remotes();
    assert_eq!(remotes["origin"], "https://h/x");
    assert!(remotes.len() < 20);
    assert!(!remotes.contains_key("long"));
}

fn of(root: &Path) -> RepositoryContext {
    // Without the limit of turns: the machine may be busy.
    let until = std::time::Instant::now() + Duration::from_secs(20);
    RepositoryContext::known_by(&Repository::around(root).unwrap(), until)
}

#[test]
fn branches_are_compared_as_git_does_loose_and_packed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let commit = |words: &str| run(root, &["commit", "--allow-empty", "-m", words]);
    run(root, &["init"]);
    commit("One");
    run(root, &["branch", "theirs"]);
    run(root, &["checkout", "-b", "side"]);
    commit("Side");
    run(root, &["checkout", "main"]);
    commit("Two");
    run(
        root,
        &[
            "merge",
            "--no-ff",
            "-m",
            "Merge the side\n\nand more words",
            "side",
        ],
    );
    run(root, &["checkout", "theirs"]);
    commit("Theirs");
    run(root, &["merge", "-m", "Take the side", "side"]);
    run(root, &["checkout", "main"]);
    run(root, &["config", "branch.main.remote", "."]);
    run(root, &["config", "branch.main.merge", "refs/heads/theirs"]);
    let counted = Command::new("git")
        .args(["rev-list", "--left-right", "--count", "main...theirs"])
        .current_dir(root)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&counted.stdout).trim(), "2\t2");
    for _ in 0..2 {
        let told = of(root);
        assert_eq!(told.branch.as_deref(), Some("main"));
        assert_eq!(told.subject.as_deref(), Some("Merge the side"));
        let upstream = told.upstream.unwrap();
        assert_eq!(
            (upstream.name.as_str(), upstream.ahead_behind),
            ("theirs", Some((2, 2)))
        );
        // Now without loose objects.
        run(root, &["gc"]);
        assert!(!root.join(".git/refs/heads/main").exists());
    }
}

#[test]
fn damaged_objects_and_packs_cost_what_they_would_have_said() {
    let dir = plain_repository();
    let git = dir.path().join(".git");
    fs::create_dir_all(git.join("objects/01")).unwrap();
    fs::create_dir_all(git.join("objects/pack")).unwrap();
    let object = git.join("objects/01").join(&SHA[2..]);
    let index = git.join("objects/pack/pack-1.idx");
    fs::write(git.join("objects/pack/pack-1.pack"), [0x95; 64]).unwrap();
    let mut good_index = b"\xfftOc\0\0\0\x02".to_vec();
    good_index.extend([0; 4]);
    good_index.extend([0, 0, 0, 1].repeat(255));
    for bytes in [
        Vec::new(),
        vec![0x78],
        b"x\x9cnonsense".to_vec(),
        vec![0xff; 4096],
    ] {
        fs::write(&object, &bytes).unwrap();
        let mut cut = good_index.clone();
        cut.extend(&bytes);
        for index_bytes in [bytes.clone(), cut] {
            fs::write(&index, index_bytes).unwrap();
            let told = of(dir.path());
            assert_eq!((told.commit.as_deref(), told.subject), (Some(SHA), None));
        }
    }
}

#[test]
fn words_of_a_repository_are_one_short_line() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    run(root, &["init"]);
    let words = format!("\u{1b}[31mred\u{7}\t{}", "x".repeat(500));
    run(root, &["commit", "--allow-empty", "-m", &words]);
    let subject = of(root).subject.unwrap();
    assert!(
        subject.starts_with("[31mred x") && subject.ends_with("x…"),
        "{subject}"
    );
    assert_eq!(subject.chars().count(), 121);
}
