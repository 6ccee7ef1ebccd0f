//! Damaged rollouts of every kind: each question about them has one answer, and nothing panics or grows.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use codex_core::history::{ItemsQuery, Layout, ListQuery, PageStart, TurnsQuery};
use codex_core::mock_model::{Answer, Script};
use codex_core::{Error, ItemsView, Reply, ResumeThread, ThreadId};

use crate::rollouts::{self, Size};
use crate::session_probe::Probe;

/// Damaged files; CODEX_TEST_FUZZ multiplies the number.
const FILES: u64 = 150;
/// What the process may grow by, in bytes. Other tests run in it, too.
const GROWTH: u64 = 1 << 30;
const SEED: u64 = 20_261_128;

/// A small generator, so that a failing run can be repeated.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.next(from.len())]
    }
}

/// Does one kind of harm.
fn damage(random: &mut Seeded, bytes: &mut Vec<u8>) {
    const VALUES: [&[u8]; 14] = [
        b"null",
        b"-1",
        b"18446744073709551616",
        b"1e999",
        b"0.5",
        b"[]",
        b"{}",
        b"\"\"",
        b"\"\\ud800\"",
        b"true",
        b"\"9999-99-99\"",
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        b"{\"type\":\"x\",\"type\":\"y\"}",
        b"\"\\u0000\"",
    ];
    const INSERTS: [&[u8]; 9] = [
        b"\n",
        b"\r\n",
        b"\0\0\0\0\0\0\0\0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\\",
        b"\"",
        b"}",
        b"{\"type\":\"event_msg\",\"payload\":{\"type\":\"task_started\",\"turn_id\":\"t\"}}\n",
    ];
    if bytes.is_empty() {
        return;
    }
    let at = random.next(bytes.len());
    let lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let line = random.next(lines.len());
    match random.next(10) {
        0 => bytes[at] ^= 1 << random.next(8),
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..at, random.pick(&INSERTS).iter().copied())),
        // A value is another one.
        3 | 4 => {
            let colon = bytes[at..].iter().position(|b| *b == b':').map(|n| at + n + 1);
            let Some(from) = colon else { return };
            let end = bytes[from..]
                .iter()
                .position(|b| matches!(b, b',' | b'}' | b'\n'));
            let to = from + end.unwrap_or(0);
            drop(bytes.splice(from..to, random.pick(&VALUES).iter().copied()));
        }
        5 => *bytes = [&lines[..line], &lines[line + 1..]].concat().concat(),
        6 => {
            let mut lines = lines;
            let other = random.next(lines.len());
            lines.swap(line, other);
            *bytes = lines.concat();
        }
        7 => bytes.extend(lines[line].repeat(1 + random.next(20))),
        8 => {
            let end = (at + 1 + random.next(600)).min(bytes.len());
            bytes[at..end].fill(0);
        }
        _ => {
            let long = vec![b'['; 1 + random.next(200_000)];
            drop(bytes.splice(at..at, long));
        }
    }
}

/// The process's resident memory, in bytes.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// One answer, in time, and not because something panicked.
async fn answer<T>(what: &str, asked: impl Future<Output = Result<T, Error>>) -> Option<T> {
    let Ok(answered) = tokio::time::timeout(Duration::from_secs(60), asked).await else {
        panic!("{what}: no answer");
    };
    match answered {
        Err(error) => {
            let error = error.to_string();
            assert!(!error.contains("cut short"), "{what}: {error}");
            None
        }
        Ok(answer) => Some(answer),
    }
}

async fn ask(probe: &Probe, id: ThreadId, path: PathBuf, what: &str) {
    let store = probe.engine.store();
    answer(what, store.list(ListQuery::default()))
        .await
        .expect("a list");
    answer(what, store.find(id)).await;
    answer(what, store.find_path(path.clone())).await;
    if let Some(turns) = answer(what, probe.engine.read_turns(id)).await {
        drop(turns.collect::<Vec<_>>());
    }
    answer(what, store.turns(path))
        .await
        .map(Iterator::collect::<Vec<_>>);
    for descending in [false, true] {
        let turns = TurnsQuery {
            limit: 2,
            cursor: None,
            descending,
            view: ItemsView::Full,
            running: None,
        };
        answer(what, probe.engine.turns_page(id, turns)).await;
        let items = ItemsQuery {
            limit: 5,
            start: PageStart::End,
            descending,
            turn_id: None,
        };
        answer(what, probe.engine.items_page(id, items)).await;
    }
    let (reply, resumed) = Reply::channel();
    let resume = ResumeThread {
        id: Some(id),
        all_turns: true,
        ..ResumeThread::default()
    };
    probe.engine.resume_thread(resume, reply).await;
    if answer(what, resumed).await.is_some() {
        probe.engine.unload(id).await;
    }
}

#[tokio::test]
async fn every_damaged_rollout_has_its_answers() {
    let factor = std::env::var("CODEX_TEST_FUZZ").ok().and_then(|n| n.parse().ok());
    let probe = Probe::start(Script::from([Answer::new()])).await;
    let layout = Layout::new(probe.home());
    let size = Size {
        turns: 3,
        answer: 300,
    };
    let sound = [
        rollouts::paginated(&layout, 1, size),
        rollouts::legacy(&layout, 2, size),
    ];
    let sound = sound.map(|(id, path)| (id, fs::read(&path).unwrap(), path));
    let before = resident();
    for file in 0..FILES * factor.unwrap_or(1) {
        let mut random = Seeded(SEED + file);
        let (id, bytes, path) = &sound[random.next(sound.len())];
        let mut bytes = bytes.clone();
        for _ in 0..=random.next(4) {
            damage(&mut random, &mut bytes);
        }
        let mut path = path.clone();
        fs::write(&path, &bytes).unwrap();
        if random.next(8) == 0 {
            let mut packed = zstd::encode_all(&*bytes, 1).unwrap();
            if random.next(2) == 0 {
                damage(&mut random, &mut packed);
            }
            fs::remove_file(&path).unwrap();
            path.set_extension("jsonl.zst");
            fs::write(&path, packed).unwrap();
        }
        ask(&probe, *id, path.clone(), &format!("seed {}", SEED + file)).await;
        let _ = fs::remove_file(path.with_extension("jsonl.zst"));
        let _ = fs::remove_file(&path);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < GROWTH, "{} MiB more", grown >> 20);
}
