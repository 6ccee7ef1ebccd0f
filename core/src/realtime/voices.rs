//! The voices of each version.

use crate::RealtimeVersion;

const V1: [&str; 9] = [
    "juniper", "maple", "spruce", "ember", "vale", "breeze", "arbor", "sol", "cove",
];

const V2: [&str; 10] = [
    "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar",
];

const V3: [&str; 26] = [
    "juniper", "maple", "spruce", "ember", "vale", "breeze", "arbor", "sol", "cove", "marin", "aube",
    "bubbie", "haetsal", "hanul", "himari", "leher", "miko", "neer", "porto", "rindo", "rio", "rivage",
    "selva", "sonna", "tinta", "viola",
];

/// The voices of a version, in the order of lists.
pub fn realtime_voices(version: RealtimeVersion) -> &'static [&'static str] {
    match version {
        RealtimeVersion::V1 => &V1,
        RealtimeVersion::V2 => &V2,
        RealtimeVersion::V3 => &V3,
    }
}

/// The voice of a version where none is named.
pub fn default_realtime_voice(version: RealtimeVersion) -> &'static str {
    match version {
        RealtimeVersion::V1 => "cove",
        RealtimeVersion::V2 | RealtimeVersion::V3 => "marin",
    }
}
