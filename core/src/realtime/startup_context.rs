//! What a voice model is told at the start of what has been going on: recent turns, where the thread works. Within a
//! budget, and without what looks like a secret.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::host::{Host, Workspace};
use super::options::Options;
use crate::char_boundary::floor;
use crate::git::{GitProbe, RepositoryContext};
use crate::history::TurnsQuery;
use crate::memory::without_secrets;
use crate::one_line::on_one_line;
use crate::{ItemBody, ItemsView, Turn, UserInput, instructions};

/// Tokens of it at most, at four bytes each.
const BUDGET_TOKENS: usize = 5300;
const BUDGET: usize = BUDGET_TOKENS * 4;
/// Turns that are told at most, the last ones.
const MAX_TURNS: usize = 12;
/// Bytes of one message at most.
const MAX_MESSAGE: usize = 1200;
/// Names of the working folder that are told at most.
const MAX_NAMES: usize = 60;
/// How long the history and the disk may take: the client waits for the conversation.
const PATIENCE: Duration = Duration::from_millis(500);

/// The context, if it is to be told.
pub(super) async fn gather(host: &Host, options: &Options, workspace: &Workspace) -> Option<String> {
    if !options.include_startup_context {
        return None;
    }
    if let Some(configured) = &options.startup_context {
        return Some(configured.clone()).filter(|text| !text.is_empty());
    }
    let folders = workspace.roots.iter().chain([&workspace.cwd]);
    let probe = GitProbe::at(folders.map(PathBuf::as_path));
    let (turns, names, repositories) =
        tokio::join!(recent_turns(host), names(&workspace.cwd), probe.context_in_time());
    let text = render(&turns, &workspace.cwd, &names, &repositories.unwrap_or_default());
    Some(instructions::realtime_startup_context(&text))
}

fn render(turns: &[Turn], cwd: &Path, names: &[String], repositories: &[RepositoryContext]) -> String {
    let mut place = format!("## Workspace\nWorking folder: {}\n", cwd.display());
    for repository in repositories {
        let branch = repository.branch.as_deref().unwrap_or("no branch");
        // Writing to a String can't fail.
        let _ = writeln!(
            place,
            "Git repository: {} (on {branch})",
            repository.root.display()
        );
    }
    if !names.is_empty() {
        place.push_str("In it:\n");
        for name in names {
            let _ = writeln!(place, "- {name}");
        }
    }
    let place = cut(&without_secrets(&place), BUDGET / 3);
    let mut room = BUDGET - place.len().min(BUDGET) - 200;
    let mut said = Vec::new();
    'turns: for turn in turns.iter().rev() {
        for item in turn.items.iter().rev() {
            let Some(line) = message(&item.body) else {
                continue;
            };
            let line = without_secrets(&line);
            if line.len() + 1 > room {
                break 'turns;
            }
            room -= line.len() + 1;
            said.push(line);
        }
    }
    said.reverse();
    if said.is_empty() {
        return place;
    }
    format!("## Recent turns, oldest first\n{}\n\n{place}", said.join("\n"))
}

/// One message on a line of its own.
fn message(body: &ItemBody) -> Option<String> {
    let (who, text) = match body {
        ItemBody::UserMessage { content, .. } => {
            let texts = content.iter().filter_map(|part| match part {
                UserInput::Text { text, .. } => Some(text.as_str()),
                _ => None,
            });
            ("User", texts.collect::<Vec<_>>().join(" "))
        }
        ItemBody::AgentMessage { text, .. } => ("Agent", text.clone()),
        _ => return None,
    };
    let text = on_one_line(&text);
    (!text.is_empty()).then(|| format!("{who}: {}", cut(&text, MAX_MESSAGE)))
}

/// The last turns, oldest first. What can't be read in time is not told.
async fn recent_turns(host: &Host) -> Vec<Turn> {
    let held = host.outbox.turns();
    let log = host.outbox.log();
    let Some(path) = log.path().filter(|_| log.is_materialised()).cloned() else {
        let skip = held.len().saturating_sub(MAX_TURNS);
        return held.into_iter().skip(skip).collect();
    };
    let query = TurnsQuery {
        limit: MAX_TURNS,
        cursor: None,
        descending: true,
        view: ItemsView::Full,
        running: None,
    };
    let page = tokio::time::timeout(PATIENCE, host.store.turns_page(host.thread, path, query)).await;
    match page {
        Ok(Ok(page)) => page.turns.into_iter().rev().collect(),
        Ok(Err(error)) => {
            tracing::debug!(%error, "recent turns can't be told to the voice model");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// What is in a folder, folders with a slash; nothing that is hidden.
async fn names(folder: &Path) -> Vec<String> {
    let folder = folder.to_owned();
    let look = tokio::task::spawn_blocking(move || {
        let mut names = Vec::new();
        // A folder may hold millions: the first thousand will do.
        for entry in std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .take(1000)
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && !name.contains(char::is_control) {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                names.push(if is_folder { name + "/" } else { name });
            }
        }
        names.sort_unstable();
        names.truncate(MAX_NAMES);
        names
    });
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(names)) => names,
        _ => Vec::new(),
    }
}

fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    format!("{}…", &text[..floor(text, max)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, TurnStatus};

    fn turn(user: &str, agent: &str) -> Turn {
        let item = |body| Item {
            id: crate::new_id(),
            started_at_ms: None,
            completed_at_ms: None,
            body,
        };
        Turn {
            id: crate::new_id(),
            root_turn_id: None,
            status: TurnStatus::Completed,
            items: vec![
                item(ItemBody::UserMessage {
                    client_id: None,
                    content: vec![UserInput::Text {
                        text: user.to_owned(),
                        elements: Vec::new(),
                    }],
                }),
                item(ItemBody::AgentMessage {
                    text: agent.to_owned(),
                    phase: None,
                    delivery: None,
                    memory_citation: None,
                }),
            ],
            items_view: ItemsView::Full,
            error: None,
            started_at: None,
            completed_at: None,
            duration_ms: None,
        }
    }

    #[test]
    fn the_context_keeps_to_its_budget_and_tells_the_last_turns() {
        let turns: Vec<_> = (0..200)
            .map(|n| {
                turn(
                    &format!("question {n} {}", "é".repeat(900)),
                    &format!("answer {n}"),
                )
            })
            .collect();
        let names: Vec<_> = (0..5000).map(|n| format!("file-{n}")).collect();
        let text = render(&turns, Path::new("/work"), &names, &[]);
        assert!(text.len() <= BUDGET, "{}", text.len());
        assert!(text.contains("answer 199") && !text.contains("answer 1 "));
        let first = text.find("Agent: answer 198").unwrap();
        assert!(first < text.find("Agent: answer 199").unwrap(), "oldest first");
    }

    #[test]
    fn what_looks_like_a_secret_is_not_told() {
        let turns = [turn(
            "my key is sk-abcdefghijklmnopqrstuvwxyz012345",
            "password = hunter2hunter2",
        )];
        let text = render(
            &turns,
            Path::new("/w"),
            &["ghp_0123456789abcdefghij0123456789abcdef".into()],
            &[],
        );
        for secret in ["sk-abc", "hunter2", "ghp_012"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
