//! Lists of a server, page by page: never more than so much of all pages together.

use serde_json::{Map, Value};

use super::connection::taken;
use super::error::CallError;
use super::peer::Peer;

/// Pages of a list, its entries, and the bytes of these as JSON, at most.
const MAX_PAGES: usize = 100;
const MAX_ENTRIES: usize = 4096;
const MAX_BYTES: usize = 8 << 20;
/// Longest entry, as JSON in bytes; one that is longer costs itself only.
const MAX_ENTRY: usize = 1 << 20;
/// Longest cursor, in bytes.
const MAX_CURSOR: usize = 64 << 10;

/// A list as far as it is taken.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Value>,
    /// `_meta` of the first page.
    pub(super) meta: Option<Value>,
    /// What there is more of than is taken, in words.
    pub(super) excess: Option<String>,
}

/// All pages of a list. The caller sets the limit of time.
pub(super) async fn list(peer: &Peer, method: &str, member: &str) -> Result<Listed, CallError> {
    let mut taking = Taking::default();
    let mut cursor = None;
    for page in 0..MAX_PAGES {
        let mut params = Map::new();
        params.extend(cursor.clone().map(|cursor| ("cursor".to_owned(), cursor)));
        let mut said = peer.request(method, params, None).await?;
        if page == 0 {
            let meta = Some(taken(&mut said, "_meta"));
            taking.listed.meta = meta.filter(|meta| !meta.is_null() && json_size(meta) <= MAX_ENTRY);
        }
        if let Value::Array(entries) = taken(&mut said, member)
            && let Err(what) = taking.take(entries)
        {
            return Ok(taking.end(Some(what)));
        }
        let next = taken(&mut said, "nextCursor");
        match next.as_str() {
            None => return Ok(taking.end(None)),
            Some(text) if text.len() > MAX_CURSOR => {
                return Ok(taking.end(Some(format!("a cursor of more than {MAX_CURSOR} bytes"))));
            }
            // It would go on for ever.
            Some(_) if cursor.as_ref() == Some(&next) => {
                return Ok(taking.end(Some("the same page again".to_owned())));
            }
            Some(_) => cursor = Some(next),
        }
    }
    Ok(taking.end(Some(format!("more than {MAX_PAGES} pages"))))
}

/// A list that is being taken.
#[derive(Default)]
struct Taking {
    listed: Listed,
    bytes: usize,
    too_long: usize,
}

impl Taking {
    /// Takes the entries of a page. The error says what there is too much of; the rest is left out.
    fn take(&mut self, page: Vec<Value>) -> Result<(), String> {
        for entry in page {
            let size = json_size(&entry);
            if size > MAX_ENTRY {
                self.too_long += 1;
                continue;
            }
            if self.listed.entries.len() == MAX_ENTRIES {
                return Err(format!("more than {MAX_ENTRIES} entries"));
            }
            self.bytes += size;
            if self.bytes > MAX_BYTES {
                return Err(format!("more than {} MiB", MAX_BYTES >> 20));
            }
            self.listed.entries.push(entry);
        }
        Ok(())
    }

    fn end(mut self, what: Option<String>) -> Listed {
        let too_long = (self.too_long > 0)
            .then(|| format!("{} entries of more than {} MiB", self.too_long, MAX_ENTRY >> 20));
        let all: Vec<_> = what.into_iter().chain(too_long).collect();
        self.listed.excess = (!all.is_empty()).then(|| all.join(", and "));
        self.listed
    }
}

/// About how long a value is as JSON, in bytes.
pub(crate) fn json_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(values) => values.iter().map(|value| json_size(value) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            let sizes = members
                .iter()
                .map(|(name, value)| name.len() + json_size(value) + 4);
            sizes.sum::<usize>() + 2
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;
    use crate::mcp::peer::Outgoing;

    /// What is taken of a server that answers each request for a page like this.
    async fn listed(page: impl Fn(u64) -> Value + Send + 'static) -> Listed {
        let (out, mut asked) = mpsc::channel::<Outgoing>(8);
        let peer = Peer::new(out);
        let server = peer.clone();
        let serving = tokio::spawn(async move {
            let mut number = 0;
            while let Some(outgoing) = asked.recv().await {
                server.deliver(
                    json!({"id": outgoing.message["id"], "result": page(number)}),
                    None,
                );
                number += 1;
            }
        });
        let listed = list(&peer, "tools/list", "tools").await.expect("a list");
        serving.abort();
        listed
    }

    #[tokio::test]
    async fn a_list_is_bounded_as_a_whole() {
        let next = |number: u64| json!(format!("page {number}"));
        let all = listed(move |number| match number {
            0 => json!({"tools": [1, 2], "_meta": {"a": 1}, "nextCursor": next(1)}),
            _ => json!({"tools": [3], "_meta": {"a": 2}}),
        })
        .await;
        assert_eq!(
            (all.entries.len(), all.excess, all.meta),
            (3, None, Some(json!({"a": 1})))
        );
        let pages = listed(move |number| json!({"tools": [1], "nextCursor": next(number)})).await;
        assert_eq!(
            (pages.entries.len(), pages.excess),
            (100, Some("more than 100 pages".to_owned()))
        );
        let entries = listed(move |number| json!({"tools": vec![1; 3000], "nextCursor": next(number)})).await;
        assert_eq!(
            (entries.entries.len(), entries.excess),
            (4096, Some("more than 4096 entries".to_owned()))
        );
        let long = json!("x".repeat(900 << 10));
        let bytes = listed(move |number| json!({"tools": [long, long], "nextCursor": next(number)})).await;
        assert_eq!(
            (bytes.entries.len(), bytes.excess),
            (9, Some("more than 8 MiB".to_owned()))
        );
        let same = listed(|_| json!({"tools": [1], "nextCursor": "x"})).await;
        assert_eq!(
            (same.entries.len(), same.excess),
            (2, Some("the same page again".to_owned()))
        );
        let longer = json!("x".repeat(2 << 20));
        let without = listed(move |_| json!({"tools": [longer, 1]})).await;
        assert_eq!(
            (without.entries.len(), without.excess),
            (1, Some("1 entries of more than 1 MiB".to_owned()))
        );
    }
}
