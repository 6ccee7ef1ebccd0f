//! What is wrong with files of rules.

use std::path::PathBuf;
use std::sync::Arc;

use super::store::HomeRules;
use crate::external_file::{READ_TIMEOUT, in_background};

/// What is wrong with a file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesProblem {
    /// The file, or the folder.
    pub path: PathBuf,
    /// The line, from 1, where there is one to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for RulesProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path.display(), self.message),
            None => write!(f, "{}: {}", self.path.display(), self.message),
        }
    }
}

/// Reads the rules of a home, off the calling thread and within [`READ_TIMEOUT`], and tells what is wrong with them.
pub(crate) async fn report(rules: &Arc<HomeRules>) -> Vec<RulesProblem> {
    let reading = Arc::clone(rules);
    let read = move || {
        reading.refresh();
        reading.problems()
    };
    match in_background(READ_TIMEOUT, read).await {
        Ok(problems) => problems,
        Err(error) => vec![RulesProblem {
            path: rules.folder(),
            line: None,
            message: error.to_string(),
        }],
    }
}
