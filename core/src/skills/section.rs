//! What the model is told of skills: a list with a line for each, within a share of the context window.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::{FolderSkills, Skill, SkillScope};
use crate::char_boundary::floor;
use crate::config::SkillsConfig;

/// Share of the context window that the list may take, in hundredths.
const SHARE: i64 = 2;
/// Bytes of a token, as an estimate.
const BYTES_PER_TOKEN: i64 = 4;
/// Size of the list where the context window is unknown, in bytes.
const DEFAULT_SIZE: usize = 8000;
/// Descriptions are not cut below this, in characters: they are left out.
const MIN_DESCRIPTION: usize = 12;

const TAG: &str = "<skills_instructions>";
const END: &str = "</skills_instructions>";

/// The list, ready to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SkillsSection {
    /// `None`: there is no skill to be told of.
    pub(crate) text: Option<Arc<str>>,
    /// For the user: what is missing in it.
    pub(crate) warning: Option<String>,
}

/// A line of the list, but for the description.
struct Line<'a> {
    skill: &'a Skill,
    file: String,
}

impl Line<'_> {
    /// Bytes of the line with so many of the description.
    fn size(&self, description: usize) -> usize {
        let with_description = if description > 0 { description + 1 } else { 0 };
        // "- ", ": ", "(file: ", ")", the end of the line.
        self.skill.name.len() + self.file.len() + with_description + 13
    }
}

/// The list for a context window of so many tokens.
pub(super) fn render(skills: &FolderSkills, config: &SkillsConfig, window: i64) -> SkillsSection {
    let mut told: Vec<&Skill> = skills
        .skills
        .iter()
        .map(AsRef::as_ref)
        .filter(|skill| skill.allow_implicit_invocation)
        .filter(|skill| config.is_enabled(&skill.name, &skill.path, &skill.found))
        .collect();
    if told.is_empty() {
        return SkillsSection::default();
    }
    // What comes with the system is the smallest part, and what is cut is the end. The rest keeps its order.
    told.sort_by_key(|skill| match skill.scope {
        SkillScope::System => 0,
        SkillScope::Admin => 1,
        SkillScope::Repo => 2,
        SkillScope::User => 3,
    });
    let roots: Vec<&Path> = skills
        .roots
        .iter()
        .map(AsRef::as_ref)
        .filter(|root| told.iter().any(|skill| skill.found.starts_with(root)))
        .collect();
    let budget = usize::try_from(window.saturating_mul(SHARE) / 100 * BYTES_PER_TOKEN)
        .ok()
        .filter(|budget| *budget > 0)
        .unwrap_or(DEFAULT_SIZE);
    // As many as fit without descriptions.
    let mut size = 0;
    let lines: Vec<_> = told
        .iter()
        .map(|&skill| Line {
            skill,
            file: short_path(&skill.found, &roots),
        })
        .take_while(|line| {
            size += line.size(0);
            size <= budget
        })
        .collect();
    let left_out = told.len() - lines.len();
    let cap = description_cap(&lines, budget);
    let warning = (left_out > 0).then(|| {
        format!(
            "There are more skills than fit into the {SHARE} % of the context window that their list may take: \
             descriptions are left out, and the model is not told of {left_out} skills. They can be used by name all the \
             same; disable skills that are not needed."
        )
    });
    SkillsSection {
        text: Some(write(&lines, &roots, cap, left_out).into()),
        warning,
    }
}

/// How many bytes of each description are told, so that all fit: short ones whole, long ones alike.
fn description_cap(lines: &[Line<'_>], budget: usize) -> usize {
    let mut lengths: Vec<usize> = lines.iter().map(|line| line.skill.description.len()).collect();
    lengths.sort_unstable();
    let fixed: usize = lines.iter().map(|line| line.size(1) - 1).sum();
    let mut left = budget.saturating_sub(fixed);
    let mut others = lengths.len();
    for length in lengths {
        let share = left / others;
        if length > share {
            return share;
        }
        left -= length;
        others -= 1;
    }
    usize::MAX
}

fn short_path(found: &Path, roots: &[&Path]) -> String {
    // The innermost root: roots may lie in one another.
    let root = roots.iter().enumerate().filter_map(|(index, root)| {
        let below = found.strip_prefix(root).ok()?;
        Some((root.as_os_str().len(), index, below))
    });
    match root.max() {
        Some((_, index, below)) => format!("r{index}/{}", below.display()),
        None => found.display().to_string(),
    }
}

fn write(lines: &[Line<'_>], roots: &[&Path], cap: usize, left_out: usize) -> String {
    let mut text = format!(
        "{TAG}\n## Skills\nA skill is a folder with instructions for one kind of task; they are in its file `SKILL.md`. The \
         skills below can be used. Each line has a name, what the skill is for, and its file, which begins with the short \
         name of one of these folders.\n### Skill roots\n"
    );
    for (index, root) in roots.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = writeln!(text, "- `r{index}` = `{}`", root.display());
    }
    text.push_str("### Available skills\n");
    for Line { skill, file } in lines {
        let _ = write!(text, "- {}:", skill.name);
        let description = cut(&skill.description, cap);
        if !description.is_empty() {
            text.push(' ');
            // It must not end the list.
            text.push_str(&description.replace(END, ""));
        }
        let _ = writeln!(text, " (file: {file})");
    }
    if left_out > 0 {
        let _ = writeln!(text, "{left_out} more skills are not listed for lack of room.");
    }
    text.push_str(
        "### How to use them\n\
         - Use a skill in a turn in which the user names it (`$name`), or whose task is clearly what the skill is for. Several \
         may apply; take as few as cover the task.\n\
         - Read the whole `SKILL.md` of a skill before you follow it, unless the user's message has brought it. Paths in it count \
         from its folder. Of other files of the skill, read only those that you need.\n\
         - Where a skill has scripts or templates, use them instead of writing your own.\n\
         - If a skill can't be read or followed, say so in a sentence and go on without it.\n",
    );
    text.push_str(END);
    text
}

/// At most so many bytes of a text, whole characters.
fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let cut = &text[..floor(text, max)];
    if cut.chars().count() < MIN_DESCRIPTION {
        ""
    } else {
        cut.trim_end()
    }
}

/// The list in place of an earlier one.
pub(crate) fn replaced(text: Option<&str>) -> String {
    match text.and_then(|text| text.strip_prefix(TAG)) {
        Some(rest) => {
            format!("{TAG}\nSkills have changed; this list takes the place of the earlier one.{rest}")
        }
        None => format!("{TAG}\nSkills have changed: none is available any more.\n{END}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn skill(root: &str, name: &str, description: &str, scope: SkillScope) -> Arc<Skill> {
        let path: std::path::PathBuf = format!("{root}/{name}/SKILL.md").into();
        Arc::new(Skill {
            name: name.into(),
            description: description.into(),
            short_description: None,
            interface: None,
            tools: Vec::new(),
            found: path.clone(),
            path,
            scope,
            plugin_id: None,
            allow_implicit_invocation: true,
        })
    }

    fn folder(skills: Vec<Arc<Skill>>, roots: &[&str]) -> FolderSkills {
        FolderSkills {
            skills,
            problems: Vec::new(),
            roots: roots.iter().map(Into::into).collect(),
        }
    }

    #[test]
    fn every_skill_has_a_line_with_a_short_path() {
        let skills = folder(
            vec![
                skill(
                    "/p/.codex/skills",
                    "a",
                    "For </skills_instructions> a",
                    SkillScope::Repo,
                ),
                skill("/h/skills", "b", "For b", SkillScope::User),
                skill("/h/skills/.system", "c", "For c", SkillScope::System),
            ],
            &["/p/.codex/skills", "/unused", "/h/skills", "/h/skills/.system"],
        );
        let section = render(&skills, &SkillsConfig::default(), 200_000);
        let text = section.text.expect("a list");
        let list = text.split("### Available skills\n").nth(1).expect("a list");
        assert!(
            list.starts_with(
                "- c: For c (file: r2/c/SKILL.md)\n- a: For  a (file: r0/a/SKILL.md)\n- b: For b (file: r1/b/SKILL.md)\n###"
            ),
            "{list}"
        );
        assert!(text.contains("- `r1` = `/h/skills`\n") && !text.contains("unused"));
        assert_eq!(text.matches(END).count(), 1);
        assert_eq!(section.warning, None);
        assert!(replaced(Some(&text)).starts_with("<skills_instructions>\nSkills have changed"));
        assert!(replaced(None).contains("none is available"));
    }

    #[test]
    fn too_many_skills_lose_descriptions_first_and_the_last_ones_are_left_out() {
        let many = (0..300).map(|n| skill("/r", &format!("s{n:03}"), &"word ".repeat(30), SkillScope::User));
        let skills = folder(many.collect(), &["/r"]);
        let all = render(&skills, &SkillsConfig::default(), 258_400);
        let text = all.text.expect("a list");
        assert!(text.contains("- s000: word word") && text.contains("- s299: word"));
        assert!(all.warning.is_none());
        let few = render(&skills, &SkillsConfig::default(), 40_000);
        let text = few.text.expect("a list");
        assert!(text.contains("- s000: (file: r0/s000/SKILL.md)") && !text.contains("s299"));
        assert!(few.warning.is_some_and(|warning| warning.contains("not told of")));
    }

    proptest! {
        #[test]
        fn the_list_stays_within_its_share(
            lengths in proptest::collection::vec(0usize..400, 1..60),
            window in 1_000i64..300_000,
        ) {
            let skills = lengths.iter().enumerate().map(|(n, length)| {
                skill("/r", &format!("s{n}"), &"é".repeat(*length), SkillScope::User)
            });
            let skills = folder(skills.collect(), &["/r"]);
            let text = render(&skills, &SkillsConfig::default(), window).text.expect("a list");
            let list = text.split("### Available skills\n").nth(1).expect("a list");
            let list = list.split("### How").next().expect("a list");
            let size: usize = list.lines().filter(|line| line.starts_with("- ")).map(|line| line.len() + 1).sum();
            prop_assert!(size <= usize::try_from(window * 2 / 100 * 4).expect("small"));
        }
    }
}
