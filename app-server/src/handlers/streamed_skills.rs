//! Answers of `skills/list`: there may be thousands of skills, so they are turned into JSON piece by piece, on other
//! threads, while the pieces before are written.

use std::sync::Arc;

use codex_app_server_protocol::{SkillsList, SkillsListResponse};
use codex_core::config::SkillsConfig;
use codex_core::skills::FolderSkills;

use crate::convert::skills::{entry_to_wire, skill_to_wire};
use crate::rpc::responder::Responder;
use crate::skill_lists::{self, SkillLists};

/// Bytes of a piece, about.
const PIECE: usize = 64 << 10;

/// The skills of a folder, to be switched as a configuration says.
pub(super) struct ListedFolder {
    /// The folder, as it was asked for.
    pub(super) cwd: String,
    pub(super) skills: Arc<FolderSkills>,
    pub(super) config: SkillsConfig,
}

/// Answers with the skills of these folders. `lists`: what was written before.
pub(super) fn send(responder: Responder<SkillsList>, folders: Vec<ListedFolder>, lists: &Arc<SkillLists>) {
    let nothing = SkillsListResponse { data: Vec::new() };
    let lists = Arc::clone(lists);
    responder.send_in_pieces(&nothing, |_, frame| SkillPieces::new(frame, folders, lists));
}

struct SkillPieces {
    /// What is not given yet.
    piece: Vec<u8>,
    folders: std::vec::IntoIter<ListedFolder>,
    lists: Arc<SkillLists>,
    /// The folder that is being written.
    current: Option<CurrentFolder>,
    is_first: bool,
    /// What comes behind the last folder; `None`: it has come.
    rest: Option<Vec<u8>>,
}

struct CurrentFolder {
    folder: ListedFolder,
    skills: CurrentSkills,
    /// What comes behind the last skill.
    end: Vec<u8>,
}

enum CurrentSkills {
    /// They were written before; so many bytes have been given again.
    Known(Arc<[u8]>, usize),
    /// The next one to be written, and all before it, to be kept.
    New(usize, Vec<u8>),
}

impl SkillPieces {
    /// `frame`: the answer without any folder.
    fn new(mut frame: Vec<u8>, folders: Vec<ListedFolder>, lists: Arc<SkillLists>) -> Self {
        let rest = split_list(&mut frame, b"\"data\":[]");
        Self {
            piece: frame,
            folders: folders.into_iter(),
            lists,
            current: None,
            is_first: true,
            rest: Some(rest),
        }
    }

    /// Appends some skills, or what stands between folders.
    fn append(&mut self) {
        if let Some(current) = &mut self.current {
            if !current.append(&mut self.piece, &self.lists) {
                self.piece.append(&mut current.end);
                self.current = None;
            }
        } else if let Some(folder) = self.folders.next() {
            if !std::mem::take(&mut self.is_first) {
                self.piece.push(b',');
            }
            let entry = entry_to_wire(folder.cwd.clone(), &folder.skills);
            let mut entry = serde_json::to_vec(&entry).unwrap_or_default();
            let end = split_list(&mut entry, b"\"skills\":[]");
            self.piece.append(&mut entry);
            let skills = match self.lists.find(&folder.skills, &folder.config) {
                Some(json) => CurrentSkills::Known(json, 0),
                None => CurrentSkills::New(0, Vec::new()),
            };
            self.current = Some(CurrentFolder { folder, skills, end });
        } else if let Some(mut rest) = self.rest.take() {
            self.piece.append(&mut rest);
        }
    }
}

impl CurrentFolder {
    /// Appends more skills to a piece. False: there are no more.
    fn append(&mut self, piece: &mut Vec<u8>, lists: &SkillLists) -> bool {
        match &mut self.skills {
            CurrentSkills::Known(json, given) => {
                let end = json.len().min(*given + PIECE);
                piece.extend_from_slice(&json[*given..end]);
                *given = end;
                end < json.len()
            }
            CurrentSkills::New(next, written) => {
                let Some(skill) = self.folder.skills.skills.get(*next) else {
                    lists.keep(&self.folder.skills, &self.folder.config, std::mem::take(written));
                    return false;
                };
                let before = piece.len();
                if *next > 0 {
                    piece.push(b',');
                }
                *next += 1;
                let skill = skill_to_wire(skill, &self.folder.config);
                if let Err(error) = serde_json::to_writer(&mut *piece, &skill) {
                    tracing::error!(%error, "a skill cannot be written as JSON");
                    piece.truncate(before);
                }
                // More than is kept need not be collected.
                if written.len() <= skill_lists::MAX_BYTES {
                    written.extend_from_slice(&piece[before..]);
                }
                true
            }
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
        let folder = |(cwd, count): (&str, usize)| {
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
        let folders: Vec<_> = [("/\"skills\":[]", 1000), ("b", 0), ("c", 3)].map(folder).into();
        let again = folders.iter().map(|folder| ListedFolder {
            cwd: folder.cwd.clone(),
            skills: Arc::clone(&folder.skills),
            config: folder.config.clone(),
        });
        let again: Vec<_> = again.collect();
        let lists = Arc::<SkillLists>::default();
        let pieces: Vec<Vec<u8>> = SkillPieces::new(frame.clone(), folders, Arc::clone(&lists)).collect();
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() < 2 * PIECE));
        assert!(lists.find(&again[0].skills, &again[0].config).is_some());
        let repeated: Vec<Vec<u8>> = SkillPieces::new(frame.clone(), again, Arc::clone(&lists)).collect();
        assert!(repeated.concat() == pieces.concat(), "what was kept is the same");
        assert!(repeated.iter().all(|piece| piece.len() < 2 * PIECE + 1024));
        let answer: Value = serde_json::from_slice(&pieces.concat()).unwrap();
        let data = answer["result"]["data"].as_array().unwrap();
        let listed = |at: usize| data[at]["skills"].as_array().unwrap();
        assert_eq!([0, 1, 2].map(|at| listed(at).len()), [1000, 0, 3]);
        assert_eq!(listed(0)[999]["name"], "skill 999");
        assert_eq!(data[0]["cwd"], "/\"skills\":[]");
        assert_eq!(data[2]["errors"][0]["message"], "\"data\":[]");
        let nothing: Vec<Vec<u8>> = SkillPieces::new(frame.clone(), Vec::new(), lists).collect();
        assert_eq!(nothing.concat(), frame);
    }
}
