//! Pages of lists whose cursor is the number of entries before the page.

use std::ops::Range;

use crate::rpc::error::{RpcError, RpcResult};

/// Where a page begins.
pub(super) fn start(cursor: Option<&str>) -> RpcResult<usize> {
    cursor.map_or(Ok(0), |cursor| {
        let start = cursor.parse();
        start.map_err(|_| RpcError::invalid(format!("invalid cursor: {cursor}")))
    })
}

/// The page of a list with so many entries of this kind, and the cursor of the next page.
pub(super) fn of(
    cursor: Option<&str>,
    limit: Option<u32>,
    total: usize,
    kind: &str,
) -> RpcResult<(Range<usize>, Option<String>)> {
    let start = start(cursor)?;
    if start > total {
        return Err(RpcError::invalid(format!(
            "cursor {start} exceeds total {kind} {total}"
        )));
    }
    let room = limit.map_or(total, |limit| limit.max(1) as usize);
    let end = start.saturating_add(room).min(total);
    Ok((start..end, (end < total).then(|| end.to_string())))
}
