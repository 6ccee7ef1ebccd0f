//! What is checked in under `schema/` is what the types say.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use codex_app_server_protocol::schema::{self, Definitions, Files, Reference};

const RENEW: &str = "UPDATE_SCHEMA=1 cargo test --workspace --test all fresh";

fn expected() -> Files {
    let definitions = Definitions::of_types();
    let mut files = Files::from([
        ("definitions.json".to_owned(), definitions.to_text()),
        ("openrpc.json".to_owned(), schema::openrpc(&definitions, false)),
        ("experimental.json".to_owned(), schema::experimental(&definitions)),
    ]);
    for (folder, part) in [
        ("json", schema::json_files(&definitions, false)),
        ("typescript", schema::typescript_files(&definitions, false)),
    ] {
        files.extend(
            part.into_iter()
                .map(|(name, text)| (format!("{folder}/{name}"), text)),
        );
    }
    files
}

fn found(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            found(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.insert(name);
        }
    }
    Ok(())
}

#[test]
fn what_programs_carry_is_what_the_types_say() {
    assert!(Definitions::embedded() == Definitions::of_types(), "{RENEW}");
}

#[test]
fn the_protocol_document_is_fresh() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let reference = Reference::read(&root.join("reference"))?;
    let mistakes = reference.mistakes();
    assert!(
        mistakes.is_empty(),
        "app-server-protocol/reference: {mistakes:#?}"
    );
    let path = root.join("../docs/protocol.md");
    let expected = reference.document(&Definitions::of_types());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        return Ok(std::fs::write(path, expected)?);
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/protocol.md is stale, renew it with `{RENEW}`"
    );
    Ok(())
}

#[test]
fn schema_is_fresh() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema");
    let expected = expected();
    std::fs::create_dir_all(&folder)?;
    let mut names = BTreeSet::new();
    found(&folder, "", &mut names)?;
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        for name in names.iter().filter(|name| !expected.contains_key(*name)) {
            std::fs::remove_file(folder.join(name))?;
        }
        return Ok(schema::write(&folder, &expected)?);
    }
    let mut stale: Vec<_> = names
        .iter()
        .filter(|name| !expected.contains_key(*name))
        .collect();
    for (name, text) in &expected {
        if std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "schema/ is stale, renew it with `{RENEW}`: {stale:?}"
    );
    Ok(())
}
