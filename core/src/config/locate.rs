//! Where keys are in a TOML text.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The bytes of a key's value; of the key itself where its value is a table.
pub(super) fn range_of<K: AsRef<str>>(text: &str, path: &[K]) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let (last, above) = path.split_last()?;
    let mut table: &DeTable<'_> = document.get_ref();
    for key in above {
        table = match table.get(key.as_ref())?.get_ref() {
            DeValue::Table(below) => below,
            _ => return None,
        };
    }
    let (key, value) = table.get_key_value(last.as_ref())?;
    Some(match value.get_ref() {
        DeValue::Table(_) => key.span(),
        _ => value.span(),
    })
}

/// The full key whose value, other than a table, is at this byte.
pub(super) fn key_at(text: &str, offset: usize) -> Option<Vec<String>> {
    let document = DeTable::parse(text).ok()?;
    let mut open: Vec<(Vec<String>, &DeTable<'_>)> = vec![(Vec::new(), document.get_ref())];
    while let Some((path, table)) = open.pop() {
        for (key, value) in table {
            let mut path = path.clone();
            path.push(key.get_ref().to_string());
            match value.get_ref() {
                DeValue::Table(below) => {
                    if key.span().contains(&offset) {
                        return Some(path);
                    }
                    open.push((path, below));
                }
                _ if value.span().contains(&offset) => return Some(path),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1\n[b.c]\nd = 'x'\ne = { f = 2 }\n";

    #[test]
    fn keys_are_found_by_name_and_by_place() {
        let at = |path: &[&str]| range_of(TEXT, path).map(|range| &TEXT[range]);
        assert_eq!(at(&["a"]), Some("1"));
        assert_eq!(at(&["b", "c"]), Some("c"));
        assert_eq!(at(&["b", "c", "d"]), Some("'x'"));
        assert_eq!(at(&["b", "c", "e", "f"]), Some("2"));
        assert_eq!(at(&["b", "x"]), None);
        let key = |needle: &str| key_at(TEXT, TEXT.find(needle).expect("there"));
        assert_eq!(key("'x'"), Some(vec!["b".into(), "c".into(), "d".into()]));
        assert_eq!(
            key("2"),
            Some(vec!["b".into(), "c".into(), "e".into(), "f".into()])
        );
        assert_eq!(key("\n"), None);
    }
}
