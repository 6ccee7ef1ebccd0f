//! What the model is told of plugins that the user names.

/// What the plugin of this name brings: skills whose names begin with a prefix, and MCP servers. `None`: nothing.
pub(crate) fn mentioned_plugin(name: &str, skill_prefix: Option<&str>, servers: &[String]) -> Option<String> {
    let mut lines = Vec::new();
    if let Some(prefix) = skill_prefix {
        lines.push(format!("- Skills, whose names begin with `{prefix}:`."));
    }
    if !servers.is_empty() {
        lines.push(format!(
            "- MCP servers of this session: `{}`.",
            servers.join("`, `")
        ));
    }
    if lines.is_empty() {
        return None;
    }
    Some(format!(
        "The user names the plugin `{name}`, which brings:\n{}\nPrefer these for the task where they fit.",
        lines.join("\n")
    ))
}
