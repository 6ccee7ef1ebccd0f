//! What clients attach to threads (docs/contract/threads.md#attachments).

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::ThreadStore;
use crate::{Error, Field, Result, ThreadId};

/// Something attached to a thread; unique by thread, type and key.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// Identifier.
    pub id: String,
    /// What it is, in words of the client.
    pub kind: String,
    /// What it stands for, in words of the client.
    pub key: String,
    /// Any JSON.
    pub payload: Value,
    /// Unix seconds.
    pub created_at: i64,
}

impl Attachment {
    fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        let payload: String = r.get(3)?;
        Ok(Self {
            id: r.get(0)?,
            kind: r.get(1)?,
            key: r.get(2)?,
            payload: serde_json::from_str(&payload).unwrap_or_default(),
            created_at: r.get(4)?,
        })
    }
}

fn find(db: &Connection, thread: &str, kind: &str, key: &str) -> rusqlite::Result<Option<Attachment>> {
    db.prepare_cached(
        "SELECT id, attachment_type, identity_key, payload, created_at FROM attachments
         WHERE thread_id = ?1 AND attachment_type = ?2 AND identity_key = ?3",
    )?
    .query_row([thread, kind, key], Attachment::read)
    .optional()
}

fn check(kind: &str, key: &str) -> Result<()> {
    for (field, value) in [(Field::AttachmentType, kind), (Field::AttachmentKey, key)] {
        if value.trim().is_empty() {
            return Err(Error::Empty(field));
        }
    }
    Ok(())
}

impl ThreadStore {
    /// Attaches something. `false`: it was attached before, and stays as it was.
    pub async fn attach(
        &self,
        id: ThreadId,
        kind: String,
        key: String,
        payload: Value,
    ) -> Result<(Attachment, bool)> {
        check(&kind, &key)?;
        self.blocking(move |state| {
            let thread = id.to_string();
            let new = Attachment {
                id: crate::new_id(),
                kind,
                key,
                payload,
                created_at: crate::now_s(),
            };
            let found = state.data.write(|db| {
                if let Some(old) = find(db, &thread, &new.kind, &new.key)? {
                    return Ok(Some(old));
                }
                db.execute(
                    "INSERT INTO attachments VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        new.id,
                        thread,
                        new.kind,
                        new.key,
                        new.payload.to_string(),
                        new.created_at
                    ],
                )?;
                Ok(None)
            })?;
            Ok(found.map_or((new, true), |old| (old, false)))
        })
        .await
    }

    /// What is attached to a thread, oldest first, behind the identifier `after`. `true` if there is more.
    pub async fn attachments(
        &self,
        id: ThreadId,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Attachment>, bool)> {
        self.blocking(move |state| {
            let (thread, after) = (id.to_string(), after.unwrap_or_default());
            let wanted = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
            // Identifiers sort by time.
            let mut found = state.data.read(|db| {
                db.prepare_cached(
                    "SELECT id, attachment_type, identity_key, payload, created_at FROM attachments
                     WHERE thread_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                )?
                .query_map(params![thread, after, wanted], Attachment::read)?
                .collect::<rusqlite::Result<Vec<_>>>()
            })?;
            let more = found.len() > limit;
            found.truncate(limit);
            Ok((found, more))
        })
        .await
    }

    /// Takes something off a thread. Gives what it was.
    pub async fn detach(&self, id: ThreadId, kind: String, key: String) -> Result<Option<Attachment>> {
        check(&kind, &key)?;
        self.blocking(move |state| {
            let thread = id.to_string();
            Ok(state.data.remove(|db| {
                let old = find(db, &thread, &kind, &key)?;
                if let Some(old) = &old {
                    db.execute("DELETE FROM attachments WHERE id = ?1", [&old.id])?;
                }
                Ok(old)
            })?)
        })
        .await
    }

    /// Threads that something is attached to, by identifier, behind `after`, with whether they are archived. `true` if
    /// there are more.
    pub async fn attachment_owners(
        &self,
        kind: String,
        key: String,
        archived: Option<bool>,
        after: Option<ThreadId>,
        limit: usize,
    ) -> Result<(Vec<(ThreadId, bool)>, bool)> {
        check(&kind, &key)?;
        self.blocking(move |state| {
            let after = after.map(|id| id.to_string()).unwrap_or_default();
            let ids = state.data.read(|db| {
                db.prepare_cached(
                    "SELECT thread_id FROM attachments
                     WHERE attachment_type = ?1 AND identity_key = ?2 AND thread_id > ?3 ORDER BY thread_id",
                )?
                .query_map([&kind, &key, &after], |r| r.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
            })?;
            state.directory.refresh();
            let mut owners: Vec<(ThreadId, bool)> = Vec::new();
            for id in ids.iter().filter_map(|id| id.parse().ok()) {
                // A thread without a file is one that has only just been started.
                let is_archived = state.directory.all(id).pop().is_some_and(|r| r.archived);
                if archived.is_none_or(|wanted| wanted == is_archived) {
                    owners.push((id, is_archived));
                    if owners.len() > limit {
                        break;
                    }
                }
            }
            let more = owners.len() > limit;
            owners.truncate(limit);
            Ok((owners, more))
        })
        .await
    }
}
