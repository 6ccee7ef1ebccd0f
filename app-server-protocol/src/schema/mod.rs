//! METHODS → what clients build on: JSON Schema, TypeScript and OpenRPC.
//!
//! The stable surface leaves out every method, member and variant that is marked experimental. What is checked in
//! under `schema/` is the stable surface; the output does not depend on anything but the types.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

mod definitions;
mod experimental;
mod json;
mod openrpc;
mod reference;
mod surface;
mod typescript;

pub use definitions::Definitions;
pub use openrpc::RELEASE;
pub use reference::Reference;

/// Files by relative path (with `/`), each with its text.
pub type Files = BTreeMap<String, String>;

/// JSON Schema (draft 7), with the file names of the contract release: one file per message type, one per kind of
/// message (`ClientRequest.json`, …), and two bundles of everything.
pub fn json_files(definitions: &Definitions, experimental: bool) -> Files {
    json::files(&surface::Surface::read(definitions, experimental))
}

/// TypeScript, one file per type. Import from `index.ts`; types of single methods are under `v2`.
pub fn typescript_files(definitions: &Definitions, experimental: bool) -> Files {
    typescript::files(&surface::Surface::write(definitions, experimental))
}

/// An OpenRPC 1.3 document. Methods are those of the server; what the server sends is in `x-server-requests` and
/// `x-server-notifications`.
pub fn openrpc(definitions: &Definitions, experimental: bool) -> String {
    openrpc::document(&surface::Surface::read(definitions, experimental))
}

/// What of the methods' parameters only clients with `experimentalApi` may use, as the server looks it up.
pub fn experimental(definitions: &Definitions) -> String {
    experimental::rules_file(definitions)
}

/// Writes [`json_files`] into a folder, which is made if need be. Other files there stay.
pub fn write_json(folder: &Path, experimental: bool) -> io::Result<()> {
    write(folder, &json_files(&Definitions::embedded(), experimental))
}

/// Writes [`typescript_files`] into a folder, which is made if need be. Other files there stay.
pub fn write_typescript(folder: &Path, experimental: bool) -> io::Result<()> {
    write(folder, &typescript_files(&Definitions::embedded(), experimental))
}

/// Writes files into a folder, which is made if need be. Other files there stay.
pub fn write(folder: &Path, files: &Files) -> io::Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// JSON as files hold it: keys in order, two blanks of indent, a line end.
fn pretty(mut value: serde_json::Value) -> String {
    value.sort_all_objects();
    format!("{value:#}\n")
}
