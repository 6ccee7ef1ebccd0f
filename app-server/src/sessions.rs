//! Clients that may come back after their connection has ended, by their tokens (docs/contract/connection.md#coming-back).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::client::handle::{Client, Identity};

/// Name of the extension, as clients announce it in `initialize`.
pub(crate) const EXTENSION: &str = "codex-app-server/reconnect";

/// How long a client may stay away.
pub(crate) const WINDOW: Duration = Duration::from_millis(WINDOW_MS);

/// The same in milliseconds, as clients are told.
pub(crate) const WINDOW_MS: u64 = 60_000;

/// Time between two looks for clients that have to be given up.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// Clients that are away, at most; the one that left first is given up for another.
const MAX_AWAY: usize = 1024;

/// Bytes that are kept for all of them, about. Frames that several clients get count for each.
const MAX_KEPT: usize = 64 * 1024 * 1024;

/// All sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    /// By the hash of the token, so that how long a look-up takes tells nothing of a token. A lock, since connections come
    /// and go in tasks of their own; held for moments only.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_token: HashMap<[u8; 32], Session>,
    /// How many clients have left so far.
    departures: u64,
    /// When clients that have to be given up were looked for last.
    looked: Option<Instant>,
}

struct Session {
    client: Arc<Client>,
    /// When the client left, counted in departures.
    away_since: Option<u64>,
}

impl Sessions {
    /// Begins the session of a client. Gives the token by which it comes back: 244 random bits.
    pub(crate) fn open(&self, client: &Arc<Client>) -> String {
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let session = Session {
            client: Arc::clone(client),
            away_since: None,
        };
        self.lock().by_token.insert(hash(&token), session);
        token
    }

    /// The client that has this token, if it was authenticated as this one is.
    pub(crate) fn find(&self, token: &str, identity: Option<&Identity>) -> Option<Arc<Client>> {
        let state = self.lock();
        let session = state.by_token.get(&hash(token))?;
        (session.client.identity.as_ref() == identity).then(|| Arc::clone(&session.client))
    }

    /// A client has come back.
    pub(crate) fn came_back(&self, client: &Client) {
        if let Some(session) = self.lock().of(client) {
            session.away_since = None;
        }
    }

    /// A client has left. Gives those that are to be given up for it.
    pub(crate) fn left(&self, client: &Client) -> Vec<Arc<Client>> {
        let mut state = self.lock();
        state.departures += 1;
        let departure = state.departures;
        if let Some(session) = state.of(client) {
            session.away_since = Some(departure);
        }
        drop(state);
        self.over_limit()
    }

    /// As [`Self::over_limit`], unless that has been asked within [`LOOK`]: each client that is away asks.
    pub(crate) fn look(&self) -> Vec<Arc<Client>> {
        let mut state = self.lock();
        if state.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return Vec::new();
        }
        state.looked = Some(Instant::now());
        drop(state);
        self.over_limit()
    }

    /// The clients that are away and have to be given up, because they are too many or too much is kept for them.
    fn over_limit(&self) -> Vec<Arc<Client>> {
        let state = self.lock();
        let away = state.by_token.values();
        let mut away: Vec<_> = away
            .filter_map(|session| Some((session.away_since?, Arc::clone(&session.client))))
            .collect();
        drop(state);
        away.sort_by_key(|(departure, _)| std::cmp::Reverse(*departure));
        let mut kept = 0;
        let mut number = 0;
        away.retain(|(_, client)| {
            kept += client.outgoing.waiting();
            number += 1;
            number > MAX_AWAY || kept > MAX_KEPT
        });
        away.into_iter().map(|(_, client)| client).collect()
    }

    /// Ends the session of a client.
    pub(crate) fn close(&self, client: &Client) {
        self.lock()
            .by_token
            .retain(|_, session| session.client.id != client.id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, client: &Client) -> Option<&mut Session> {
        let mut sessions = self.by_token.values_mut();
        sessions.find(|session| session.client.id == client.id)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: u64, identity: &str) -> Arc<Client> {
        let client = Client::new(id, Arc::default(), Some(Identity::new(identity)));
        client.outgoing.keep_journal();
        Arc::new(client)
    }

    #[test]
    fn a_token_is_good_for_who_was_given_it() {
        let sessions = Sessions::default();
        let token = sessions.open(&client(1, "a"));
        let found = |token: &str, identity| sessions.find(token, Some(&Identity::new(identity)));
        assert_eq!(found(&token, "a").map(|client| client.id), Some(1));
        assert!(found(&token, "b").is_none());
        assert!(sessions.find(&token, None).is_none());
        assert!(found(&token[1..], "a").is_none());
        sessions.close(&client(1, "a"));
        assert!(found(&token, "a").is_none());
    }

    #[test]
    fn the_one_that_left_first_is_given_up_first() {
        let sessions = Sessions::default();
        let clients: Vec<_> = (0..=MAX_AWAY as u64).map(|id| client(id, "a")).collect();
        for client in &clients {
            sessions.open(client);
        }
        for client in &clients[..MAX_AWAY] {
            assert!(sessions.left(client).is_empty());
        }
        sessions.came_back(&clients[0]);
        sessions.left(&clients[0]);
        let given_up = sessions.left(&clients[MAX_AWAY]);
        assert_eq!(given_up.iter().map(|client| client.id).collect::<Vec<_>>(), [1]);
    }
}
