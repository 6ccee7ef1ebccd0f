//! Model providers (model-and-auth section 1.1).

/// A provider as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its id in the config.
    pub id: String,
}
