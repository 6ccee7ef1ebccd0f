//! Every link in the documents, and every place in the code that names a document, leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Component, Path, PathBuf};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

fn repository() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Rust and Markdown files.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                sources(&path, found)?;
            }
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "md") {
            found.push(path);
        }
    }
    Ok(())
}

/// What code says of documents: `docs/….md`, with or without an anchor.
fn citations(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '#');
    text.match_indices("docs/")
        .filter(|(at, _)| !text[..*at].ends_with(is_part))
        .map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            rest[..end].trim_end_matches('.').to_owned()
        })
        .filter(|citation| citation.contains(".md"))
        .collect()
}

/// Targets of Markdown links that stay within the repository.
fn links(text: &str) -> Vec<String> {
    outside_of_code(text)
        .flat_map(|line| {
            line.split("](")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
                .collect::<Vec<_>>()
        })
        .filter(|target| !target.contains("://"))
        .collect()
}

fn outside_of_code(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// Anchors of a Markdown file, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in outside_of_code(text) {
        let given = line
            .split("<a id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        anchors.extend(given.map(str::to_owned));
        if let Some(heading) = line.strip_prefix('#') {
            let slug: String = heading
                .trim_start_matches('#')
                .trim()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
                .collect();
            let count = seen.entry(slug.clone()).or_default();
            anchors.insert(if *count == 0 {
                slug
            } else {
                format!("{slug}-{count}")
            });
            *count += 1;
        }
    }
    anchors
}

/// `a/b/../c` as `a/c`.
fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut clean, part| {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            part => clean.push(part),
        }
        clean
    })
}

/// Why a target that is named in a file leads nowhere.
fn dead(folder: &Path, file: &Path, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() {
        file.to_path_buf()
    } else {
        without_dots(&folder.join(path))
    };
    if !path.exists() {
        return Some("there is no such file".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let text = std::fs::read_to_string(&path).ok()?;
    (!anchors(&text).contains(anchor)).then(|| "there is no such heading".to_owned())
}

#[test]
fn no_link_and_no_citation_is_dead() -> Result<(), Box<dyn Error>> {
    let root = repository();
    let mut files = Vec::new();
    sources(&root, &mut files)?;
    let mut all_dead = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        let folder = file.parent().unwrap_or(&root);
        let mut targets: Vec<_> = citations(&text)
            .into_iter()
            .map(|target| (&*root, target))
            .collect();
        if file.extension().is_some_and(|kind| kind == "md") {
            targets.extend(links(&text).into_iter().map(|target| (folder, target)));
        }
        for (from, target) in targets {
            if let Some(why) = dead(from, file, &target) {
                let file = file.strip_prefix(&root).unwrap_or(file);
                all_dead.push(format!("{}: {target}: {why}", file.display()));
            }
        }
    }
    assert!(all_dead.is_empty(), "{}", all_dead.join("\n"));
    assert!(files.len() > 100, "the files of the repository were not found");
    Ok(())
}

#[test]
fn dead_ones_are_found() {
    let text = "# A b\n## `C/d`: e!\n## A b\n```\n# code\n```\n| <a id=\"d1\"></a>1 |";
    let found: Vec<_> = anchors(text).into_iter().collect();
    assert_eq!(found, ["a-b", "a-b-1", "cd-e", "d1"]);
    let code = ["/// see (", "docs", "/x.md#y). And ", "docs", "/z.md."].concat();
    let cited: Vec<_> = ["/x.md#y", "/z.md"].map(|rest| format!("docs{rest}")).into();
    assert_eq!(citations(&code), cited);
    assert_eq!(links("[a](b.md#c) [d](https://e) [f](#g)"), ["b.md#c", "#g"]);
    let here = Path::new(file!());
    assert!(dead(&repository(), here, "README.md#no-such-heading").is_some());
    assert!(dead(&repository(), here, "NO.md").is_some());
    assert!(dead(&repository(), here, "README.md").is_none());
}
