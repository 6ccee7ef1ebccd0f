//! What the log says of one request: a span around all that is done for it, and one line when it is over.

use std::time::Instant;

use codex_app_server_protocol::RequestId;
use codex_app_server_protocol::error::INTERNAL_ERROR;
use tracing::Span;

/// One request, from where it was read. Dropping this writes the line: outcome and time. Parameters and results are
/// never logged.
#[derive(Debug)]
pub(super) struct RequestLog {
    span: Span,
    began: Instant,
    outcome: Outcome,
}

/// Bytes of a text of the client that a line of the log holds at most.
const SHOWN: usize = 64;

/// The beginning of a text of the client: what it says is repeated with every line of its request.
pub(crate) fn beginning(text: &str) -> &str {
    let end = (0..=SHOWN.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// Granted, or refused with this code.
pub(super) type Outcome = Result<(), i64>;

impl RequestLog {
    /// A request was read. It counts as failed by our fault until somebody says otherwise.
    pub(super) fn new(method: &str, id: &RequestId) -> Self {
        let method = beginning(method);
        let span = match id {
            RequestId::Integer(id) => tracing::info_span!("request", method, id),
            // A field of type text is written with escapes: it can't pretend to be a line of the log.
            RequestId::String(id) => tracing::info_span!("request", method, id = beginning(id)),
        };
        Self {
            span,
            began: Instant::now(),
            outcome: Err(INTERNAL_ERROR),
        }
    }

    /// The span around all that is done for the request.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// It was answered.
    pub(super) fn set_outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// An answer that is made while it is written: the request is over with its last piece.
    pub(super) fn around<P: Iterator>(self, pieces: P) -> impl Iterator<Item = P::Item> {
        LoggedPieces { pieces, log: self }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let micros = u32::try_from(self.began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let ms = f64::from(micros) / 1000.0;
        match self.outcome {
            Ok(()) => tracing::debug!(parent: &self.span, outcome = "ok", ms, "answered"),
            Err(code) => tracing::debug!(parent: &self.span, outcome = "error", code, ms, "answered"),
        }
    }
}

struct LoggedPieces<P> {
    pieces: P,
    log: RequestLog,
}

impl<P: Iterator> Iterator for LoggedPieces<P> {
    type Item = P::Item;

    fn next(&mut self) -> Option<P::Item> {
        let _within = self.log.span.enter();
        self.pieces.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured_log;

    /// The lines that this writes.
    fn logged(what: impl FnOnce()) -> Vec<String> {
        captured_log::start();
        what();
        captured_log::take().lines().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn an_answer_in_pieces_is_over_with_its_last_piece() {
        let lines = logged(|| {
            let mut log = RequestLog::new("test/large", &RequestId::Integer(7));
            log.set_outcome(Ok(()));
            let mut pieces = log.around([1, 2].into_iter());
            assert_eq!(pieces.next(), Some(1));
            tracing::debug!("between");
            drop(pieces);
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].ends_with("between"), "{lines:?}");
        assert!(
            lines[1].contains("request{method=\"test/large\" id=7}: ") && lines[1].contains("outcome=\"ok\""),
            "{lines:?}"
        );
    }

    #[test]
    fn long_names_and_ids_are_cut() {
        let long = "\u{e4}".repeat(1 << 20);
        let lines = logged(|| drop(RequestLog::new(&long, &RequestId::String(long.clone()))));
        assert!(lines[0].len() < 1000, "{}", lines[0].len());
    }

    #[test]
    fn an_id_cannot_pretend_to_be_another_line() {
        let id = RequestId::String("1\n2026-01-01 ERROR all is lost".to_owned());
        let lines = logged(|| drop(RequestLog::new("test/id", &id)));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("code=-32603"), "{lines:?}");
    }
}
