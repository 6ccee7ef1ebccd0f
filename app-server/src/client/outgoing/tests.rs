//! Order, merging, congestion, and clients that come back.

use codex_core::DeltaKind;

use super::entry::Entry;
use super::queue::MERGED;
use super::*;
use crate::client::transport::framing::Framing;

fn delta(thread: ThreadId, item: &str, text: &str) -> Delta {
    Delta {
        thread,
        turn_id: "turn".into(),
        item_id: item.into(),
        kind: DeltaKind::AgentMessage,
        text: text.to_owned(),
        emitted_at_ms: 1,
    }
}

fn queue() -> Arc<Outgoing> {
    Arc::new(Outgoing::new(Arc::default(), false))
}

fn attachment(queue: &Arc<Outgoing>) -> Attachment {
    Attachment::first(queue)
}

fn texts(queue: &Outgoing) -> Vec<String> {
    let entries = queue.lock().take();
    let show = |entry: &Entry| match entry {
        Entry::Frame { json, .. } => String::from_utf8_lossy(json).into_owned(),
        Entry::Delta(delta) => delta.text.clone(),
        Entry::Pieces(_) => String::new(),
    };
    entries.iter().map(show).collect()
}

#[test]
fn text_is_merged_only_while_the_writer_is_behind() {
    let (queue, thread) = (queue(), ThreadId::new());
    queue.push_delta(delta(thread, "a", "1"));
    queue.push_delta(delta(thread, "a", "2"));
    attachment(&queue).set_behind(true);
    queue.push_delta(delta(thread, "a", "3"));
    assert_eq!(texts(&queue), ["1", "23"]);
}

#[test]
fn nothing_is_merged_across_a_later_message_of_the_same_thread() {
    let (queue, thread, other) = (queue(), ThreadId::new(), ThreadId::new());
    attachment(&queue).set_behind(true);
    queue.push_delta(delta(thread, "a", "1"));
    queue.push_delta(delta(other, "a", "x"));
    queue.push(Some(other), "other");
    queue.push_delta(delta(thread, "a", "2"));
    queue.push(Some(thread), "done");
    queue.push_delta(delta(thread, "a", "3"));
    queue.push_delta(delta(thread, "b", "4"));
    queue.push_delta(delta(thread, "a", "5"));
    assert_eq!(texts(&queue), ["12", "x", "other", "done", "3", "4", "5"]);
    queue.push_delta(delta(thread, "a", "6"));
    queue.push(None, "answer");
    queue.push_delta(delta(thread, "a", "7"));
    assert_eq!(texts(&queue), ["6", "answer", "7"]);
}

#[test]
fn is_congested_above_the_mark_and_drained_below_half_of_it() {
    let queue = queue();
    queue.push(None, vec![b' '; HIGH_WATER / 2]);
    assert!(!queue.congested(Traffic::Model));
    assert!(queue.congested(Traffic::Output), "output leaves room for others");
    queue.push(None, vec![b' '; HIGH_WATER / 2]);
    assert!(queue.congested(Traffic::Model));
    drop(queue.lock().take());
    attachment(&queue).written(HIGH_WATER / 2);
    assert!(queue.congested(Traffic::Model), "still at half");
    attachment(&queue).written(HIGH_WATER / 2);
    assert!(!queue.congested(Traffic::Model));
    assert!(!queue.congested(Traffic::Output));
}

#[test]
fn text_is_merged_into_pieces_of_bounded_size() {
    let (queue, thread) = (queue(), ThreadId::new());
    attachment(&queue).set_behind(true);
    for _ in 0..40 {
        queue.push_delta(delta(thread, "a", &"x".repeat(MERGED / 16)));
    }
    let lengths: Vec<_> = texts(&queue).iter().map(String::len).collect();
    assert_eq!(lengths, [MERGED, MERGED, MERGED / 2]);
}

#[tokio::test]
async fn what_waits_is_written_in_order_and_in_the_dialect_of_the_peer() {
    for (dialect, begin) in [
        (Dialect::Plain, "{"),
        (Dialect::JsonRpc2, "{\"jsonrpc\":\"2.0\","),
    ] {
        let (queue, thread) = (queue(), ThreadId::new());
        queue.set_dialect(dialect);
        let large = format!("\"text\":\"{}\"}}", "x".repeat(200_000));
        queue.push(Some(thread), format!("{{{large}"));
        queue.push_delta(delta(thread, "a", "\"quoted\""));
        let pieces = ["{\"in\":", "\"pieces\"", "}"].map(Vec::from);
        queue.push_pieces(RequestId::Integer(1), pieces.into_iter(), None);
        queue.push(None, "{\"id\":1}");
        queue.close(None);
        let mut written = Vec::new();
        write(attachment(&queue), &mut written, Framing::Lines)
            .await
            .unwrap();
        let text = String::from_utf8(written).unwrap();
        let lines: Vec<_> = text
            .lines()
            .map(|line| line.strip_prefix(begin).unwrap())
            .collect();
        assert_eq!(
            (lines.len(), lines[0], lines[2], lines[3]),
            (4, large.as_str(), "\"in\":\"pieces\"}", "\"id\":1}")
        );
        assert!(
            lines[1].starts_with("\"method\":\"item/agentMessage/delta\","),
            "{}",
            lines[1]
        );
        assert!(lines[1].contains("\"delta\":\"\\\"quoted\\\"\""), "{}", lines[1]);
        assert_eq!(queue.waiting(), 0);
    }
}

#[tokio::test]
async fn a_reader_that_has_gone_frees_everything() {
    let queue = queue();
    queue.push(None, vec![b' '; HIGH_WATER + 1]);
    let (gone, _) = tokio::io::duplex(64);
    drop(write(attachment(&queue), gone, Framing::Lines).await);
    attachment(&queue).detached().await;
    queue.drained(Traffic::Model).await;
    queue.push(None, "late");
    assert!(texts(&queue).is_empty());
}
