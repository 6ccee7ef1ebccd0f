//! Every method of the table is named by a test, and protocol, handler and test of a family share one name.

use std::collections::HashSet;
use std::path::Path;

use codex_app_server_protocol::methods::METHODS;

/// Adds the string literals of the Rust files below a folder that may be names of methods.
fn literals(folder: &Path, found: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            literals(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let is_name = |part: &&str| part.chars().all(|c| c.is_ascii_alphabetic() || "/_".contains(c));
                found.extend(line.split('"').filter(is_name).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_method_of_the_table_is_named_by_a_test() {
    let mut named = HashSet::new();
    literals(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/e2e"),
        &mut named,
    );
    let untested: Vec<_> = METHODS
        .iter()
        .map(|info| info.method)
        .filter(|method| !named.contains(*method))
        .collect();
    assert!(untested.is_empty(), "no test names {untested:#?}");
    assert!(METHODS.len() > 90 && !named.contains("no such method"));
}

#[test]
fn protocol_handler_and_test_of_a_family_share_one_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut families = 0;
    for entry in std::fs::read_dir(root.join("app-server-protocol/src")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if !text.lines().any(|line| line.starts_with("    client ")) {
            continue;
        }
        families += 1;
        let family = path.file_stem().unwrap().to_str().unwrap();
        let places = [
            format!("tests/e2e/{family}.rs"),
            format!("app-server/src/handlers/{family}.rs"),
        ];
        for place in places {
            assert!(root.join(&place).is_file(), "{place} does not exist");
        }
    }
    assert!(families > 15, "the families were not found");
}
