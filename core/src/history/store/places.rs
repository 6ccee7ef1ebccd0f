//! Places of threads in a section: numbers, so that a move changes one row.

use rusqlite::{Connection, params};

use crate::ThreadId;

/// Room between neighbours, so that others fit between them.
const GAP: f64 = 1_000_000.0;

/// Where `thread` goes: before another one, or behind the last. `None` if the other one is not in the section. Where
/// no number is left between two neighbours, all members get new ones, in the same order.
pub(super) fn make_room(
    db: &Connection,
    section: &str,
    thread: &str,
    before: Option<ThreadId>,
) -> rusqlite::Result<Option<f64>> {
    let mut members = db
        .prepare_cached(
            "SELECT thread_id, position FROM section_members WHERE section_id = ?1 AND thread_id != ?2
             ORDER BY position, thread_id",
        )?
        .query_map([section, thread], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, f64)>>>()?;
    let at = match before {
        None => members.len(),
        Some(before) => {
            let before = before.to_string();
            match members.iter().position(|(id, _)| *id == before) {
                Some(at) => at,
                None => return Ok(None),
            }
        }
    };
    if let Some(position) = between(&members, at) {
        return Ok(Some(position));
    }
    let mut position = 0.0;
    let mut update = db.prepare_cached("UPDATE section_members SET position = ?2 WHERE thread_id = ?1")?;
    for (id, place) in &mut members {
        position += GAP;
        *place = position;
        update.execute(params![&*id, position])?;
    }
    Ok(between(&members, at))
}

/// A number for a new member in front of the one at `at`, if there is one.
fn between(members: &[(String, f64)], at: usize) -> Option<f64> {
    let previous = at
        .checked_sub(1)
        .and_then(|at| members.get(at))
        .map(|(_, place)| *place);
    let next = members.get(at).map(|(_, place)| *place);
    let position = match (previous, next) {
        (None, None) => GAP,
        (Some(previous), None) => previous + GAP,
        (None, Some(next)) => next - GAP,
        (Some(previous), Some(next)) => f64::midpoint(previous, next),
    };
    let fits = position.is_finite()
        && previous.is_none_or(|previous| previous < position)
        && next.is_none_or(|next| position < next);
    fits.then_some(position)
}
