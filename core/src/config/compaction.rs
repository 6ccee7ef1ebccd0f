//! When histories are summed up (docs/contract/context.md#compaction).

use serde::{Deserialize, Serialize};

use super::schema::ConfigToml;

/// When histories are summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactionConfig {
    /// At so many tokens, unless the model's limit holds.
    pub token_limit: Option<i64>,
    /// Which tokens count for that.
    pub scope: CompactionScope,
    /// At the end of a turn, from this part of the window on.
    pub after_turn: Option<Percent>,
}

impl CompactionConfig {
    pub(super) fn new(toml: &ConfigToml) -> Self {
        Self {
            token_limit: toml.model_auto_compact_token_limit,
            scope: toml.model_auto_compact_token_limit_scope,
            after_turn: toml
                .model_post_turn_compact_threshold_percent
                .filter(|percent| percent.0 > 0),
        }
    }

    /// Tokens from which a history is summed up at the end of a turn, out of a window of so many; `None`: never.
    pub fn after_turn_limit(&self, window: i64) -> Option<i64> {
        let percent = self.after_turn?;
        Some(window.saturating_mul(percent.0.into()) / 100)
    }
}

/// Which tokens count for the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompactionScope {
    /// All of them.
    #[default]
    Total,
    /// Those that have come since the first request of the window.
    BodyAfterPrefix,
}

/// 0 to 100; as a threshold, 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(u8);

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if number > 100 {
            return Err("a percentage must be between 0 and 100");
        }
        Ok(Self(number))
    }
}
