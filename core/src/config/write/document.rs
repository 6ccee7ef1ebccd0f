//! Changes of a TOML text that leave all else as it is: comments, order, blanks, quotes, ends of lines.

use serde_json::{Map, Value as Json};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::super::error::without_values;
use super::values::{new_item, new_table, new_value, raw, replace};

/// What to do with one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edit {
    /// Where: at least one name.
    pub(super) path: Vec<String>,
    /// What it is to be; `None` removes it.
    pub(super) value: Option<Json>,
    /// Whether tables are merged rather than replaced.
    pub(super) upsert: bool,
}

/// The text after these edits. The error says what is wrong with the text or with an edit.
pub(super) fn edited(text: &str, edits: &[Edit]) -> Result<String, String> {
    changed(text, |document| {
        for edit in edits {
            match &edit.value {
                Some(value) => set(document, &edit.path, value, edit.upsert)?,
                None => remove(document, &edit.path),
            }
        }
        Ok(())
    })
}

/// The text after a change.
pub(super) fn changed(
    text: &str,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<String, String> {
    // The whole error would quote the line, which may hold a secret.
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].lines().count().max(1));
        format!(
            "line {line} is no valid TOML: {}",
            without_values(error.message())
        )
    })?;
    let before = document.to_string();
    change(&mut document)?;
    let after = document.to_string();
    if after == before {
        return Ok(text.to_owned());
    }
    Ok(with_line_ends_of(text, &after))
}

fn set(document: &mut DocumentMut, path: &[String], value: &Json, upsert: bool) -> Result<(), String> {
    let Some(first) = path.first() else { return Ok(()) };
    let is_new = !document.contains_key(first);
    let is_first = document.is_empty();
    set_in_table(document.as_table_mut(), path, value, upsert)?;
    if !is_new {
        return Ok(());
    }
    // A new section goes to the end, behind the comments that are there.
    let last = last_position(document.as_table());
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    if is_first
        && document.get(first).is_some_and(Item::is_value)
        && let Some(mut key) = document.key_mut(first)
    {
        // So far there were comments only.
        key.leaf_decor_mut().set_prefix(trailing);
        document.set_trailing("");
        return Ok(());
    }
    if let Some(Item::Table(table)) = document.get_mut(first) {
        let mut section = table;
        section.set_position(Some(last + 1));
        while section.is_implicit() {
            let below = section.iter_mut().find_map(|(_, item)| match item {
                Item::Table(table) => Some(table),
                _ => None,
            });
            let Some(below) = below else { return Ok(()) };
            section = below;
            section.set_position(Some(last + 1));
        }
        if !trailing.trim().is_empty() {
            section.decor_mut().set_prefix(format!("{trailing}\n"));
            document.set_trailing("");
        }
    }
    Ok(())
}

fn set_in_table(table: &mut Table, path: &[String], value: &Json, upsert: bool) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(());
    };
    let is_there = table.get(name).is_some_and(|item| !item.is_none());
    if is_there && let Some(item) = table.get_mut(name) {
        return set_in_item(item, rest, value, upsert);
    }
    let nested = nest(rest, value);
    let item = if table.is_dotted() {
        Item::Value(new_value(&nested)?)
    } else {
        new_item(&nested)?
    };
    table.insert(name, item);
    Ok(())
}

fn set_in_item(item: &mut Item, path: &[String], value: &Json, upsert: bool) -> Result<(), String> {
    if path.is_empty() {
        return put(item, value, upsert);
    }
    match item {
        Item::Table(table) => set_in_table(table, path, value, upsert),
        Item::Value(Value::InlineTable(table)) => set_in_inline(table, path, value, upsert),
        _ => Err("cannot set value on non-table parent".to_owned()),
    }
}

fn set_in_inline(table: &mut InlineTable, path: &[String], value: &Json, upsert: bool) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(());
    };
    match (table.get_mut(name), rest) {
        (Some(Value::InlineTable(below)), [_, ..]) => set_in_inline(below, rest, value, upsert),
        (Some(_), [_, ..]) => Err("cannot set value on non-table parent".to_owned()),
        (Some(present), []) => put_value(present, value, upsert),
        (None, _) => {
            let mut new = new_value(&nest(rest, value))?;
            // What stood before the bracket still does.
            let last = table.iter_mut().last();
            if let Some((_, last)) = last {
                let suffix = raw(last.decor().suffix());
                last.decor_mut().set_suffix("");
                *new.decor_mut() = toml_edit::Decor::new(" ", suffix);
            }
            table.insert(name, new);
            Ok(())
        }
    }
}

fn put(item: &mut Item, json: &Json, upsert: bool) -> Result<(), String> {
    match (&mut *item, json) {
        (Item::Table(table), Json::Object(members)) => {
            if !upsert {
                let gone = gone(table.iter().map(|(name, _)| name), members);
                for name in gone {
                    table.remove(&name);
                }
            }
            for (name, value) in members {
                set_in_table(table, std::slice::from_ref(name), value, upsert)?;
            }
            Ok(())
        }
        (Item::ArrayOfTables(tables), Json::Array(items))
            if !items.is_empty() && items.iter().all(Json::is_object) =>
        {
            put_tables(tables, items)
        }
        (Item::Value(value), json) => put_value(value, json, upsert),
        (item, json) => {
            *item = Item::Value(new_value(json)?);
            Ok(())
        }
    }
}

fn put_value(value: &mut Value, json: &Json, upsert: bool) -> Result<(), String> {
    let (Value::InlineTable(table), Json::Object(members)) = (&mut *value, json) else {
        return replace(value, json);
    };
    if !upsert {
        let gone = gone(table.iter().map(|(name, _)| name), members);
        for name in gone {
            table.remove(&name);
        }
    }
    for (name, json) in members {
        set_in_inline(table, std::slice::from_ref(name), json, upsert)?;
    }
    Ok(())
}

/// `[[…]]`, one by one.
fn put_tables(tables: &mut ArrayOfTables, items: &[Json]) -> Result<(), String> {
    while tables.len() > items.len() {
        tables.remove(tables.len() - 1);
    }
    for (index, members) in items.iter().enumerate() {
        let Json::Object(members) = members else { continue };
        match tables.get_mut(index) {
            Some(table) => {
                for name in gone(table.iter().map(|(name, _)| name), members) {
                    table.remove(&name);
                }
                for (name, value) in members {
                    set_in_table(table, std::slice::from_ref(name), value, false)?;
                }
            }
            None => {
                let mut table = new_table(members)?;
                table.set_implicit(false);
                // Next to the last one; a table without a place would go there anyway, but its children would not.
                let last = tables.iter().last().and_then(Table::position);
                table.set_position(last);
                tables.push(table);
            }
        }
    }
    Ok(())
}

/// The names that are not to be there any more.
fn gone<'a>(names: impl Iterator<Item = &'a str>, wanted: &Map<String, Json>) -> Vec<String> {
    names
        .filter(|name| !wanted.contains_key(*name))
        .map(ToOwned::to_owned)
        .collect()
}

/// A value at the end of a path, as the members of tables.
fn nest(path: &[String], value: &Json) -> Json {
    let wrap = |inner, name: &String| Json::Object(Map::from_iter([(name.clone(), inner)]));
    path.iter().rev().fold(value.clone(), wrap)
}

/// Removes a key; what is not there stays away. Comments above it stay, above what follows.
fn remove(document: &mut DocumentMut, path: &[String]) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    let mut item = document.as_item_mut();
    for name in above {
        match item.get_mut(name) {
            Some(below) if below.is_table_like() => item = below,
            _ => return,
        }
    }
    let table = match item {
        Item::Table(table) => table,
        Item::Value(Value::InlineTable(table)) => {
            if let Some((_, removed)) = table.remove_entry(last) {
                // The last value keeps the blank before the bracket.
                if let Some((_, now_last)) = table.iter_mut().last() {
                    let suffix = raw(removed.decor().suffix());
                    if !suffix.is_empty() && raw(now_last.decor().suffix()).is_empty() {
                        now_last.decor_mut().set_suffix(suffix);
                    }
                }
                if let Some((mut first, _)) = table.iter_mut().next() {
                    let prefix = raw(first.leaf_decor_mut().prefix());
                    if prefix.is_empty() {
                        first.leaf_decor_mut().set_prefix(" ");
                    }
                }
            }
            return;
        }
        _ => return,
    };
    let next = table
        .iter()
        .skip_while(|(name, _)| name != last)
        .skip(1)
        .find(|(_, item)| item.is_value())
        .map(|(name, _)| name.to_owned());
    let position = table.position();
    let Some((key, removed)) = table.remove_entry(last) else {
        return;
    };
    let (comment, position) = match &removed {
        Item::Table(removed) => (raw(removed.decor().prefix()), removed.position()),
        Item::ArrayOfTables(removed) => {
            let first = removed.iter().next();
            let comment = first.map(|first| raw(first.decor().prefix()));
            (comment.unwrap_or_default(), first.and_then(Table::position))
        }
        _ => {
            let comment = raw(key.leaf_decor().prefix());
            if let Some(next) = next
                && let Some(mut next) = table.key_mut(&next)
                && comment.contains('#')
            {
                let prefix = raw(next.leaf_decor_mut().prefix());
                next.leaf_decor_mut().set_prefix(format!("{comment}{prefix}"));
                return;
            }
            (comment, position)
        }
    };
    if comment.contains('#') {
        put_comment_behind(document, &comment, position.unwrap_or(-1));
    }
}

/// Puts a comment before the section that follows a position, or to the end.
fn put_comment_behind(document: &mut DocumentMut, comment: &str, position: isize) {
    let mut next: Option<isize> = None;
    visit(document.as_table_mut(), &mut |table| {
        if let Some(found) = table.position()
            && found > position
            && !table.is_implicit()
        {
            next = Some(next.map_or(found, |known| known.min(found)));
        }
    });
    let Some(next) = next else {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(format!("{comment}{trailing}"));
        return;
    };
    let mut comment = Some(comment);
    visit(document.as_table_mut(), &mut |table| {
        if table.position() == Some(next)
            && !table.is_implicit()
            && let Some(comment) = comment.take()
        {
            let prefix = raw(table.decor().prefix());
            table.decor_mut().set_prefix(format!("{comment}{prefix}"));
        }
    });
}

fn last_position(table: &Table) -> isize {
    let below = table.iter().map(|(_, item)| match item {
        Item::Table(table) => last_position(table),
        Item::ArrayOfTables(tables) => tables.iter().map(last_position).max().unwrap_or(0),
        _ => 0,
    });
    below.max().unwrap_or(0).max(table.position().unwrap_or(0))
}

fn visit(table: &mut Table, look: &mut impl FnMut(&mut Table)) {
    look(table);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => visit(table, look),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|table| visit(table, look)),
            _ => {}
        }
    }
}

/// The new text with the old one's ends of lines: those of lines that stay are kept, others are like most.
fn with_line_ends_of(old: &str, new: &str) -> String {
    if !old.contains('\r') {
        return new.to_owned();
    }
    let content = |line: &str| line.trim_end_matches(['\r', '\n']).to_owned();
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let crlf = old.iter().filter(|line| line.ends_with("\r\n")).count();
    let end = if crlf * 2 >= old.len() { "\r\n" } else { "\n" };
    let old_contents: Vec<_> = old.iter().map(|line| content(line)).collect();
    let new_contents: Vec<_> = new.iter().map(|line| content(line)).collect();
    let mut text = String::with_capacity(new.len());
    for op in capture_diff_slices(Algorithm::Myers, &old_contents, &new_contents) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                for line in &old[old_index..old_index + len] {
                    text.push_str(line);
                    if !line.ends_with('\n') {
                        text.push_str(end);
                    }
                }
            }
            DiffOp::Delete { .. } => {}
            DiffOp::Insert {
                new_index, new_len, ..
            }
            | DiffOp::Replace {
                new_index, new_len, ..
            } => {
                for line in &new_contents[new_index..new_index + new_len] {
                    text.push_str(line);
                    text.push_str(end);
                }
            }
        }
    }
    text
}
