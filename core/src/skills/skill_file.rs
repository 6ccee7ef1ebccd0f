//! What a skill says of itself: the front matter of `SKILL.md`, and `agents/openai.yaml` beside it.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use super::front_matter::{self, LINES_BEFORE};
use super::{Skill, SkillInterface, SkillProblem, SkillTool};
use crate::external_file::FileError;
use crate::one_line::on_one_line;
use crate::yaml::{self, Yaml, YamlError, YamlValue};

/// Longest name, in characters.
const MAX_NAME: usize = 64;
/// Longest text for people, in characters.
const MAX_TEXT: usize = 1024;
/// Tools of a skill at most.
const MAX_TOOLS: usize = 64;

/// A `SKILL.md` that was found.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// As it was found.
    pub(super) found: PathBuf,
    /// Without links.
    pub(super) path: PathBuf,
    /// There is a folder `agents` beside it.
    pub(super) has_side_file: bool,
}

/// What a root adds to its skills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) scope: super::SkillScope,
    /// Comes before names, with a colon.
    pub(super) prefix: Option<&'a str>,
    pub(super) plugin_id: Option<&'a str>,
}

/// Makes a skill of the text at the start of its file, and of what is beside it ([`read_side`]).
pub(super) fn read(
    candidate: Candidate,
    text: Result<Cow<'_, str>, FileError>,
    side: Option<&Yaml>,
    origin: Origin<'_>,
) -> Result<Skill, SkillProblem> {
    let said = text
        .map_err(|error| format!("failed to read file: {error}"))
        .and_then(|text| read_said(&candidate, &text));
    let said = match said {
        Ok(said) => said,
        Err(message) => {
            return Err(SkillProblem {
                path: candidate.path,
                message,
            });
        }
    };
    let interface = side.and_then(|side| {
        let folder = candidate.path.parent().unwrap_or(&candidate.path);
        interface(side.get("interface")?, folder)
    });
    Ok(Skill {
        name: match origin.prefix {
            Some(prefix) => format!("{prefix}:{}", said.name),
            None => said.name,
        },
        description: said.description,
        short_description: said.short_description,
        interface: interface.map(Box::new),
        tools: side.map(tools).unwrap_or_default(),
        path: candidate.path,
        found: candidate.found,
        scope: origin.scope,
        plugin_id: origin.plugin_id.map(str::to_owned),
        allow_implicit_invocation: side
            .and_then(|side| side.get("policy")?.get("allow_implicit_invocation")?.text())
            .is_none_or(|said| said != "false"),
    })
}

/// What a `SKILL.md` says.
struct Said {
    name: String,
    description: String,
    short_description: Option<String>,
}

fn read_said(candidate: &Candidate, text: &str) -> Result<Said, String> {
    let front = front_matter::split(text).ok_or("missing YAML frontmatter delimited by ---")?;
    let wrong = |error: YamlError| error.to_string();
    let yaml = front.read().map_err(wrong)?;
    if !matches!(yaml.value, YamlValue::Table(_) | YamlValue::Null) {
        return Err(format!(
            "invalid YAML: invalid type: {}, expected fields such as `description`",
            yaml.kind()
        ));
    }
    let text = |key: &str| line(&yaml, key, key).map_err(|error| error.below(LINES_BEFORE).to_string());
    let of_folder = || {
        let name = candidate.found.parent()?.file_name()?;
        Some(on_one_line(&name.to_string_lossy()))
    };
    let name = text("name")?
        .or_else(of_folder)
        .filter(|name| !name.is_empty())
        .ok_or("missing field `name`")?;
    if name.chars().count() > MAX_NAME {
        return Err(format!(
            "invalid name: exceeds maximum length of {MAX_NAME} characters"
        ));
    }
    let description = text("description")?.ok_or("missing field `description`")?;
    // What is only shown to people costs nobody the skill.
    let metadata = yaml.get("metadata");
    let short_description = metadata.and_then(|metadata| line(metadata, "short-description", "").ok()?);
    Ok(Said {
        name,
        description,
        short_description,
    })
}

/// A member as one line; `None` if it is missing or blank. `full`: what it is called in errors.
fn line(of: &Yaml, key: &str, full: &str) -> Result<Option<String>, YamlError> {
    let Some(member) = of.get(key) else {
        return Ok(None);
    };
    match &member.value {
        YamlValue::Null => Ok(None),
        YamlValue::Text(text) => Ok(Some(on_one_line(text)).filter(|text| !text.is_empty())),
        YamlValue::List(_) | YamlValue::Table(_) => Err(YamlError {
            message: format!("{full}: invalid type: {}, expected a string", member.kind()).into(),
            place: Some(member.place),
        }),
    }
}

/// Reads the text of an `agents/openai.yaml`; one that can't be read costs what it would have said.
pub(super) fn read_side(path: &Path, text: Result<Cow<'_, str>, FileError>) -> Option<Yaml> {
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            if !error.is_missing() {
                tracing::debug!(path = %path.display(), %error, "not read");
            }
            return None;
        }
    };
    yaml::parse(&text)
        .inspect_err(|error| tracing::debug!(path = %path.display(), %error, "not understood"))
        .ok()
}

fn interface(of: &Yaml, folder: &Path) -> Option<SkillInterface> {
    let text = |key: &str, max: usize| {
        let text = line(of, key, "").ok()??;
        (text.chars().count() <= max).then_some(text)
    };
    let interface = SkillInterface {
        display_name: text("display_name", MAX_NAME),
        short_description: text("short_description", MAX_TEXT),
        icon_small: text("icon_small", MAX_TEXT).and_then(|path| icon(&path, folder)),
        icon_large: text("icon_large", MAX_TEXT).and_then(|path| icon(&path, folder)),
        brand_color: text("brand_color", MAX_NAME).filter(|color| is_color(color)),
        default_prompt: text("default_prompt", MAX_TEXT),
    };
    (interface != SkillInterface::default()).then_some(interface)
}

/// A file below the skill's `assets`.
fn icon(path: &str, folder: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    let is_asset = inside.starts_with("assets") && inside != Path::new("assets");
    is_asset.then(|| folder.join(inside))
}

fn is_color(color: &str) -> bool {
    color
        .strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn tools(of: &Yaml) -> Vec<SkillTool> {
    let listed = of.get("dependencies").and_then(|all| all.get("tools"));
    let entries = listed.map(Yaml::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|tool| {
            let text = |key: &str| line(tool, key, "").ok()?;
            Some(SkillTool {
                kind: text("type")?,
                value: text("value")?,
                description: text("description"),
                transport: text("transport"),
                command: text("command"),
                url: text("url"),
            })
        })
        .take(MAX_TOOLS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::SkillScope;
    use super::*;
    use crate::external_file::read_text;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(skill: &str, side: Option<&str>) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("SKILL.md"), skill).expect("a file");
            if let Some(side) = side {
                std::fs::create_dir(folder.path().join("agents")).expect("a folder");
                std::fs::write(folder.path().join("agents/openai.yaml"), side).expect("a file");
            }
            Self(folder)
        }

        fn read(&self) -> Result<Skill, String> {
            let path = self.0.path().join("SKILL.md");
            let candidate = Candidate {
                found: path.clone(),
                path,
                has_side_file: true,
            };
            let origin = Origin {
                scope: SkillScope::User,
                prefix: None,
                plugin_id: None,
            };
            let text = |path: &Path| read_text(path, 1 << 20).map(Cow::Owned);
            let side = self.0.path().join("agents/openai.yaml");
            let side = read_side(&side, text(&side));
            read(candidate.clone(), text(&candidate.path), side.as_ref(), origin)
                .map_err(|problem| problem.message)
        }
    }

    fn front(yaml: &str) -> Result<Skill, String> {
        Folder::with(&format!("---\n{yaml}\n---\nBody\n"), None).read()
    }

    #[test]
    fn texts_become_single_lines_and_the_name_is_the_folders_unless_told() {
        let skill = front("description: >\n  one\n  two\n\n  three\nmetadata: {short-description: ' s  d '}")
            .expect("a skill");
        assert_eq!(skill.description, "one two three");
        assert_eq!(skill.short_description.as_deref(), Some("s d"));
        assert!(skill.path.to_string_lossy().contains(&skill.name));
        assert_eq!(front("name: 12\ndescription: true").expect("a skill").name, "12");
        assert!(front("name:\ndescription: d").is_ok_and(|skill| !skill.name.is_empty()));
        assert!(front(&format!("name: {}\ndescription: d", "é".repeat(64))).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_with_the_line_of_the_file() {
        for (yaml, message) in [
            ("name: n", "missing field `description`"),
            ("name: n\ndescription: ''", "missing field `description`"),
            (
                "name: n\ndescription: [a, b]",
                "invalid YAML: description: invalid type: sequence, expected a string at line 3 column 14",
            ),
            ("- a", "invalid type: sequence"),
            (
                "description: a\ndescription: b",
                "duplicate field `description` at line 3",
            ),
        ] {
            let told = front(yaml).expect_err("refused");
            assert!(told.contains(message), "{told}");
        }
        let long = front(&format!("name: {}\ndescription: d", "n".repeat(65)));
        assert_eq!(
            long.expect_err("refused"),
            "invalid name: exceeds maximum length of 64 characters"
        );
        let none = Folder::with("no front matter\n", None).read();
        assert_eq!(
            none.expect_err("refused"),
            "missing YAML frontmatter delimited by ---"
        );
        let endless = Folder::with(&format!("---\n{}", "x: y\n".repeat(10_000)), None).read();
        assert!(endless.is_err());
    }

    #[test]
    fn what_can_t_be_used_of_the_side_file_is_left_out() {
        let skill = "---\nname: n\ndescription: d\n---\n";
        let side = "interface:\n  display_name: \"Nice\"\n  icon_small: ./assets/a.png\n  icon_large: ../out.png\n  \
                    brand_color: red\n  default_prompt: do it\ndependencies:\n  tools:\n    - type: mcp\n      value: srv\n      \
                    url: http://x\n    - value: no type\npolicy:\n  allow_implicit_invocation: false\n";
        let folder = Folder::with(skill, Some(side));
        let skill = folder.read().expect("a skill");
        let interface = skill.interface.expect("an interface");
        assert_eq!(interface.display_name.as_deref(), Some("Nice"));
        assert_eq!(interface.icon_small, Some(folder.0.path().join("assets/a.png")));
        assert_eq!((interface.icon_large, interface.brand_color), (None, None));
        assert_eq!(skill.tools.len(), 1);
        assert!(!skill.allow_implicit_invocation);
        let broken = Folder::with(
            "---\nname: n\ndescription: d\n---\n",
            Some("interface: [x\n  : y\n"),
        );
        let skill = broken.read().expect("a skill all the same");
        assert!(skill.allow_implicit_invocation && skill.interface.is_none());
    }
}
