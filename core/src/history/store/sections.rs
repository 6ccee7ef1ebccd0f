//! Sections of the user's list of threads (docs/contract/threads.md#sections).

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::{State, ThreadStore, places};
use crate::{Error, Field, Result, SectionOperation, SectionPlace, ThreadId};

/// The section that is always there.
const PINNED: &str = "01984de2-8f74-7c91-a3b2-5c5e937cf318";

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is shown, as JSON.
    pub appearance: Option<Value>,
}

impl Section {
    fn pinned() -> Self {
        Self {
            id: PINNED.into(),
            name: "Pinned".into(),
            appearance: None,
        }
    }
}

impl ThreadStore {
    /// A page of sections behind the one with the identifier `after`: the built-in one, then by time of creation.
    /// `true` if there are more.
    pub async fn sections(&self, after: Option<String>, limit: usize) -> Result<(Vec<Section>, bool)> {
        self.blocking(move |state| {
            let all = state.sections()?;
            let skip = match after {
                None => 0,
                Some(after) => all
                    .iter()
                    .position(|s| s.id == after)
                    .map_or(all.len(), |at| at + 1),
            };
            let more = all.len() - skip > limit;
            Ok((all.into_iter().skip(skip).take(limit).collect(), more))
        })
        .await
    }

    /// Adds a section.
    pub async fn create_section(&self, name: &str, appearance: Option<Value>) -> Result<Section> {
        let section = Section {
            id: crate::new_id(),
            name: section_name(name)?,
            appearance,
        };
        self.blocking(move |state| {
            state.data.write(|db| {
                let appearance = section.appearance.as_ref().map(Value::to_string);
                db.execute(
                    "INSERT INTO sections SELECT ?1, ?2, ?3, coalesce(max(position), 0) + 1 FROM sections",
                    params![section.id, section.name, appearance],
                )?;
                Ok(())
            })?;
            Ok(section)
        })
        .await
    }

    /// Changes a section; `appearance` stays unless it is given.
    pub async fn update_section(
        &self,
        id: String,
        name: &str,
        appearance: Option<Option<Value>>,
    ) -> Result<Section> {
        let name = section_name(name)?;
        if id == PINNED {
            return Err(Error::BuiltInSection(SectionOperation::Rename));
        }
        self.blocking(move |state| {
            let section = state.data.write(|db| {
                let old = find(db, &id)?.ok_or_else(|| not_found(&id))?;
                let section = Section {
                    name: name.clone(),
                    appearance: appearance.clone().unwrap_or(old.appearance),
                    id: old.id,
                };
                let appearance = section.appearance.as_ref().map(Value::to_string);
                db.execute(
                    "UPDATE sections SET name = ?2, appearance = ?3 WHERE id = ?1",
                    params![section.id, section.name, appearance],
                )?;
                Ok(section)
            })?;
            Ok(section)
        })
        .await
    }

    /// Removes a section; its threads are in none then.
    pub async fn delete_section(&self, id: String) -> Result<()> {
        if id == PINNED {
            return Err(Error::BuiltInSection(SectionOperation::Delete));
        }
        self.blocking(move |state| {
            state.data.write(|db| {
                db.execute("DELETE FROM section_members WHERE section_id = ?1", [&id])?;
                match db.execute("DELETE FROM sections WHERE id = ?1", [&id])? {
                    0 => Err(not_found(&id).into()),
                    _ => Ok(()),
                }
            })?;
            Ok(())
        })
        .await
    }

    /// Puts a thread into a section, at its end or before another thread, or takes it out of its section.
    pub async fn move_to_section(
        &self,
        id: ThreadId,
        section: Option<String>,
        before: Option<ThreadId>,
    ) -> Result<()> {
        if section.is_none() && before.is_some() {
            return Err(Error::PlaceWithoutSection);
        }
        self.blocking(move |state| {
            let thread = id.to_string();
            let Some(section) = section else {
                state.data.remove(|db| {
                    db.execute("DELETE FROM section_members WHERE thread_id = ?1", [&thread])?;
                    Ok(())
                })?;
                return Ok(());
            };
            let now = crate::now_s();
            state.data.write(|db| {
                if section != PINNED && find(db, &section)?.is_none() {
                    return Err(Error::NoSuchTargetSection(section.clone()).into());
                }
                let position = places::make_room(db, &section, &thread, before)?.ok_or_else(|| Error::NotInSection {
                    thread: before.map(|id| id.to_string()).unwrap_or_default(),
                    section: section.clone(),
                })?;
                db.execute(
                    "INSERT INTO section_members VALUES (?1, ?2, ?3, ?4) ON CONFLICT(thread_id) DO UPDATE SET
                     entered_at = CASE section_id WHEN ?2 THEN entered_at ELSE ?4 END, section_id = ?2, position = ?3",
                    params![thread, section, position, now],
                )?;
                Ok(())
            })?;
            Ok(())
        })
        .await
    }
}

fn not_found(id: &str) -> Error {
    Error::SectionNotFound(id.to_owned())
}

/// A section that was made.
fn find(db: &Connection, id: &str) -> rusqlite::Result<Option<Section>> {
    db.prepare_cached("SELECT id, name, appearance FROM sections WHERE id = ?1")?
        .query_row([id], read)
        .optional()
}

fn read(r: &Row<'_>) -> rusqlite::Result<Section> {
    let appearance: Option<String> = r.get(2)?;
    Ok(Section {
        id: r.get(0)?,
        name: r.get(1)?,
        appearance: appearance.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

fn section_name(name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(Error::Empty(Field::SectionName)),
        name => Ok(name.to_owned()),
    }
}

/// A member of a section that is there: the thread, and its place in the section. Takes the columns of [`MEMBERS`].
fn member(r: &Row<'_>) -> rusqlite::Result<Option<(ThreadId, SectionPlace)>> {
    let thread: String = r.get(3)?;
    let section: String = r.get(4)?;
    let section = match r.get::<_, Option<String>>(0)? {
        Some(_) => read(r)?,
        None if section == PINNED => Section::pinned(),
        None => return Ok(None),
    };
    let place = SectionPlace {
        id: section.id,
        name: section.name,
        appearance: section.appearance,
        position: r.get(5)?,
        entered_at: r.get(6)?,
    };
    Ok(thread.parse().ok().map(|thread| (thread, place)))
}

const MEMBERS: &str =
    "SELECT sections.id, name, appearance, thread_id, section_id, section_members.position, entered_at
     FROM section_members LEFT JOIN sections ON sections.id = section_id";

/// The section that a thread is in.
pub(super) fn place_of(db: &Connection, thread: &str) -> rusqlite::Result<Option<SectionPlace>> {
    let found = db
        .prepare_cached(&format!("{MEMBERS} WHERE thread_id = ?1"))?
        .query_row([thread], member)
        .optional()?;
    Ok(found.flatten().map(|(_, place)| place))
}

impl State {
    fn sections(&mut self) -> Result<Vec<Section>> {
        let mut all = vec![Section::pinned()];
        all.extend(self.data.read(|db| {
            db.prepare_cached("SELECT id, name, appearance FROM sections ORDER BY position, id")?
                .query_map([], read)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?);
        Ok(all)
    }

    /// Which threads are in sections.
    pub(super) fn section_places(&mut self) -> Result<HashMap<ThreadId, SectionPlace>> {
        let found = self.data.read(|db| {
            db.prepare_cached(MEMBERS)?
                .query_map([], member)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        Ok(found.into_iter().flatten().collect())
    }
}
