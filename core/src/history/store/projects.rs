//! Projects of the user, and which threads belong to them (docs/contract/threads.md#projects).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{State, ThreadStore};
use crate::project::MAX_SIZE;
use crate::{Error, NewProject, Project, ProjectError, ProjectOrder, ProjectPatch, Result, ThreadId};

/// Members of a project whose last changes are looked at, the newest ones.
const MAX_LOOKED_AT: usize = 1000;

impl ThreadStore {
    /// A page of the projects behind a cursor, and the cursor behind it if there are more.
    pub async fn projects(
        &self,
        order: ProjectOrder,
        descending: bool,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Project>, Option<String>)> {
        self.blocking(move |state| {
            let anchor = cursor.map(|cursor| Anchor::parse(&cursor, order, descending));
            let anchor = anchor.transpose()?;
            let mut all = state.all_projects()?;
            let key = |project: &Project| match order {
                ProjectOrder::Position => Anchor::new(Some(project.position), &project.id),
                ProjectOrder::Recency => Anchor::new(project.recency_at.map(|at| at * 1000), &project.id),
            };
            all.sort_by(|a, b| key(a).compare(&key(b), descending));
            let mut rest = all.into_iter().filter(|project| {
                let behind = |anchor: &Anchor| anchor.compare(&key(project), descending).is_lt();
                anchor.as_ref().is_none_or(behind)
            });
            let page: Vec<_> = rest.by_ref().take(limit).collect();
            let last = page.last().filter(|_| rest.next().is_some());
            let next = last.map(|last| key(last).write(order, descending));
            Ok((page, next))
        })
        .await
    }

    /// A project.
    pub async fn project(&self, id: String) -> Result<Project> {
        self.blocking(move |state| state.project(&id)).await
    }

    /// Fails if there is no such project. Looks at none of its threads, as [`Self::project`] does.
    pub async fn check_project(&self, id: String) -> Result<()> {
        self.blocking(move |state| {
            if state.data.read(|db| exists(db, &id))? {
                return Ok(());
            }
            Err(ProjectError::NotFound(id).into())
        })
        .await
    }

    /// Makes a project. False: the wish was granted before, by this one.
    pub async fn create_project(&self, new: NewProject) -> Result<(Project, bool)> {
        if new.key.trim().is_empty() {
            return Err(ProjectError::NoKey.into());
        }
        let name = checked_name(&new.name)?;
        check_roots(&new.roots)?;
        self.blocking(move |state| {
            let now = crate::now_s();
            let project = Project {
                id: crate::new_id(),
                name: name.clone(),
                roots: new.roots.clone(),
                metadata: new.metadata.clone(),
                created_at: now,
                updated_at: now,
                recency_at: None,
                position: 0,
            };
            let known = state.data.read(|db| id_of_key(db, &new.key))?;
            if known.is_none() {
                check_size(&project)?;
                let mut seen = HashSet::new();
                for thread in &new.threads {
                    if !seen.insert(*thread) {
                        return Err(ProjectError::DuplicateThread(*thread).into());
                    }
                    if state.find(*thread)?.is_none() {
                        return Err(ProjectError::ThreadNotFound(thread.to_string()).into());
                    }
                }
            }
            let id = state.data.write(|db| {
                if let Some(id) = id_of_key(db, &new.key)? {
                    return Ok(id);
                }
                db.execute(
                    "INSERT INTO projects SELECT ?1, ?2, ?3, ?4, ?5, ?5, coalesce(max(position), -1) + 1 FROM projects",
                    params![project.id, project.name, roots_json(&project.roots), json(&project.metadata), now],
                )?;
                db.execute(
                    "INSERT INTO project_keys VALUES (?1, ?2)",
                    params![new.key, project.id],
                )?;
                for thread in &new.threads {
                    db.execute(
                        "INSERT INTO project_members VALUES (?1, ?2)
                         ON CONFLICT(thread_id) DO UPDATE SET project_id = ?2",
                        params![thread.to_string(), project.id],
                    )?;
                }
                Ok(project.id.clone())
            })?;
            let created = id == project.id;
            let found = state.project(&id).map_err(|error| match error {
                Error::Project(ProjectError::NotFound(_)) => ProjectError::KeyOfDeleted(new.key.clone()).into(),
                other => other,
            })?;
            Ok((found, created))
        })
        .await
    }

    /// Changes a project. False: it was so before.
    pub async fn update_project(&self, id: String, patch: ProjectPatch) -> Result<(Project, bool)> {
        let name = patch.name.as_deref().map(checked_name).transpose()?;
        if let Some(roots) = &patch.roots {
            check_roots(roots)?;
        }
        self.blocking(move |state| {
            let before = state.project(&id)?;
            let mut project = before.clone();
            project.name = name.unwrap_or(project.name);
            project.roots = patch.roots.unwrap_or(project.roots);
            project.metadata = patch.metadata.unwrap_or(project.metadata);
            if project == before {
                return Ok((project, false));
            }
            check_size(&project)?;
            project.updated_at = crate::now_s();
            state.data.write(|db| {
                let changed = db.execute(
                    "UPDATE projects SET name = ?2, roots = ?3, metadata = ?4, updated_at = ?5 WHERE id = ?1",
                    params![
                        project.id,
                        project.name,
                        roots_json(&project.roots),
                        json(&project.metadata),
                        project.updated_at
                    ],
                )?;
                match changed {
                    0 => Err(Error::from(ProjectError::NotFound(id.clone())).into()),
                    _ => Ok(()),
                }
            })?;
            Ok((project, true))
        })
        .await
    }

    /// Puts a project before another one, or to the end.
    pub async fn move_project(&self, id: String, before: Option<String>) -> Result<()> {
        self.blocking(move |state| {
            state.data.write(|db| {
                let mut ids = db
                    .prepare_cached("SELECT id FROM projects ORDER BY position, id")?
                    .query_map([], |r| r.get(0))?
                    .collect::<rusqlite::Result<Vec<String>>>()?;
                let place = |ids: &[String], id: &str| ids.iter().position(|known| known == id);
                let refuse = |error: ProjectError| Error::from(error).into();
                let Some(at) = place(&ids, &id) else {
                    return Err(refuse(ProjectError::NotFound(id.clone())));
                };
                if before.as_ref() == Some(&id) {
                    return Err(refuse(ProjectError::BeforeItself(id.clone())));
                }
                let moved = ids.remove(at);
                let to = match &before {
                    None => ids.len(),
                    Some(before) => match place(&ids, before) {
                        Some(to) => to,
                        None => return Err(refuse(ProjectError::BeforeNotFound(before.clone()))),
                    },
                };
                ids.insert(to, moved);
                let mut update = db.prepare_cached("UPDATE projects SET position = ?2 WHERE id = ?1")?;
                for (position, id) in ids.iter().enumerate() {
                    update.execute(params![id, i64::try_from(position).unwrap_or(i64::MAX)])?;
                }
                Ok(())
            })?;
            Ok(())
        })
        .await
    }

    /// Removes a project; its threads stay, and belong to none then. Gives which they are.
    pub async fn delete_project(&self, id: String) -> Result<Vec<ThreadId>> {
        self.blocking(move |state| {
            let members = state.data.write(|db| {
                let members = members_of(db, &id)?;
                db.execute("DELETE FROM project_members WHERE project_id = ?1", [&id])?;
                match db.execute("DELETE FROM projects WHERE id = ?1", [&id])? {
                    0 => Err(Error::from(ProjectError::NotFound(id.clone())).into()),
                    _ => Ok(members),
                }
            })?;
            Ok(members)
        })
        .await
    }

    /// Puts a thread into a project, or takes it out of any. False: it was so before.
    pub async fn assign_project(&self, thread: ThreadId, project: Option<String>) -> Result<bool> {
        self.blocking(move |state| {
            let key = thread.to_string();
            let Some(project) = project else {
                let removed = state.data.remove(|db| {
                    Ok(db.execute("DELETE FROM project_members WHERE thread_id = ?1", [&key])?)
                })?;
                return Ok(removed > 0);
            };
            let changed = state.data.write(|db| {
                if !exists(db, &project)? {
                    return Err(Error::from(ProjectError::NotFound(project.clone())).into());
                }
                if project_of(db, &key)?.as_ref() == Some(&project) {
                    return Ok(false);
                }
                db.execute(
                    "INSERT INTO project_members VALUES (?1, ?2) ON CONFLICT(thread_id) DO UPDATE SET project_id = ?2",
                    params![key, project],
                )?;
                Ok(true)
            })?;
            Ok(changed)
        })
        .await
    }
}

impl State {
    fn project(&mut self, id: &str) -> Result<Project> {
        let found = self.data.read(|db| {
            db.prepare_cached(&format!("{PROJECTS} WHERE id = ?1"))?
                .query_row([id], read)
                .optional()
        })?;
        let mut project = found.ok_or_else(|| Error::from(ProjectError::NotFound(id.to_owned())))?;
        let members = self.data.read(|db| members_of(db, id))?;
        self.directory.refresh();
        project.recency_at = self.recency(&members);
        Ok(project)
    }

    /// All projects, with the last changes of their threads.
    fn all_projects(&mut self) -> Result<Vec<Project>> {
        let (mut projects, members) = self.data.read(|db| {
            let projects = db
                .prepare_cached(PROJECTS)?
                .query_map([], read)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let members = db
                .prepare_cached("SELECT thread_id, project_id FROM project_members")?
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
                .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
            Ok((projects, members))
        })?;
        let mut of_project: HashMap<String, Vec<ThreadId>> = HashMap::new();
        for (thread, project) in members {
            if let Ok(thread) = thread.parse() {
                of_project.entry(project).or_default().push(thread);
            }
        }
        self.directory.refresh();
        for project in &mut projects {
            if let Some(members) = of_project.get(&project.id) {
                project.recency_at = self.recency(members);
            }
        }
        Ok(projects)
    }

    /// When one of these threads changed last, as far as the directory is up to date.
    fn recency(&mut self, members: &[ThreadId]) -> Option<i64> {
        let mut newest = members.to_vec();
        newest.sort_unstable();
        let looked_at = newest.into_iter().rev().take(MAX_LOOKED_AT);
        // A thread that can't be read has not changed.
        let changes = looked_at.filter_map(|id| {
            let newest = self.directory.all(id).pop()?;
            Some(self.row(&newest)?.0.mtime_ms / 1000)
        });
        changes.max()
    }
}

/// A place in a list of projects.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    /// `None` comes last.
    at: Option<i64>,
    id: String,
}

impl Anchor {
    fn new(at: Option<i64>, id: &str) -> Self {
        Self {
            at,
            id: id.to_owned(),
        }
    }

    fn compare(&self, other: &Self, descending: bool) -> std::cmp::Ordering {
        let directed = |order: std::cmp::Ordering| if descending { order.reverse() } else { order };
        let by_value = match (self.at, other.at) {
            (Some(one), Some(other)) => directed(one.cmp(&other)),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        by_value.then_with(|| directed(self.id.cmp(&other.id)))
    }

    /// The first list that there was has cursors of its own.
    fn is_plain(order: ProjectOrder, descending: bool) -> bool {
        order == ProjectOrder::Position && !descending
    }

    fn prefix(order: ProjectOrder, descending: bool) -> String {
        let order = match order {
            ProjectOrder::Position => "position",
            ProjectOrder::Recency => "recencyAt",
        };
        format!("v1|{order}|{}|", if descending { "desc" } else { "asc" })
    }

    fn write(&self, order: ProjectOrder, descending: bool) -> String {
        let at = self.at.map_or_else(|| "null".to_owned(), |at| at.to_string());
        let place = format!("{at}|{}", self.id);
        if Self::is_plain(order, descending) {
            place
        } else {
            Self::prefix(order, descending) + &place
        }
    }

    fn parse(text: &str, order: ProjectOrder, descending: bool) -> Result<Self> {
        let parsed = || {
            let place = if Self::is_plain(order, descending) {
                text
            } else {
                text.strip_prefix(&Self::prefix(order, descending))?
            };
            let (at, id) = place.split_once('|')?;
            let at = match at {
                "null" => None,
                number => Some(number.parse().ok()?),
            };
            Uuid::parse_str(id).ok()?;
            Some(Self::new(at, id))
        };
        parsed().ok_or_else(|| ProjectError::Cursor.into())
    }
}

const PROJECTS: &str = "SELECT id, name, roots, metadata, created_at, updated_at, position FROM projects";

/// Whether there is such a project.
fn exists(db: &Connection, id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS(SELECT 1 FROM projects WHERE id = ?1)")?
        .query_row([id], |r| r.get(0))
}

/// Takes the columns of [`PROJECTS`].
fn read(r: &Row<'_>) -> rusqlite::Result<Project> {
    let roots: String = r.get(2)?;
    let metadata: String = r.get(3)?;
    Ok(Project {
        id: r.get(0)?,
        name: r.get(1)?,
        roots: serde_json::from_str(&roots).unwrap_or_default(),
        metadata: serde_json::from_str(&metadata).unwrap_or_default(),
        created_at: r.get(4)?,
        updated_at: r.get(5)?,
        recency_at: None,
        position: r.get(6)?,
    })
}

fn id_of_key(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT project_id FROM project_keys WHERE key = ?1")?
        .query_row([key], |r| r.get(0))
        .optional()
}

fn members_of(db: &Connection, project: &str) -> rusqlite::Result<Vec<ThreadId>> {
    let members = db
        .prepare_cached("SELECT thread_id FROM project_members WHERE project_id = ?1 ORDER BY thread_id")?
        .query_map([project], |r| r.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(members.iter().filter_map(|thread| thread.parse().ok()).collect())
}

/// The project that a thread belongs to.
pub(super) fn project_of(db: &Connection, thread: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT project_id FROM project_members WHERE thread_id = ?1")?
        .query_row([thread], |r| r.get(0))
        .optional()
}

fn checked_name(name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(ProjectError::NoName.into()),
        name => Ok(name.to_owned()),
    }
}

fn check_roots(roots: &[PathBuf]) -> Result<()> {
    let mut seen = HashSet::new();
    match roots.iter().find(|root| !seen.insert(*root)) {
        Some(twice) => Err(ProjectError::DuplicateRoot(twice.clone()).into()),
        None => Ok(()),
    }
}

fn check_size(project: &Project) -> Result<()> {
    let size = project.name.len() + roots_json(&project.roots).len() + json(&project.metadata).len();
    if size > MAX_SIZE {
        return Err(ProjectError::TooLarge.into());
    }
    Ok(())
}

fn roots_json(roots: &[PathBuf]) -> String {
    let texts: Vec<_> = roots.iter().map(|root| root.to_string_lossy()).collect();
    serde_json::to_string(&texts).unwrap_or_default()
}

fn json(metadata: &BTreeMap<String, String>) -> String {
    serde_json::to_string(metadata).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_were_written_and_fit_their_list_only() {
        let id = "01a22634-5781-7771-98ee-f8ed7a959da4";
        for (order, descending, at, text) in [
            (ProjectOrder::Position, false, Some(3), format!("3|{id}")),
            (
                ProjectOrder::Recency,
                true,
                None,
                format!("v1|recencyAt|desc|null|{id}"),
            ),
            (
                ProjectOrder::Recency,
                false,
                Some(5),
                format!("v1|recencyAt|asc|5|{id}"),
            ),
        ] {
            let anchor = Anchor::new(at, id);
            assert_eq!(anchor.write(order, descending), text);
            assert_eq!(Anchor::parse(&text, order, descending).expect("a cursor"), anchor);
            assert!(Anchor::parse(&text, order, !descending).is_err());
        }
        for bad in ["", "zz", "0|zz", "x|01a22634-5781-7771-98ee-f8ed7a959da4", "|"] {
            assert!(
                Anchor::parse(bad, ProjectOrder::Position, false).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn projects_without_threads_come_last_in_either_direction() {
        let (old, new, none) = (
            Anchor::new(Some(1), "b"),
            Anchor::new(Some(2), "a"),
            Anchor::new(None, "c"),
        );
        assert!(old.compare(&new, false).is_lt() && new.compare(&none, false).is_lt());
        assert!(new.compare(&old, true).is_lt() && old.compare(&none, true).is_lt());
    }
}
