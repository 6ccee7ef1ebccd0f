//! Stored threads that are broken, hostile, or where nobody would put them.

use std::fs;
use std::io::Write;
use std::path::Path;

use codex_core::ThreadId;
use codex_core::history::{Layout, ListQuery, ThreadStore};
use codex_core::mock_model::{Answer, Script};
use codex_core::{Reply, ResumeThread};
use serde_json::json;

use crate::history_support::StoredHome;
use crate::rollouts::{self, Size};
use crate::session_probe::Probe;

const SMALL: Size = Size { turns: 2, answer: 50 };

async fn texts(store: &ThreadStore, path: &Path) -> String {
    let turns = store.turns(path.to_path_buf()).await.unwrap();
    format!("{:?}", turns.map(Result::unwrap).collect::<Vec<_>>())
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Rewrites one line of a file.
fn edit(path: &Path, line: usize, change: impl Fn(&str) -> Vec<u8>) {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().enumerate();
    let lines = lines.map(|(n, text)| {
        if n == line {
            change(text)
        } else {
            text.as_bytes().to_vec()
        }
    });
    let mut bytes = lines.collect::<Vec<_>>().join(&b'\n');
    bytes.push(b'\n');
    fs::write(path, bytes).unwrap();
}

async fn resume(probe: &Probe, id: ThreadId) -> Result<(), String> {
    let (reply, resumed) = Reply::channel();
    let resume = ResumeThread {
        id: Some(id),
        all_turns: true,
        ..ResumeThread::default()
    };
    probe.engine.resume_thread(resume, reply).await;
    resumed.await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_compressed_thread_that_explodes_is_refused_and_leaves_nothing_behind() {
    let probe = Probe::start(Script::from([Answer::new()])).await;
    let layout = Layout::new(probe.home());
    let (id, path) = rollouts::paginated(&layout, 1, SMALL);
    let compressed = path.with_extension("jsonl.zst");
    let mut encoder = zstd::Encoder::new(fs::File::create(&compressed).unwrap(), 1).unwrap();
    encoder.write_all(&fs::read(&path).unwrap()).unwrap();
    let blank = vec![b' '; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&blank).unwrap();
    }
    encoder.finish().unwrap();
    fs::remove_file(&path).unwrap();
    assert!(fs::metadata(&compressed).unwrap().len() < 1 << 20);
    let store = probe.engine.store();
    let page = store.list(ListQuery::default()).await.unwrap();
    assert_eq!(page.threads.len(), 1, "its beginning can be read");
    let read = store
        .turns(compressed.clone())
        .await
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(read.contains("decompress to more than 64 MiB"), "{read}");
    let resumed = resume(&probe, id).await.unwrap_err();
    assert!(resumed.contains("decompress to more than 64 MiB"), "{resumed}");
    let left: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(left, [compressed]);
}

#[tokio::test]
async fn what_is_no_regular_file_holds_nobody_up() {
    let f = StoredHome::new();
    let (id, path) = f.thread(SMALL);
    let folder = path.parent().unwrap();
    let named = |minute| {
        let (id, at) = rollouts::thread_at(minute);
        (id, folder.join(f.layout().rollout(id, at).file_name().unwrap()))
    };
    let ((pipe_id, pipe), (device_id, device), (_, loose)) = (named(2), named(3), named(4));
    make_pipe(&pipe);
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    std::os::unix::fs::symlink(folder, folder.join("circle")).unwrap();
    fs::create_dir(loose).unwrap();
    // The names that users gave.
    make_pipe(&f.layout().names());
    assert_eq!(f.listed(false).await, [id]);
    for broken in [pipe_id, device_id] {
        let error = f.store.find(broken).await.unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
    assert!(f.store.find(rollouts::nobody()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_first_line_that_can_t_be_read_is_told_with_its_place() {
    let f = StoredHome::new();
    let (id, path) = f.thread(SMALL);
    let whole = fs::read(&path).unwrap();
    let lines = whole
        .split(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect::<Vec<_>>();
    let with_first = |first: &[u8]| {
        let mut lines = lines.clone();
        lines[0] = first.to_vec();
        lines.join(&b'\n')
    };
    let half = &lines[0][..lines[0].len() / 2];
    for (bytes, why) in [
        (
            with_first(b"garbage"),
            "line 1: it is no JSON (expected value, at column 1)",
        ),
        (with_first(half), "line 1: it ends in the middle"),
        (with_first(&[0; 4096]), "line 1: it is no JSON"),
        (with_first(&lines[1]), "line 1: it is a `event_msg` line"),
        (with_first(b"[]"), "line 1: it has no `type`"),
        (
            with_first(br#"{"type":"session_meta","payload":7}"#),
            "line 1: its payload can't be read",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        assert!(f.listed(false).await.is_empty());
        for error in [
            f.store.find(id).await.unwrap_err().to_string(),
            f.store.find_path(path.clone()).await.unwrap_err().to_string(),
            f.store
                .turns(path.clone())
                .await
                .map(drop)
                .unwrap_err()
                .to_string(),
        ] {
            assert!(
                error.contains(why) && error.contains(path.to_str().unwrap()),
                "{error}"
            );
            assert!(!error.contains("empty"), "{error}");
        }
    }
    fs::write(&path, "\n \n").unwrap();
    let error = f.store.find(id).await.unwrap_err().to_string();
    assert!(error.ends_with("is empty"), "{error}");
}

#[tokio::test]
async fn a_byte_order_mark_is_passed_over() {
    let (f, sound) = (StoredHome::new(), StoredHome::new());
    let (id, path) = f.thread(SMALL);
    let before = texts(&sound.store, &sound.thread(SMALL).1).await;
    let mut marked = "\u{feff}".as_bytes().to_vec();
    marked.extend(fs::read(&path).unwrap());
    fs::write(&path, marked).unwrap();
    assert_eq!(f.listed(false).await, [id]);
    assert_eq!(texts(&f.store, &path).await, before);
}

#[tokio::test]
async fn a_broken_text_costs_that_text_and_not_its_turn() {
    for broken in [&b"\\ud83d"[..], b"\xf0\x9f", b"\x07", b"\\q"] {
        let (f, sound) = (StoredHome::new(), StoredHome::new());
        let (id, path) = f.thread(SMALL);
        let turns = |texts: &str| texts.matches("Turn {").count();
        let before = texts(&sound.store, &sound.thread(SMALL).1).await;
        let text = fs::read(&path).unwrap();
        // In everything that users and agents said, and what says the end of turns.
        let (mut bytes, mut at) = (Vec::new(), 0);
        for found in memchr::memmem::find_iter(&text, b"question ") {
            bytes.extend_from_slice(&text[at..found]);
            bytes.extend_from_slice(broken);
            at = found;
        }
        bytes.extend_from_slice(&text[at..]);
        fs::write(&path, bytes).unwrap();
        let now = texts(&f.store, &path).await;
        assert_eq!(turns(&now), turns(&before));
        assert_eq!(
            now.matches("question ").count(),
            before.matches("question ").count(),
            "{broken:?}: {now}"
        );
        let page = f.store.list(ListQuery::default()).await.unwrap();
        assert_eq!(page.threads[0].id, id);
        assert!(page.threads[0].preview.contains("question 0"));
    }
}

#[tokio::test]
async fn a_member_of_the_first_line_that_can_t_be_read_costs_that_member() {
    let f = StoredHome::new();
    let (id, path) = f.thread(SMALL);
    edit(&path, 0, |line| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["payload"]["cli_version"] = json!(null);
        line["payload"]["originator"] = json!(["x"]);
        line["payload"]["agent_role"] = json!(5);
        line.to_string().into_bytes()
    });
    assert_eq!(f.listed(false).await, [id]);
}

#[tokio::test]
async fn a_thread_is_found_by_its_id_wherever_its_file_lies() {
    for place in [
        "sessions/mine.jsonl",
        "sessions/2026/old.jsonl",
        "sessions/2026/10/01/a copy of it.jsonl",
        "sessions/2026/10/01/deeper/still/x.jsonl",
        "sessions/backup/thread.txt",
        "sessions/backup/ROLLOUT.jsonl.zst",
        "sessions/2026/10/01/rollout-2026-10-01T00-00-00-01A1FB36-43F0-70B0-8793-FB14631A2F74.jsonl",
    ] {
        let f = StoredHome::new();
        let (id, path) = f.thread(SMALL);
        let moved = f.path().join(place);
        fs::create_dir_all(moved.parent().unwrap()).unwrap();
        assert!(f.store.find(rollouts::nobody()).await.unwrap().is_none());
        if place.ends_with("zst") {
            let bytes = zstd::encode_all(fs::File::open(&path).unwrap(), 1).unwrap();
            fs::write(&moved, bytes).unwrap();
            fs::remove_file(&path).unwrap();
        } else {
            fs::rename(&path, &moved).unwrap();
        }
        let found = f
            .store
            .find(id)
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("{place}"));
        assert_eq!((found.info.id, &found.path), (id, &moved));
        assert!(texts(&f.store, &moved).await.contains("question 1"));
        f.store.delete(id).await.unwrap();
        assert!(f.store.find(id).await.unwrap().is_none(), "{place}");
    }
}
