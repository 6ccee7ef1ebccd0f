//! Answers of `skills/list`: there may be thousands of skills, so they are turned into JSON piece by piece, on other
//! threads, while the pieces before are written.

use std::sync::Arc;

use codex_app_server_protocol::{SkillsList, SkillsListResponse};
use codex_core::config::SkillsConfig;
use codex_core::skills::FolderSkills;

use crate::convert::skills::{entry_to_wire, skill_to_wire};
use crate::rpc::responder::Responder;

/// Bytes of a piece, about.
const PIECE: usize = 64 << 10;

/// The skills of a folder, to be switched as a configuration says.
pub(super) struct ListedFolder {
    /// The folder, as it was asked for.
    pub(super) cwd: String,
    pub(super) skills: Arc<FolderSkills>,
    pub(super) config: SkillsConfig,
}

/// Answers with the skills of these folders.
pub(super) fn send(responder: Responder<SkillsList>, folders: Vec<ListedFolder>) {
    let nothing = SkillsListResponse { data: Vec::new() };
    responder.send_in_pieces(&nothing, |_, frame| SkillPieces::new(frame, folders));
}

struct SkillPieces {
    /// What is not given yet.
    piece: Vec<u8>,
    folders: std::vec::IntoIter<ListedFolder>,
    /// The folder that is being written, the place of its next skill, and what comes behind the last one.
    current: Option<(ListedFolder, usize, Vec<u8>)>,
    is_first: bool,
    /// What comes behind the last folder; `None`: it has come.
    rest: Option<Vec<u8>>,
}

impl SkillPieces {
    /// `frame`: the answer without any folder.
    fn new(mut frame: Vec<u8>, folders: Vec<ListedFolder>) -> Self {
        let rest = split_list(&mut frame, b"\"data\":[]");
        Self {
            piece: frame,
            folders: folders.into_iter(),
            current: None,
            is_first: true,
            rest: Some(rest),
        }
    }

    /// Appends the next skill, or what stands between folders.
    fn append(&mut self) {
        if let Some((folder, next, end)) = &mut self.current {
            let Some(skill) = folder.skills.skills.get(*next) else {
                self.piece.append(end);
                self.current = None;
                return;
            };
            let before = self.piece.len();
            if *next > 0 {
                self.piece.push(b',');
            }
            *next += 1;
            let skill = skill_to_wire(skill, &folder.config);
            if let Err(error) = serde_json::to_writer(&mut self.piece, &skill) {
                tracing::error!(%error, "a skill cannot be written as JSON");
                self.piece.truncate(before);
            }
        } else if let Some(folder) = self.folders.next() {
            if !std::mem::take(&mut self.is_first) {
                self.piece.push(b',');
            }
            let entry = entry_to_wire(folder.cwd.clone(), &folder.skills);
            let mut entry = serde_json::to_vec(&entry).unwrap_or_default();
            let end = split_list(&mut entry, b"\"skills\":[]");
            self.piece.append(&mut entry);
            self.current = Some((folder, 0, end));
        } else if let Some(mut rest) = self.rest.take() {
            self.piece.append(&mut rest);
        }
    }
}

impl Iterator for SkillPieces {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        while self.rest.is_some() && self.piece.len() < PIECE {
            self.append();
        }
        let piece = std::mem::take(&mut self.piece);
        (!piece.is_empty()).then_some(piece)
    }
}

/// Cuts JSON inside of an empty list that is a member, and gives what follows. No text in JSON looks like the member:
/// its quotes are escaped.
fn split_list(json: &mut Vec<u8>, member: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(json, member).map_or(json.len(), |at| at + member.len() - 1);
    json.split_off(at)
}

#[cfg(test)]
mod tests {
    use codex_core::skills::{Skill, SkillProblem, SkillScope};
    use serde_json::{Value, json};

    use super::*;

    fn skill(number: usize) -> Arc<Skill> {
        Arc::new(Skill {
            name: format!("skill {number}"),
            description: "x".repeat(200),
            short_description: None,
            interface: None,
            tools: Vec::new(),
            path: format!("/{number}/SKILL.md").into(),
            found: format!("/{number}/SKILL.md").into(),
            scope: SkillScope::User,
            plugin_id: None,
            allow_implicit_invocation: true,
        })
    }

    #[test]
    fn all_skills_of_all_folders_come_in_pieces() {
        let folder = |cwd: &str, count: usize| {
            let mut skills = FolderSkills::default();
            skills.skills = (0..count).map(skill).collect();
            skills.problems.push(SkillProblem {
                path: "/\"skills\":[]".into(),
                message: "\"data\":[]".to_owned(),
            });
            ListedFolder {
                cwd: cwd.to_owned(),
                skills: Arc::new(skills),
                config: SkillsConfig::default(),
            }
        };
        let frame = json!({"id": 1, "result": {"data": []}}).to_string().into_bytes();
        let folders = vec![folder("/\"skills\":[]", 1000), folder("b", 0), folder("c", 3)];
        let pieces: Vec<Vec<u8>> = SkillPieces::new(frame.clone(), folders).collect();
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() < 2 * PIECE));
        let answer: Value = serde_json::from_slice(&pieces.concat()).unwrap();
        let data = answer["result"]["data"].as_array().unwrap();
        let listed = |at: usize| data[at]["skills"].as_array().unwrap();
        assert_eq!([0, 1, 2].map(|at| listed(at).len()), [1000, 0, 3]);
        assert_eq!(listed(0)[999]["name"], "skill 999");
        assert_eq!(data[0]["cwd"], "/\"skills\":[]");
        assert_eq!(data[2]["errors"][0]["message"], "\"data\":[]");
        let nothing: Vec<Vec<u8>> = SkillPieces::new(frame.clone(), Vec::new()).collect();
        assert_eq!(nothing.concat(), frame);
    }
}
