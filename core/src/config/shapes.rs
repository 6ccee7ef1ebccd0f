//! What the keys hold that `keys.rs` does not list one by one: hooks, and tables of other programs that share the file.
//! A value of another kind would cost them the whole file; a name that is neither there nor here is nobody's.

use serde_json::Value as Json;

use super::keys::Kind::{self, Any, Boolean, Integer, List, Map, Table, Tables, Text, Words};
use crate::HookEvent;

/// Paths, and what is there: `*` is any name, `EVENT` that of an event of hooks, `[]` any item of a list.
const SHAPES: &[(&str, Kind)] = &[
    ("analytics.enabled", Boolean),
    ("apps.*", Table),
    ("apps.*.default_tools_enabled", Boolean),
    ("apps.*.destructive_enabled", Boolean),
    ("apps.*.enabled", Boolean),
    ("apps.*.open_world_enabled", Boolean),
    ("apps.*.tools", Table),
    ("apps.*.tools.*", Table),
    ("apps.*.tools.*.enabled", Boolean),
    ("audio.microphone", Text),
    ("audio.microphone_channel", Any),
    ("audio.speaker", Text),
    ("auto_review.conversation_history_max_output_tokens", Integer),
    ("auto_review.experimental_conversation_history_prompt", Text),
    ("cloud.skills", Table),
    ("cloud.skills.enabled", Boolean),
    ("code_mode.heartbeat_interval_s", Integer),
    ("computer_use.default_app_access", Words(&["allow", "deny"])),
    (
        "file_opener",
        Words(&["vscode", "vscode-insiders", "windsurf", "cursor", "none"]),
    ),
    ("ghost_snapshot.disable_warnings", Boolean),
    ("ghost_snapshot.ignore_large_untracked_dirs", Integer),
    ("ghost_snapshot.ignore_large_untracked_files", Integer),
    ("history.max_bytes", Integer),
    ("history.persistence", Words(&["save-all", "none"])),
    ("hooks.EVENT", Tables),
    ("hooks.EVENT.[].hooks", Tables),
    ("hooks.EVENT.[].hooks.[].additionalContextLimit", Integer),
    ("hooks.EVENT.[].hooks.[].async", Boolean),
    ("hooks.EVENT.[].hooks.[].command", Text),
    ("hooks.EVENT.[].hooks.[].commandWindows", Text),
    ("hooks.EVENT.[].hooks.[].input", Table),
    ("hooks.EVENT.[].hooks.[].server", Text),
    ("hooks.EVENT.[].hooks.[].statusMessage", Text),
    ("hooks.EVENT.[].hooks.[].timeout", Integer),
    ("hooks.EVENT.[].hooks.[].tool", Text),
    (
        "hooks.EVENT.[].hooks.[].type",
        Words(&["command", "mcp_tool", "prompt", "agent"]),
    ),
    ("hooks.EVENT.[].matcher", Text),
    ("hooks.state", Table),
    ("hooks.state.*", Table),
    ("hooks.state.*.enabled", Boolean),
    ("hooks.state.*.trusted_hash", Text),
    ("marketplaces.*", Table),
    ("marketplaces.*.ref", Text),
    ("marketplaces.*.source", Text),
    ("marketplaces.*.source_type", Words(&["git", "local"])),
    ("notice.hide_full_access_warning", Boolean),
    ("notice.hide_rate_limit_model_nudge", Boolean),
    ("notice.hide_world_writable_warning", Boolean),
    ("notice.model_migrations", Map),
    ("orchestrator.mcp", Table),
    ("orchestrator.mcp.enabled", Boolean),
    ("orchestrator.skills", Table),
    ("orchestrator.skills.enabled", Boolean),
    ("responses_api_metadata.*", Text),
    ("rollout_trace.max_bytes", Integer),
    ("rollout_trace.max_payload_bytes", Integer),
    ("tool_suggest.disabled_tools", Tables),
    ("tool_suggest.discoverables", Tables),
    ("tui.alternate_screen", Words(&["auto", "always", "never"])),
    ("tui.animations", Boolean),
    ("tui.keymap", Table),
    ("tui.model_availability_nux", Table),
    ("tui.model_availability_nux.*", Integer),
    (
        "tui.notification_method",
        Words(&["auto", "osc9", "osc777", "bel"]),
    ),
    ("tui.notifications.[]", Text),
    ("tui.show_tooltips", Boolean),
    ("tui.status_line", List),
    ("tui.terminal_title", List),
    ("tui.theme", Text),
    ("windows.allow_mxc", Boolean),
    ("windows.sandbox", Words(&["elevated", "unelevated", "mxc"])),
    ("marketplaces.*.auto_update", Boolean),
    ("marketplaces.*.last_revision", Text),
    ("marketplaces.*.last_updated", Text),
    ("memories.consolidation_model", Text),
    ("memories.consolidation_service_tier", Text),
    ("memories.dedicated_tools", Boolean),
    ("memories.disable_on_external_context", Boolean),
    ("memories.dual_write", Boolean),
    ("memories.max_raw_memories_for_consolidation", Integer),
    ("memories.max_rollout_age_days", Integer),
    ("memories.max_rollouts_per_startup", Integer),
    ("memories.max_unused_days", Integer),
    ("memories.min_rate_limit_remaining_percent", Integer),
    ("memories.version", Text),
    ("notice.external_config_migration_prompts", Table),
    ("notice.fast_default_opt_out", Boolean),
    ("notice.hide_gov_cloud_guidance", Boolean),
    ("notice.hide_gpt-5.1-codex-max_migration_prompt", Boolean),
    ("notice.hide_gpt5_1_migration_prompt", Boolean),
    ("realtime.transport", Text),
    ("tui.agents_overview_grouping", Text),
    ("tui.auto_recap", Boolean),
    ("tui.collapse_turn_details", Boolean),
    ("tui.copy_on_select", Text),
    ("tui.copy_on_select_clear_selection", Boolean),
    ("tui.default_hosts", Table),
    ("tui.disable_paste_burst", Boolean),
    ("tui.effects", Table),
    ("tui.fullscreen_transcript", Boolean),
    ("tui.mouse_scroll_speed", Any),
    ("tui.notification_condition", Text),
    ("tui.pet", Text),
    ("tui.pet_anchor", Text),
    ("tui.presets", Table),
    ("tui.question_esc_back", Boolean),
    ("tui.raw_output_mode", Boolean),
    ("tui.rendering", Table),
    ("tui.resume_cwd", Text),
    ("tui.right_click_paste", Text),
    ("tui.screen_reader_detection_done", Boolean),
    ("tui.session_picker_view", Text),
    ("tui.show_server_version_notice", Boolean),
    ("tui.sidebar_width_percent", Integer),
    ("tui.status_line_provider", Any),
    ("tui.status_line_use_colors", Boolean),
    ("tui.terminal_resize_reflow_max_rows", Integer),
    ("tui.vim_mode_default", Boolean),
    ("windows.sandbox_private_desktop", Boolean),
];

/// Whether there is a member of this name in the table at `prefix`: a path of the table of keys with a dot at its end.
pub(super) fn is_member(prefix: &str, name: &str) -> bool {
    // A name may have dots itself.
    let is_it = |rest: &str| {
        let below = rest.strip_prefix(name);
        below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
    };
    SHAPES
        .iter()
        .any(|(path, _)| path.strip_prefix(prefix).is_some_and(is_it))
}

/// Checks a value that is written at a path, and all that is in it. Gives the path of what is of another kind, and what it
/// should be.
pub(super) fn check(path: &[String], value: &Json) -> Result<(), (String, String)> {
    check_at(&mut path.to_vec(), value)
}

fn check_at(path: &mut Vec<String>, value: &Json) -> Result<(), (String, String)> {
    if value.is_null() {
        return Ok(());
    }
    if let Some((_, kind)) = SHAPES.iter().find(|(pattern, _)| fits(pattern, path))
        && let Some(expected) = missed(*kind, value)
    {
        return Err((path.join("."), expected));
    }
    match value {
        Json::Object(members) => members.iter().try_for_each(|(name, value)| {
            path.push(name.clone());
            check_at(path, value)?;
            path.pop();
            Ok(())
        }),
        Json::Array(items) => items.iter().try_for_each(|item| {
            path.push("[]".to_owned());
            check_at(path, item)?;
            path.pop();
            Ok(())
        }),
        _ => Ok(()),
    }
}

fn fits(pattern: &str, path: &[String]) -> bool {
    let mut names = pattern.split('.');
    let is_right = |name: &String| match names.next() {
        Some("*") => true,
        Some("EVENT") => HookEvent::ALL.iter().any(|event| event.name() == name),
        Some(wanted) => wanted == name,
        None => false,
    };
    path.iter().all(is_right) && names.next().is_none()
}

/// What the value should have been, if it is not.
fn missed(kind: Kind, value: &Json) -> Option<String> {
    if !kind.holds(value) {
        return Some(kind.in_words().to_owned());
    }
    match kind {
        Words(words) if !value.as_str().is_some_and(|text| words.contains(&text)) => {
            Some(format!("one of `{}`", words.join("`, `")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_looked_at_wherever_they_are_written() {
        let wrong = |path: &str, value: Json| {
            let path: Vec<_> = path.split('.').map(str::to_owned).collect();
            check(&path, &value).err().map(|(place, _)| place)
        };
        let handler = |member: &str, value: Json| json!([{"hooks": [{"type": "command", member: value}]}]);
        for (path, value, expected) in [
            ("hooks.Stop", json!("x"), Some("hooks.Stop")),
            ("hooks.Stop", json!(["x"]), Some("hooks.Stop")),
            ("hooks", json!({"Stop": "x"}), Some("hooks.Stop")),
            (
                "hooks.Stop",
                handler("command", json!(5)),
                Some("hooks.Stop.[].hooks.[].command"),
            ),
            ("hooks.Stop", handler("command", json!("true")), None),
            ("hooks.Stop", handler("new", json!(5)), None),
            ("hooks.Nope", json!("x"), None),
            (
                "hooks.state",
                json!({"a:b": {"enabled": "x"}}),
                Some("hooks.state.a:b.enabled"),
            ),
            ("hooks.state", json!({"a:b": {"enabled": null}}), None),
            ("tui.theme", json!(5), Some("tui.theme")),
            (
                "tui",
                json!({"alternate_screen": "x"}),
                Some("tui.alternate_screen"),
            ),
            ("tui.alternate_screen", json!("auto"), None),
            ("tui.new", json!(5), None),
        ] {
            assert_eq!(wrong(path, value).as_deref(), expected, "{path}");
        }
    }
}
