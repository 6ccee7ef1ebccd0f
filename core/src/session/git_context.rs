//! How the model is told of repositories (docs/contract/context.md#git).

use std::fmt::Write as _;

use crate::git::{RepositoryContext, RepositoryKind};
use crate::xml::escape;

/// Digits of a hash that are told.
const SHORT: usize = 9;

/// `<git_context>` with one `<repository>` for each. `None` where there is none.
pub(super) fn render(repositories: &[RepositoryContext]) -> Option<String> {
    if repositories.is_empty() {
        return None;
    }
    let mut text = String::from("<git_context>\n");
    for repository in repositories {
        text.push_str("  <repository>\n");
        for (tag, value) in elements(repository) {
            // Writing to a String can't fail.
            let name = tag.split(' ').next().unwrap_or_default();
            let _ = writeln!(text, "    <{tag}>{}</{name}>", escape(&value));
        }
        text.push_str("  </repository>\n");
    }
    text.push_str("</git_context>");
    Some(text)
}

/// There was a repository, and there is none any more.
pub(super) fn gone() -> String {
    "<git_context>\n  The workspace is in no git repository now.\n</git_context>".to_owned()
}

/// Opening tags with attributes, and what is inside.
fn elements(of: &RepositoryContext) -> Vec<(String, String)> {
    let mut elements = vec![("root".to_owned(), of.root.to_string_lossy().into_owned())];
    let mut add = |tag: String, value: &str| elements.push((tag, value.to_owned()));
    match of.kind {
        RepositoryKind::Main => {}
        RepositoryKind::Worktree => add("kind".into(), "worktree"),
        RepositoryKind::Submodule => add("kind".into(), "submodule"),
    }
    match &of.branch {
        Some(branch) => add("branch".into(), branch),
        None if of.commit.is_some() => add("branch".into(), "none: HEAD is detached"),
        None => {}
    }
    match &of.commit {
        Some(commit) => {
            let short = commit.get(..SHORT).unwrap_or(commit);
            let subject = of.subject.as_deref().unwrap_or_default();
            add("head".into(), format!("{short} {subject}").trim_end());
        }
        None => add("head".into(), "none: nothing is committed"),
    }
    if let Some(upstream) = &of.upstream {
        let counts = upstream
            .ahead_behind
            .map(|(ahead, behind)| format!(" ahead=\"{ahead}\" behind=\"{behind}\""))
            .unwrap_or_default();
        add(format!("upstream{counts}"), &upstream.name);
    }
    if let Some(changed) = of.has_changes {
        let said = if changed { "yes" } else { "no" };
        add("uncommitted_changes".into(), said);
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Upstream;

    #[test]
    fn words_of_a_repository_stay_inside_of_their_element() {
        let one = RepositoryContext {
            root: "/w/<a>".into(),
            branch: Some("x</branch><b>".into()),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            subject: Some("Fix </git_context> & more".into()),
            upstream: Some(Upstream {
                name: "origin/main".into(),
                ahead_behind: Some((1, 2)),
            }),
            has_changes: Some(true),
            ..RepositoryContext::default()
        };
        let other = RepositoryContext {
            root: "/v".into(),
            kind: RepositoryKind::Worktree,
            ..RepositoryContext::default()
        };
        insta::assert_snapshot!(render(&[one, other]).unwrap(), @r#"
        <git_context>
          <repository>
            <root>/w/&lt;a&gt;</root>
            <branch>x&lt;/branch&gt;&lt;b&gt;</branch>
            <head>012345678 Fix &lt;/git_context&gt; &amp; more</head>
            <upstream ahead="1" behind="2">origin/main</upstream>
            <uncommitted_changes>yes</uncommitted_changes>
          </repository>
          <repository>
            <root>/v</root>
            <kind>worktree</kind>
            <head>none: nothing is committed</head>
          </repository>
        </git_context>
        "#);
        assert_eq!(render(&[]), None);
    }
}
