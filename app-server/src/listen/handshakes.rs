//! Connections that are no WebSocket yet, or whose client has not been initialized. Whoever opens many and says nothing must
//! keep neither health checks nor new clients out: when there are too many, the oldest of the address that has most goes.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Such connections, at most.
pub(super) const MAX_HANDSHAKES: usize = 512;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// A lock, since each leaves in a task of its own; held for moments only.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Oldest first.
    open: BTreeMap<u64, Open>,
}

#[derive(Debug)]
struct Open {
    /// `None`: a Unix socket.
    peer: Option<IpAddr>,
    given_up: CancellationToken,
}

/// The place of one of them. Dropping it leaves.
#[derive(Debug)]
pub(super) struct Place {
    handshakes: Arc<Handshakes>,
    number: u64,
    given_up: CancellationToken,
}

impl Handshakes {
    /// A new connection of this address; `None`: over a Unix socket. Another one may be given up for it.
    pub(super) fn enter(self: &Arc<Self>, peer: Option<IpAddr>) -> Place {
        let peer = peer.map(network);
        let given_up = CancellationToken::new();
        let mut state = self.lock();
        if state.open.len() >= MAX_HANDSHAKES
            && let Some(victim) = state.victim()
            && let Some(open) = state.open.remove(&victim)
        {
            tracing::debug!(peer = ?open.peer, "too many connections say nothing: one is closed");
            open.given_up.cancel();
        }
        let number = state.next;
        state.next += 1;
        let open = Open {
            peer,
            given_up: given_up.clone(),
        };
        state.open.insert(number, open);
        drop(state);
        Place {
            handshakes: Arc::clone(self),
            number,
            given_up,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom an address belongs to: of IPv6, everybody has a whole network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl State {
    /// The oldest connection of the address that has most of them.
    fn victim(&self) -> Option<u64> {
        let mut counts: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for open in self.open.values() {
            *counts.entry(open.peer).or_default() += 1;
        }
        let most = counts.values().copied().max()?;
        let mut oldest_first = self.open.iter();
        let found = oldest_first.find(|(_, open)| counts.get(&open.peer) == Some(&most));
        found.map(|(number, _)| *number)
    }
}

impl Place {
    /// Is cancelled when the connection has to go, because others came; never after the place was left.
    pub(super) fn given_up(&self) -> CancellationToken {
        self.given_up.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.handshakes.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn addresses_of_one_network_are_one_peer() {
        let network = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn the_oldest_of_who_has_most_goes_for_a_new_one() {
        let handshakes = Arc::<Handshakes>::default();
        let honest = handshakes.enter(Some(peer(1)));
        let mut flood: Vec<_> = (1..MAX_HANDSHAKES)
            .map(|_| handshakes.enter(Some(peer(2))))
            .collect();
        assert!(flood.iter().all(|place| !place.given_up.is_cancelled()));
        let new = handshakes.enter(Some(peer(3)));
        assert!(flood[0].given_up.is_cancelled());
        assert!(!flood[1].given_up.is_cancelled() && !honest.given_up.is_cancelled());
        // One that leaves makes room.
        drop(flood.pop());
        drop(handshakes.enter(Some(peer(2))));
        assert!(!flood[1].given_up.is_cancelled());
        drop((honest, new, flood));
        assert!(handshakes.lock().open.is_empty());
    }
}
