//! Answers to questions whether something may be done.

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalDecision {
    /// This time.
    Accept,
    /// Whenever it is the same command, or the same files, in this thread.
    AcceptForSession,
    /// And always what starts with these words.
    AcceptWithRule(Vec<String>),
    /// Not this one; the turn goes on.
    Decline,
    /// Not this one, and stop the turn.
    Cancel,
    /// Nobody could answer; counts as declined.
    Failed,
}

impl ApprovalDecision {
    /// Whether what was asked for may be done.
    pub(crate) fn allows(&self) -> bool {
        match self {
            Self::Accept | Self::AcceptForSession => true,
            Self::AcceptWithRule(words) => Self::is_rule(words),
            Self::Decline | Self::Cancel | Self::Failed => false,
        }
    }

    /// Whether these words may be a rule: one without words would allow everything.
    pub(crate) fn is_rule(words: &[String]) -> bool {
        words.first().is_some_and(|first| !first.is_empty())
    }
}
