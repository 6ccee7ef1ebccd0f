//! Threads that are read while they run.

use codex_core::history::TurnsQuery;
use codex_core::mock_model::{Answer, Script};
use codex_core::{ItemsView, Reply, ResumeThread, Turn, TurnStatus};

use crate::session_probe::Probe;

/// Reads of files that may be done before the turn ends.
const READS: usize = 6;

/// What tells turns.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Read,
    Page,
    Resume,
    ResumePage,
}

#[test]
fn a_turn_that_ends_while_its_thread_is_read_or_resumed_was_not_interrupted() {
    // What blocks is done one after the other, so that the test can tell when it is done.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let probe = Probe::start(Script::new().otherwise(Answer::new().say("answer"))).await;
        for reads in 0..READS {
            for asked in [Asked::Read, Asked::Page, Asked::Resume, Asked::ResumePage] {
                let turn = read_while_a_turn_ends(&probe, reads, asked).await;
                let answered = turn.items.len() == 2;
                assert!(
                    turn.status == TurnStatus::InProgress || turn.status == TurnStatus::Completed && answered,
                    "{asked:?} after {reads} reads: {turn:?}"
                );
            }
        }
    });
}

/// The last turn, which ends after so many reads.
async fn read_while_a_turn_ends(probe: &Probe, reads: usize, asked: Asked) -> Turn {
    let from = probe.lines().len();
    probe.congest(true);
    probe.turn("question");
    probe.wait(from, |line| line.starts_with("completed user")).await;
    let mut read = std::pin::pin!(last_turn(probe, asked));
    for _ in 0..reads {
        if let std::task::Poll::Ready(turn) = futures_util::poll!(&mut read) {
            probe.congest(false);
            probe.until_turn_end(from).await;
            return turn;
        }
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }
    probe.congest(false);
    probe.until_turn_end(from).await;
    read.await
}

async fn last_turn(probe: &Probe, asked: Asked) -> Turn {
    let id = probe.thread.id();
    let newest = TurnsQuery {
        limit: 1,
        cursor: None,
        descending: true,
        view: ItemsView::Full,
        running: None,
    };
    let turns = match asked {
        Asked::Read => probe.turns().await,
        Asked::Page => probe.engine.turns_page(id, newest).await.unwrap().turns,
        Asked::Resume | Asked::ResumePage => {
            let all_turns = matches!(asked, Asked::Resume);
            let (reply, resumed) = Reply::channel();
            let resume = ResumeThread {
                id: Some(id),
                all_turns,
                page: (!all_turns).then_some(newest),
                ..ResumeThread::default()
            };
            probe.engine.resume_thread(resume, reply).await;
            let resumed = resumed.await.unwrap();
            match resumed.page {
                Some(page) => page.turns,
                None => resumed.turns.map(Result::unwrap).collect(),
            }
        }
    };
    turns.last().cloned().unwrap()
}
