//! Order, merging, congestion, and clients that come back.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use codex_core::DeltaKind;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::Instant;

use super::entry::{Entry, Message};
use super::queue::MERGED;
use super::writer::{MAX_HEAD_START, write_within};
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
        Entry::Message(Message::Frame(frame)) => String::from_utf8_lossy(&frame.json).into_owned(),
        Entry::Message(Message::Delta(delta)) => delta.text.clone(),
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

fn numbered(queue: &Outgoing) -> Vec<(u64, String)> {
    let batch = queue.lock().batch();
    let Some(batch) = batch else { return Vec::new() };
    let show = |entry: &Entry| match entry {
        Entry::Message(Message::Frame(frame)) => String::from_utf8_lossy(&frame.json).into_owned(),
        Entry::Message(Message::Delta(delta)) => delta.text.clone(),
        Entry::Pieces(_) => "pieces".to_owned(),
    };
    let first = batch.first.expect("entries are numbered");
    (first..).zip(batch.entries.iter().map(show)).collect()
}

fn remote() -> Arc<Outgoing> {
    let queue = Arc::new(Outgoing::new(Arc::default(), true));
    queue.keep_journal();
    queue
}

#[test]
fn who_comes_back_gets_what_was_taken_and_not_seen_and_then_the_rest() {
    let (queue, thread) = (remote(), ThreadId::new());
    let first = Attachment::first(&queue);
    for text in ["a", "b", "c"] {
        queue.push(Some(thread), text);
    }
    assert_eq!(numbered(&queue).len(), 3);
    queue.push(Some(thread), "d");
    assert!(first.park());
    queue.push_delta(delta(thread, "i", "e"));
    queue.push_delta(delta(thread, "i", "f"));
    assert!(
        Attachment::take_over(&queue, 4).is_none(),
        "nothing had this number"
    );
    let (second, resumption) = Attachment::take_over(&queue, 1).unwrap();
    assert_eq!((resumption.cursor, resumption.missed), (1, false));
    assert!(second.is_last() && !first.is_last() && !first.park());
    let text = |number, text: &str| (number, text.to_owned());
    assert_eq!(numbered(&queue), [text(2, "b"), text(3, "c")]);
    assert_eq!(numbered(&queue), [text(4, "d"), text(5, "ef")]);
    assert!(numbered(&queue).is_empty());
}

#[test]
fn what_is_kept_for_a_client_is_bounded_and_lost_answers_are_known() {
    let (queue, thread) = (remote(), ThreadId::new());
    let first = Attachment::first(&queue);
    queue.push_answer(RequestId::String("lost".into()), r#"{"id":"lost","result":{}}"#);
    queue.push_pieces(RequestId::Integer(7), std::iter::empty(), None);
    queue.push_question(Some(thread), 3, "{\"id\":3,\"method\":\"ask\"}".into());
    assert_eq!(queue.questions(), [3].into());
    first.park();
    for _ in 0..30 {
        queue.push(Some(thread), vec![b' '; 256 << 10]);
    }
    assert!(queue.waiting() <= journal::KEPT, "{}", queue.waiting());
    assert!(queue.questions().is_empty());
    let (_, resumption) = Attachment::take_over(&queue, 0).unwrap();
    assert!(resumption.missed);
    let lost = [RequestId::String("lost".into()), RequestId::Integer(7)];
    assert_eq!(resumption.lost_answers, lost);
    let kept = numbered(&queue);
    assert_eq!(kept[0].0, resumption.cursor + 1);
    assert_eq!(kept.last().unwrap().0, 33);
}

#[test]
fn a_client_at_a_socket_that_takes_nothing_is_cut_off() {
    let queue = Arc::new(Outgoing::new(Arc::default(), true));
    for _ in 0..20 {
        queue.push(None, vec![b' '; 1 << 20]);
    }
    assert_eq!(queue.waiting(), 0, "what waited is given up");
    assert!(!queue.congested(Traffic::Model));
    let kept = remote();
    for _ in 0..20 {
        kept.push(None, vec![b' '; 1 << 20]);
    }
    assert!(kept.is_parked() && kept.waiting() <= journal::KEPT);
}

#[test]
fn answers_that_a_client_asked_for_wait_until_it_has_read_them() {
    let queue = Arc::new(Outgoing::new(Arc::default(), true));
    for id in 0..100 {
        queue.push_answer(RequestId::Integer(id), vec![b' '; 1 << 20]);
        queue.push(None, "news");
    }
    assert!(queue.waiting() > 100 << 20);
    assert!(queue.congested(Traffic::Model), "no more requests begin");
    for id in 100..140 {
        queue.push_answer(RequestId::Integer(id), vec![b' '; 1 << 20]);
    }
    assert_eq!(queue.waiting(), 0, "even so there is a bound");
}

#[test]
fn a_client_that_reads_slowly_is_given_more_time_than_one_that_does_not_read() {
    let queue = Arc::new(Outgoing::new(Arc::default(), true));
    let attachment = attachment(&queue);
    for _ in 0..30 {
        queue.push(None, vec![b' '; 1 << 20]);
        attachment.taken(20_000);
    }
    assert!(queue.waiting() > 30 << 20);
    for _ in 0..5 {
        queue.push(None, vec![b' '; 1 << 20]);
    }
    assert_eq!(
        queue.waiting(),
        0,
        "it reads more slowly than others can wait for"
    );
}

#[tokio::test]
async fn news_wait_until_the_answer_before_them_is_read() {
    let (near, far) = tokio::io::duplex(1 << 10);
    let queue = queue();
    let looks = Arc::new(AtomicUsize::new(0));
    let looked = Arc::clone(&looks);
    queue.set_gauge(move || looked.fetch_add(1, Ordering::Relaxed) == 2);
    let began = Instant::now();
    queue.push_answer(RequestId::Integer(1), "answer");
    queue.push(None, "news");
    let writer = tokio::spawn(write(attachment(&queue), near, Framing::Lines));
    let mut lines = BufReader::new(far).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "answer");
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "news");
    let looks = looks.load(Ordering::Relaxed);
    assert!(looks == 3 || began.elapsed() >= MAX_HEAD_START, "{looks}");
    queue.close(None);
    writer.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_takes_nothing_for_long_is_given_up_with_its_answers() {
    let (near, far) = tokio::io::duplex(1 << 20);
    let queue = Arc::new(Outgoing::new(Arc::default(), true));
    let patience = Duration::from_millis(50);
    let writer = write_within(patience, attachment(&queue), near, Framing::WebSocket);
    let writer = tokio::spawn(writer);
    for id in 0..20 {
        queue.push_answer(RequestId::Integer(id), vec![b' '; 1 << 20]);
        tokio::task::yield_now().await;
    }
    let ended = writer.await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(queue.waiting(), 0);
    drop(far);
}

proptest::proptest! {
    /// Whatever is pushed, taken, lost and seen again: no number is missing and none comes twice.
    #[test]
    fn numbers_have_no_gap_whenever_the_client_leaves(steps in proptest::collection::vec(0u8..6, 0..80)) {
        let (queue, thread) = (remote(), ThreadId::new());
        let mut attachment = Attachment::first(&queue);
        let (mut seen, mut pushed, mut text) = (0, String::new(), String::new());
        let mut next = 'a'..;
        for step in steps.into_iter().chain([5, 3, 3]) {
            match step {
                0 | 1 => {
                    let letter = next.next().unwrap().to_string();
                    pushed.push_str(&letter);
                    queue.push_delta(delta(thread, "i", &letter));
                }
                2 => attachment.set_behind(true),
                3 => for (number, piece) in numbered(&queue) {
                    proptest::prop_assert_eq!(number, seen + 1);
                    seen = number;
                    text.push_str(&piece);
                },
                // Taken, and lost on the way.
                4 => drop(numbered(&queue)),
                _ => {
                    attachment.park();
                    let (back, resumption) = Attachment::take_over(&queue, seen).unwrap();
                    proptest::prop_assert!(!resumption.missed && resumption.cursor == seen);
                    attachment = back;
                }
            }
            if step == 4 {
                attachment.park();
                attachment = Attachment::take_over(&queue, seen).unwrap().0;
            }
        }
        proptest::prop_assert_eq!(text, pushed);
    }
}
