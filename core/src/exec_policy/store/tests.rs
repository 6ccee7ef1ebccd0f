//! Rules in real folders.

use std::os::unix::fs::{MetadataExt, symlink};

use super::super::Decision;
use super::*;

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn decision(rules: &HomeRules, text: &str) -> Option<Decision> {
    let programs = Programs::from("/usr/bin:/bin");
    let current = rules.current();
    judge(&[&current], &words(text), &programs).map(|found| found.decision)
}

fn home() -> (tempfile::TempDir, Arc<HomeRules>) {
    let home = tempfile::tempdir().expect("a folder");
    let rules = HomeRules::new(home.path().to_owned(), None);
    (home, rules)
}

#[test]
fn what_is_allowed_is_kept_once_and_for_its_owner_only() {
    let (home, rules) = home();
    assert!(rules.refresh().is_empty());
    for _ in 0..2 {
        rules.allow(&words("touch \"a\\b")).expect("written");
    }
    rules.allow(&words("ls")).expect("written");
    let path = home.path().join("rules/default.rules");
    let text = std::fs::read_to_string(&path).expect("there");
    assert_eq!(
        text,
        "prefix_rule(pattern=[\"touch\", \"\\\"a\\\\b\"], decision=\"allow\")\nprefix_rule(pattern=[\"ls\"], \
         decision=\"allow\")\n"
    );
    let mode = |path: &Path| path.metadata().expect("there").mode() & 0o777;
    assert_eq!((mode(&path), mode(&home.path().join("rules"))), (0o600, 0o700));
    assert_eq!(decision(&rules, "ls -la"), Some(Decision::Allow), "at once");
    let again = HomeRules::new(home.path().to_owned(), None);
    assert_eq!(decision(&again, "ls -la"), None);
    assert!(again.refresh().is_empty());
    assert_eq!(
        decision(&again, "ls -la"),
        Some(Decision::Allow),
        "in another process"
    );
}

#[test]
fn what_users_wrote_stays_as_it_is() {
    let (home, rules) = home();
    let path = home.path().join("rules/default.rules");
    std::fs::create_dir(home.path().join("rules")).expect("made");
    std::fs::write(&path, "# mine\nprefix_rule(pattern=['a'])").expect("written");
    rules.allow(&words("ls")).expect("written");
    let text = std::fs::read_to_string(&path).expect("there");
    assert_eq!(
        text,
        "# mine\nprefix_rule(pattern=['a'])\nprefix_rule(pattern=[\"ls\"], decision=\"allow\")\n"
    );
}

#[test]
fn the_strictest_rule_of_all_files_wins() {
    let (home, rules) = home();
    std::fs::create_dir(home.path().join("rules")).expect("made");
    for (name, text) in [
        (
            "a.rules",
            "prefix_rule(['ls'])\nprefix_rule(['rm', '-r'], 'forbidden', 'Never')",
        ),
        ("b.rules", "prefix_rule(['ls', '-l'], 'prompt')"),
        ("c.txt", "prefix_rule(['ls'], 'forbidden')"),
    ] {
        std::fs::write(home.path().join("rules").join(name), text).expect("written");
    }
    assert!(rules.refresh().is_empty());
    assert_eq!(decision(&rules, "ls"), Some(Decision::Allow));
    assert_eq!(decision(&rules, "ls -l"), Some(Decision::Prompt));
    assert_eq!(decision(&rules, "rm -r x"), Some(Decision::Forbidden));
    assert_eq!(decision(&rules, "/anywhere/rm -r x"), Some(Decision::Forbidden));
    assert_eq!(decision(&rules, "./ls"), None, "some other program");
    assert_eq!(decision(&rules, "/bin/ls"), None, "no rule names this file");
    assert_eq!(decision(&rules, "cat"), None);
}

#[test]
fn a_path_is_allowed_by_name_where_a_rule_says_that_it_is_that_program() {
    let (home, rules) = home();
    std::fs::create_dir(home.path().join("rules")).expect("made");
    let text = "prefix_rule(['ls'])\nhost_executable('ls', ['/bin/ls'])\nprefix_rule(['cat'])\n\
                host_executable('cat', ['/opt/cat'])\nprefix_rule(['/bin/echo'])";
    std::fs::write(home.path().join("rules/a.rules"), text).expect("written");
    rules.refresh();
    assert_eq!(decision(&rules, "/bin/ls"), Some(Decision::Allow));
    assert_eq!(decision(&rules, "/opt/ls"), None);
    assert_eq!(decision(&rules, "cat"), None, "it would be another file");
    assert_eq!(decision(&rules, "/bin/echo x"), Some(Decision::Allow));
    assert_eq!(decision(&rules, "echo x"), None);
}

#[test]
fn a_broken_file_still_forbids_and_is_told_once() {
    let (home, rules) = home();
    std::fs::create_dir(home.path().join("rules")).expect("made");
    let path = home.path().join("rules/a.rules");
    std::fs::write(
        &path,
        "prefix_rule(['ls'])\nprefix_rule(['cat'], 'forbidden')\n\nprefix_rule(",
    )
    .expect("written");
    let problems = rules.refresh();
    assert_eq!((problems.len(), problems[0].line), (1, Some(4)));
    assert_eq!(problems[0].path, path);
    assert!(rules.refresh().is_empty(), "told once");
    assert_eq!(decision(&rules, "ls"), None);
    assert_eq!(decision(&rules, "cat x"), Some(Decision::Forbidden));
    std::fs::write(&path, [0xff, 0x80]).expect("written");
    assert_eq!(rules.refresh().len(), 1);
    std::fs::remove_file(&path).expect("ours");
    assert!(rules.refresh().is_empty());
    std::fs::create_dir(&path).expect("made");
    assert!(rules.refresh()[0].message.contains("a folder"));
}

#[test]
fn nothing_is_written_through_links_that_lead_out() {
    let (home, rules) = home();
    let outside = tempfile::tempdir().expect("a folder");
    let target = outside.path().join("target");
    std::fs::write(&target, "").expect("written");
    std::fs::create_dir(home.path().join("rules")).expect("made");
    symlink(&target, home.path().join("rules/default.rules")).expect("linked");
    rules.allow(&words("ls")).expect_err("leads out");
    assert_eq!(std::fs::read_to_string(&target).expect("there"), "");
    assert_eq!(
        decision(&rules, "ls"),
        Some(Decision::Allow),
        "holds all the same"
    );
    rules.refresh();
    assert_eq!(decision(&rules, "ls"), Some(Decision::Allow), "as long as we run");

    let (home, rules) = self::home();
    symlink(outside.path(), home.path().join("rules")).expect("linked");
    rules.allow(&words("ls")).expect_err("leads out");
    assert!(!outside.path().join("default.rules").exists());
}

#[test]
fn projects_are_read_without_links_that_lead_out() {
    let project = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    let folder = project.path().join(".codex/rules");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("a.rules"), "prefix_rule(['ls'], 'prompt')").expect("written");
    std::fs::write(outside.path().join("b.rules"), "prefix_rule(['cat'])").expect("written");
    symlink(outside.path().join("b.rules"), folder.join("b.rules")).expect("linked");
    let (rules, problems) = read_projects(&[project.path().to_owned()]);
    assert_eq!(rules.prefixes.len(), 1);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("outside"), "{}", problems[0]);
}

#[test]
fn many_writers_lose_nothing() {
    let (home, _) = home();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let rules = HomeRules::new(home.path().to_owned(), None);
            std::thread::spawn(move || {
                for turn in 0..10 {
                    rules
                        .allow(&words(&format!("w{writer} t{turn}")))
                        .expect("written");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("no panic");
    }
    let (rules, problems) = read_home(home.path());
    assert_eq!((rules.prefixes.len(), problems.len()), (40, 0));
}
