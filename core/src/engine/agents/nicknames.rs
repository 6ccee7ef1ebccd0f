//! Names for agents, so that people can tell them apart.

use std::collections::HashSet;

use crate::ThreadId;

/// Birds.
const NAMES: [&str; 40] = [
    "Avocet", "Bittern", "Bunting", "Chough", "Coot", "Crake", "Crane", "Curlew", "Dipper", "Dunlin",
    "Egret", "Fulmar", "Gannet", "Godwit", "Grebe", "Heron", "Hoopoe", "Jackdaw", "Kestrel", "Kite", "Knot",
    "Lapwing", "Linnet", "Martin", "Merlin", "Nuthatch", "Osprey", "Ouzel", "Petrel", "Pipit", "Plover",
    "Puffin", "Redstart", "Serin", "Siskin", "Snipe", "Swift", "Tern", "Wagtail", "Wren",
];

/// A name that no other agent of the session has; where all are taken, one with a number.
pub(super) fn choose(candidates: &[String], taken: &HashSet<&str>, id: ThreadId) -> String {
    let own = candidates
        .iter()
        .map(String::as_str)
        .filter(|name| !name.trim().is_empty());
    let names: Vec<&str> = own.collect();
    let names = if names.is_empty() { NAMES.to_vec() } else { names };
    // The last bytes of an identifier are random.
    let start = usize::from(id.0.as_bytes()[15]) % names.len();
    let in_turn = || names.iter().cycle().skip(start).take(names.len());
    for round in 1..=taken.len() + 1 {
        for name in in_turn() {
            let name = if round == 1 {
                (*name).to_owned()
            } else {
                format!("{name} {round}")
            };
            if !taken.contains(name.as_str()) {
                return name;
            }
        }
    }
    id.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collab_nicknames_are_unique_as_long_as_a_session_lasts() {
        let mut taken: HashSet<String> = HashSet::new();
        for _ in 0..3 * NAMES.len() {
            let borrowed = taken.iter().map(String::as_str).collect();
            let name = choose(&[], &borrowed, ThreadId::new());
            assert!(taken.insert(name));
        }
        let candidates = ["Zed".to_owned()];
        assert_eq!(choose(&candidates, &HashSet::new(), ThreadId::new()), "Zed");
        assert_eq!(
            choose(&candidates, &HashSet::from(["Zed"]), ThreadId::new()),
            "Zed 2"
        );
    }
}
