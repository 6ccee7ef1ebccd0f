//! Sections of the user's list of threads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shape::{double_option, nullable, require};
use crate::thread_data::{ThreadSection, ThreadSectionAppearance};

crate::rpc::methods! {
    client ThreadSectionList "threadSection/list" (ThreadSectionListParams) -> ThreadSectionListResponse, stable, in GlobalRead("thread-sections"), "Lists the sections of the list of threads.";
    client ThreadSectionCreate "threadSection/create" (ThreadSectionCreateParams) -> ThreadSectionCreateResponse, stable, in Global("thread-sections"), "Adds a section.";
    client ThreadSectionUpdate "threadSection/update" (ThreadSectionUpdateParams) -> ThreadSectionUpdateResponse, stable, in Global("thread-sections"), "Renames a section or changes its appearance.";
    client ThreadSectionDelete "threadSection/delete" (ThreadSectionDeleteParams) -> ThreadSectionDeleteResponse, stable, in Global("thread-sections"), "Deletes a section.";
    client ThreadSectionMove "thread/section/move" (ThreadSectionMoveParams) -> ThreadSectionMoveResponse, stable, in Thread, "Moves a thread into a section, or out of it.";
    notify ThreadSectionChanged "thread/section/changed" (ThreadSectionChangedNotification), stable, "A thread was moved into a section, or out of it.";
}

/// Which page of the sections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionListParams {
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
}

/// A page of sections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionListResponse {
    /// The page.
    pub data: Vec<ThreadSection>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Makes a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionCreateParams {
    /// Its name.
    pub name: String,
    /// How it is shown.
    pub appearance: Option<ThreadSectionAppearance>,
}

/// The new section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionCreateResponse {
    /// The section.
    pub section: ThreadSection,
}

/// Changes a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionUpdateParams {
    /// Its name.
    pub name: String,
    /// The section.
    pub section_id: String,
    /// How it is shown; absent changes nothing, null forgets it.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ThreadSectionAppearance>")]
    pub appearance: Option<Option<ThreadSectionAppearance>>,
}

/// The section as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionUpdateResponse {
    /// The section.
    pub section: ThreadSection,
}

/// Deletes a section; its threads stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSectionDeleteParams {
    /// The section.
    pub section_id: String,
}

/// It is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadSectionDeleteResponse {}

/// Puts a thread into a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = require("sectionId"))]
pub struct ThreadSectionMoveParams {
    /// The thread.
    pub thread_id: String,
    /// The section; null takes it out of any.
    #[serde(deserialize_with = "nullable")]
    #[schemars(with = "Option<String>")]
    pub section_id: Option<String>,
    /// The thread that it comes before; absent for the end.
    pub before_thread_id: Option<String>,
}

/// It is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadSectionMoveResponse {}

/// A thread was put into another section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = require("sectionId"))]
pub struct ThreadSectionChangedNotification {
    /// The thread.
    pub thread_id: String,
    /// The section; null when it is in none.
    pub section_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_says_where_to_even_if_nowhere() {
        let read = |text| serde_json::from_str::<ThreadSectionMoveParams>(text);
        assert_eq!(
            read(r#"{"threadId":"t","sectionId":null}"#).unwrap().section_id,
            None
        );
        assert!(
            read(r#"{"threadId":"t"}"#)
                .unwrap_err()
                .to_string()
                .contains("missing field `sectionId`")
        );
    }
}
