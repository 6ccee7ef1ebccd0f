//! What a root holds, as it was found.

use std::path::Path;
use std::sync::Arc;

use super::{Skill, SkillProblem};

/// Problems that are told of a root.
pub(super) const MAX_PROBLEMS: usize = 200;

/// What a root holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RootListing {
    /// By name and path.
    pub(super) skills: Vec<Arc<Skill>>,
    /// By path; at most [`MAX_PROBLEMS`].
    pub(super) problems: Vec<SkillProblem>,
}

impl RootListing {
    /// Of a root that can't be searched.
    pub(super) fn failed(root: &Path, message: String) -> Self {
        Self {
            problems: vec![SkillProblem {
                path: root.to_owned(),
                message,
            }],
            ..Self::default()
        }
    }

    /// Adds what was found elsewhere below the root.
    pub(super) fn add(&mut self, more: Self) {
        self.skills.extend(more.skills);
        self.problems.extend(more.problems);
    }

    /// Tells of a problem, unless they are too many.
    pub(super) fn problem(&mut self, path: &Path, message: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(SkillProblem {
                path: path.to_owned(),
                message,
            });
        }
    }

    /// Everything has been added.
    pub(super) fn finish(mut self) -> Self {
        self.skills
            .sort_unstable_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        self.problems.sort_by(|a, b| a.path.cmp(&b.path));
        self.problems.truncate(MAX_PROBLEMS);
        self
    }
}
