//! The files of threads (docs/contract/storage.md#compression).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client RolloutCompress "rollout/compress" () -> RolloutCompressResponse, experimental, in None, "Compresses, in the background, the files of threads that have rested for a week.";
}

/// It has begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutCompressResponse {}
