//! What a reviewer of changes is told, and what the thread's own model is told of the review.

use crate::ReviewTarget;

/// Base instructions of a reviewer.
pub(crate) const REVIEWER: &str = include_str!("review.md");

/// What the user reads in the place of an answer if the review was stopped or failed.
pub(crate) const REVIEW_INTERRUPTED: &str =
    "The review ended before it had a result. Start it again and let it run to its end.";

/// What a reviewer is asked to do. `merge_base`: where the present branch parted with that of the target, if that is known.
pub(crate) fn review_request(target: &ReviewTarget, merge_base: Option<&str>) -> String {
    match target {
        ReviewTarget::UncommittedChanges => "Review the changes in the working tree that are not committed: staged \
            (`git diff --cached`), unstaged (`git diff`), and files that git does not track yet (`git status --short \
            --untracked-files=all` lists them). Report your findings by priority."
            .into(),
        ReviewTarget::BaseBranch { branch } => {
            let how = match merge_base {
                Some(commit) => format!("The two parted at the commit {commit}: look at `git diff {commit}`."),
                None => format!(
                    "Find where the two parted with `git merge-base HEAD {name}`; if the branch follows a remote one, \
                     prefer that one's state: `git rev-parse --abbrev-ref {upstream}` names it. Then look at `git diff` \
                     against that commit.",
                    name = quoted(branch),
                    upstream = quoted(&format!("{branch}@{{upstream}}")),
                ),
            };
            format!(
                "Review what the current branch would bring into the branch `{branch}`. {how} Report your findings by \
                 priority."
            )
        }
        ReviewTarget::Commit { sha, title } => {
            let title = title.as_ref().map_or_else(String::new, |title| format!(" (\"{title}\")"));
            format!(
                "Review what the commit {sha}{title} changes; `git show {}` shows it. Report your findings by priority.",
                quoted(sha)
            )
        }
        ReviewTarget::Custom { instructions } => instructions.clone(),
    }
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| "''".into(), std::borrow::Cow::into_owned)
}

/// What the thread's model is told of a review. `None`: it had no result.
pub(crate) fn review_action(review: Option<&str>) -> String {
    let (context, results) = match review {
        Some(review) => (
            "The user had a reviewer look at changes. Its whole answer follows; the user may ask you to act on some or \
             all of it.",
            review,
        ),
        None => (
            "The user started a review of changes, which ended before it had a result. If they ask about it, tell them \
             to start it again.",
            "None.",
        ),
    };
    format!(
        "<user_action>\n  <context>{context}</context>\n  <action>review</action>\n  <results>\n  {results}\n  \
         </results>\n</user_action>"
    )
}
