//! Every method of the table is named by a test.

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
