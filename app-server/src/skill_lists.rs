//! Lists of skills as JSON. To write thousands of skills takes milliseconds, clients ask for them again and again, and
//! they seldom change: so what was written last is kept.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use codex_core::config::SkillsConfig;
use codex_core::skills::FolderSkills;

/// Bytes that are kept at most, of all lists.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Lists that are kept at most.
const MAX_LISTS: usize = 8;

/// The lists that were written last, the latest last. Handlers that run side by side share them. Held for moments.
#[derive(Debug, Default)]
pub(crate) struct SkillLists(Mutex<Vec<KeptList>>);

#[derive(Debug)]
struct KeptList {
    /// What was written. Not held on to: nobody asks again for what has changed.
    skills: Weak<FolderSkills>,
    /// Says which are on.
    config: SkillsConfig,
    json: Arc<[u8]>,
}

impl KeptList {
    fn is_of(&self, skills: &Arc<FolderSkills>, config: &SkillsConfig) -> bool {
        Weak::as_ptr(&self.skills) == Arc::as_ptr(skills) && self.config == *config
    }
}

impl SkillLists {
    /// The JSON of these skills, if it is kept: objects with commas between them.
    pub(crate) fn find(&self, skills: &Arc<FolderSkills>, config: &SkillsConfig) -> Option<Arc<[u8]>> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lists.iter().find(|kept| kept.is_of(skills, config))?;
        Some(Arc::clone(&kept.json))
    }

    /// Keeps the JSON of these skills, unless it is too much.
    pub(crate) fn keep(&self, skills: &Arc<FolderSkills>, config: &SkillsConfig, json: Vec<u8>) {
        if json.len() > MAX_BYTES {
            return;
        }
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|kept| kept.skills.strong_count() > 0 && !kept.is_of(skills, config));
        let mut bytes: usize = json.len() + lists.iter().map(|kept| kept.json.len()).sum::<usize>();
        while bytes > MAX_BYTES || lists.len() >= MAX_LISTS {
            bytes -= lists.remove(0).json.len();
        }
        lists.push(KeptList {
            skills: Arc::downgrade(skills),
            config: config.clone(),
            json: json.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lists_are_kept_within_bounds_and_only_as_long_as_their_skills() {
        let lists = SkillLists::default();
        let config = SkillsConfig::default();
        let new = || Arc::new(FolderSkills::default());
        let (first, second, third) = (new(), new(), new());
        lists.keep(&first, &config, b"1".to_vec());
        assert_eq!(lists.find(&first, &config).as_deref(), Some(&b"1"[..]));
        assert!(lists.find(&second, &config).is_none());
        lists.keep(&second, &config, vec![b'2'; MAX_BYTES - 1]);
        assert!(lists.find(&first, &config).is_some());
        lists.keep(&third, &config, b"3".to_vec());
        assert!(lists.find(&first, &config).is_none() && lists.find(&second, &config).is_some());
        lists.keep(&first, &config, vec![0; MAX_BYTES + 1]);
        assert!(lists.find(&first, &config).is_none());
        drop(second);
        lists.keep(&first, &config, b"1".to_vec());
        assert_eq!(lists.0.lock().unwrap().len(), 2);
        for _ in 0..2 * MAX_LISTS {
            lists.keep(&first, &config, b"1".to_vec());
        }
        assert_eq!(lists.0.lock().unwrap().len(), 2);
    }
}
