//! Skills.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{AbsolutePathBuf, SkillsListEntry};
use codex_core::config::SkillsConfig;
use codex_core::skills::{FolderSkills, Skill, SkillInterface, SkillScope, SkillTool};

/// What is said of a folder beside its skills.
pub(crate) fn entry_to_wire(cwd: String, skills: &FolderSkills) -> SkillsListEntry {
    let problems = skills.problems.iter();
    SkillsListEntry {
        cwd,
        skills: Vec::new(),
        errors: problems
            .map(|problem| wire::SkillErrorInfo {
                path: problem.path.to_string_lossy().into_owned(),
                message: problem.message.clone(),
            })
            .collect(),
    }
}

/// A skill, switched as this configuration says.
pub(crate) fn skill_to_wire(skill: &Skill, config: &SkillsConfig) -> wire::SkillMetadata {
    wire::SkillMetadata {
        name: skill.name.clone(),
        description: skill.description.clone(),
        short_description: skill.short_description.clone(),
        interface: skill.interface.as_deref().map(interface_to_wire),
        dependencies: (!skill.tools.is_empty()).then(|| wire::SkillDependencies {
            tools: skill.tools.iter().map(tool_to_wire).collect(),
        }),
        path: skill.path.as_path().into(),
        scope: match skill.scope {
            SkillScope::Repo => wire::SkillScope::Repo,
            SkillScope::User => wire::SkillScope::User,
            SkillScope::System => wire::SkillScope::System,
            SkillScope::Admin => wire::SkillScope::Admin,
        },
        enabled: config.is_enabled(&skill.name, &skill.path, &skill.found),
        plugin_id: skill.plugin_id.clone(),
    }
}

/// How a skill is shown.
pub(crate) fn interface_to_wire(interface: &SkillInterface) -> wire::SkillInterface {
    wire::SkillInterface {
        display_name: interface.display_name.clone(),
        short_description: interface.short_description.clone(),
        icon_small: interface.icon_small.as_deref().map(AbsolutePathBuf::from_path),
        icon_large: interface.icon_large.as_deref().map(AbsolutePathBuf::from_path),
        icon_small_url: None,
        icon_large_url: None,
        brand_color: interface.brand_color.clone(),
        default_prompt: interface.default_prompt.clone(),
    }
}

fn tool_to_wire(tool: &SkillTool) -> wire::SkillToolDependency {
    wire::SkillToolDependency {
        kind: tool.kind.clone(),
        value: tool.value.clone(),
        description: tool.description.clone(),
        transport: tool.transport.clone(),
        command: tool.command.clone(),
        url: tool.url.clone(),
    }
}
