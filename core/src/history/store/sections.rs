//! Sections of the user's list of threads (config-and-services section 7).

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{State, ThreadStore};
use crate::{Error, Result, SectionPlace, ThreadId};

/// The section that is always there.
const PINNED: &str = "01984de2-8f74-7c91-a3b2-5c5e937cf318";
/// Room between neighbours, so that others fit between them.
const GAP: f64 = 1_000_000.0;

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is shown, on the wire's form.
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
            state.index.with(|db| {
                let appearance = section.appearance.as_ref().map(Value::to_string);
                db.execute(
                    "INSERT INTO sections SELECT ?1, ?2, ?3, coalesce(max(position), 0) + 1 FROM sections",
                    params![section.id, section.name, appearance],
                )
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
        self.blocking(move |state| {
            let mut section = state.section(&id)?;
            if section.id == PINNED {
                return Err(Error::params("the built-in pinned section cannot be renamed"));
            }
            section.name = name;
            section.appearance = appearance.unwrap_or(section.appearance);
            state.index.with(|db| {
                let appearance = section.appearance.as_ref().map(Value::to_string);
                db.execute(
                    "UPDATE sections SET name = ?2, appearance = ?3 WHERE id = ?1",
                    params![section.id, section.name, appearance],
                )
            })?;
            Ok(section)
        })
        .await
    }

    /// Removes a section; its threads are in none then.
    pub async fn delete_section(&self, id: String) -> Result<()> {
        self.blocking(move |state| {
            if state.section(&id)?.id == PINNED {
                return Err(Error::params("the built-in pinned section cannot be deleted"));
            }
            state.index.with(|db| {
                db.execute("DELETE FROM section_members WHERE section_id = ?1", [&id])?;
                db.execute("DELETE FROM sections WHERE id = ?1", [&id])
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
        self.blocking(move |state| {
            let Some(section) = section else {
                if before.is_some() {
                    return Err(Error::invalid("beforeThreadId requires a non-null sectionId"));
                }
                if state.index.exists() {
                    let key = id.to_string();
                    state
                        .index
                        .with(|db| db.execute("DELETE FROM section_members WHERE thread_id = ?1", [&key]))?;
                }
                return Ok(());
            };
            if state.section(&section).is_err() {
                return Err(Error::invalid(format!("section {section} does not exist")));
            }
            let now = crate::now_s();
            let missing = state.index.with(|db| {
                let Some(position) = place(db, &section, id, before)? else { return Ok(true) };
                db.execute(
                    "INSERT INTO section_members VALUES (?1, ?2, ?3, ?4) ON CONFLICT(thread_id) DO UPDATE SET
                     entered_at = CASE section_id WHEN ?2 THEN entered_at ELSE ?4 END, section_id = ?2, position = ?3",
                    params![id.to_string(), section, position, now],
                )?;
                Ok(false)
            })?;
            match before {
                Some(before) if missing => Err(Error::invalid(format!(
                    "before thread {before} is not in section {section}"
                ))),
                _ => Ok(()),
            }
        })
        .await
    }
}

fn section_name(name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(Error::params("section name must not be empty")),
        name => Ok(name.to_owned()),
    }
}

/// Where a thread goes: before another one, or behind the last. `None` if the other one is not there.
fn place(
    db: &Connection,
    section: &str,
    id: ThreadId,
    before: Option<ThreadId>,
) -> rusqlite::Result<Option<f64>> {
    let id = id.to_string();
    let Some(before) = before else {
        let last: Option<f64> = db.query_row(
            "SELECT max(position) FROM section_members WHERE section_id = ?1 AND thread_id != ?2",
            [section, &id],
            |r| r.get(0),
        )?;
        return Ok(Some(last.map_or(GAP, |last| last + GAP)));
    };
    let next: Option<f64> = db
        .query_row(
            "SELECT position FROM section_members WHERE section_id = ?1 AND thread_id = ?2",
            [section, &before.to_string()],
            |r| r.get(0),
        )
        .optional()?;
    let Some(next) = next else { return Ok(None) };
    let previous: Option<f64> = db.query_row(
        "SELECT max(position) FROM section_members WHERE section_id = ?1 AND position < ?2 AND thread_id != ?3",
        params![section, next, id],
        |r| r.get(0),
    )?;
    Ok(Some(
        previous.map_or(next - GAP, |previous| f64::midpoint(previous, next)),
    ))
}

impl State {
    fn sections(&mut self) -> Result<Vec<Section>> {
        let mut all = vec![Section::pinned()];
        if self.index.exists() {
            all.extend(self.index.with(|db| {
                db.prepare_cached("SELECT id, name, appearance FROM sections ORDER BY position")?
                    .query_map([], |r| {
                        let appearance: Option<String> = r.get(2)?;
                        Ok(Section {
                            id: r.get(0)?,
                            name: r.get(1)?,
                            appearance: appearance.and_then(|text| serde_json::from_str(&text).ok()),
                        })
                    })?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })?);
        }
        Ok(all)
    }

    fn section(&mut self, id: &str) -> Result<Section> {
        let found = self.sections()?.into_iter().find(|s| s.id == id);
        found.ok_or_else(|| Error::params(format!("thread section not found: {id}")))
    }

    /// The section that a thread is in.
    pub(super) fn section_place(&mut self, id: ThreadId) -> Option<SectionPlace> {
        if !self.index.exists() {
            return None;
        }
        let key = id.to_string();
        let (section, position, entered_at) = self
            .index
            .with(|db| {
                db.prepare_cached(
                    "SELECT section_id, position, entered_at FROM section_members WHERE thread_id = ?1",
                )?
                .query_row([&key], |r| {
                    Ok((r.get::<_, String>(0)?, r.get::<_, f64>(1)?, r.get::<_, i64>(2)?))
                })
                .optional()
            })
            .ok()??;
        let section = self.section(&section).ok()?;
        Some(SectionPlace {
            id: section.id,
            name: section.name,
            appearance: section.appearance,
            position,
            entered_at,
        })
    }

    /// Which threads are in sections.
    pub(super) fn section_places(&mut self) -> HashMap<ThreadId, SectionPlace> {
        if !self.index.exists() {
            return HashMap::new();
        }
        let Ok(sections) = self.sections() else {
            return HashMap::new();
        };
        let members = self.index.with(|db| {
            db.prepare_cached("SELECT thread_id, section_id, position, entered_at FROM section_members")?
                .query_map([], |r| {
                    Ok((
                        r.get::<_, String>(0)?,
                        r.get::<_, String>(1)?,
                        r.get::<_, f64>(2)?,
                        r.get::<_, i64>(3)?,
                    ))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        let place = |(thread, section, position, entered_at): (String, String, f64, i64)| {
            let section = sections.iter().find(|s| s.id == section)?;
            let place = SectionPlace {
                id: section.id.clone(),
                name: section.name.clone(),
                appearance: section.appearance.clone(),
                position,
                entered_at,
            };
            Some((thread.parse().ok()?, place))
        };
        members
            .unwrap_or_default()
            .into_iter()
            .filter_map(place)
            .collect()
    }
}
