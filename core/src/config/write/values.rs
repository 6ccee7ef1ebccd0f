//! JSON as TOML that is written into a document, and how much of what is there stays.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, Decor, InlineTable, Item, RawString, Table, Value};

/// A value for a place that has none: objects become tables of their own where that is possible.
pub(super) fn new_item(json: &Json) -> Result<Item, String> {
    match json {
        Json::Object(members) => Ok(Item::Table(new_table(members)?)),
        other => Ok(Item::Value(new_value(other)?)),
    }
}

pub(super) fn new_table(members: &Map<String, Json>) -> Result<Table, String> {
    let mut table = Table::new();
    for (name, value) in members {
        table.insert(name, new_item(value)?);
    }
    // A header that only leads to others would be a line for nothing.
    table.set_implicit(!table.is_empty() && table.iter().all(|(_, item)| item.is_table()));
    Ok(table)
}

/// A value in one line.
pub(super) fn new_value(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => {
            return Err("invalid value: invalid type: null, expected any valid TOML value".to_owned());
        }
        Json::Bool(switch) => Value::from(*switch),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::from(integer),
            (None, _) if number.is_u64() => return Err("invalid value: u64 value was too large".to_owned()),
            (None, Some(float)) => Value::from(float),
            (None, None) => return Err("invalid value: the number is too large".to_owned()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            let mut array = Array::new();
            for item in items {
                array.push(new_value(item)?);
            }
            Value::Array(array)
        }
        Json::Object(members) => {
            let mut table = InlineTable::new();
            for (name, value) in members {
                table.insert(name, new_value(value)?);
            }
            Value::InlineTable(table)
        }
    })
}

/// Whether a value says this already.
pub(super) fn is_same(value: &Value, json: &Json) -> bool {
    match (value, json) {
        (Value::String(text), Json::String(other)) => text.value() == other,
        (Value::Integer(number), Json::Number(other)) => other.as_i64() == Some(*number.value()),
        (Value::Float(number), Json::Number(other)) => {
            other.is_f64()
                && other
                    .as_f64()
                    .is_some_and(|other| other.to_bits() == number.value().to_bits())
        }
        (Value::Boolean(switch), Json::Bool(other)) => switch.value() == other,
        (Value::Array(items), Json::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| is_same(item, other))
        }
        (Value::InlineTable(table), Json::Object(others)) => {
            table.len() == others.len()
                && others
                    .iter()
                    .all(|(name, other)| table.get(name).is_some_and(|value| is_same(value, other)))
        }
        _ => false,
    }
}

/// Puts another value in the place of one; the blanks and the comment around it stay.
pub(super) fn replace(value: &mut Value, json: &Json) -> Result<(), String> {
    if is_same(value, json) {
        return Ok(());
    }
    if let (Value::Array(items), Json::Array(others)) = (&mut *value, json) {
        return replace_items(items, others);
    }
    let mut new = new_value(json)?;
    *new.decor_mut() = value.decor().clone();
    *value = new;
    Ok(())
}

/// Changes a list item by item, so that lists over several lines stay so.
fn replace_items(items: &mut Array, others: &[Json]) -> Result<(), String> {
    if others.is_empty() {
        items.clear();
        items.set_trailing("");
        items.set_trailing_comma(false);
        return Ok(());
    }
    while items.len() > others.len() {
        let last = items.remove(items.len() - 1);
        // What stood before the bracket belongs there.
        if let Some(now_last) = items.len().checked_sub(1).and_then(|index| items.get_mut(index))
            && !is_blank(last.decor().suffix())
        {
            now_last.decor_mut().set_suffix(raw(last.decor().suffix()));
        }
    }
    for (item, other) in items.iter_mut().zip(others) {
        replace(item, other)?;
    }
    let first_new = items.len();
    for other in &others[first_new..] {
        let mut new = new_value(other)?;
        let last = items.len().checked_sub(1).and_then(|index| items.get_mut(index));
        if let Some(last) = last {
            let suffix = raw(last.decor().suffix());
            let prefix = raw(last.decor().prefix());
            last.decor_mut().set_suffix("");
            // A comment above an item is not one above the next.
            let prefix = match prefix.rfind('\n') {
                Some(at) => prefix[at..].to_owned(),
                None => " ".to_owned(),
            };
            *new.decor_mut() = Decor::new(prefix, suffix);
        }
        items.push_formatted(new);
    }
    Ok(())
}

/// The text of blanks and comments around something.
pub(super) fn raw(text: Option<&RawString>) -> String {
    text.and_then(RawString::as_str).unwrap_or_default().to_owned()
}

fn is_blank(text: Option<&RawString>) -> bool {
    text.and_then(RawString::as_str).is_none_or(str::is_empty)
}
