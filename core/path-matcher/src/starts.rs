//! Where the runs of a block begin: enough to say which run a path is in, and where that ends, without a look at any run.
//! Runs are many and far apart in memory; this is little.

use crate::rows::{IN_WORD, words_of};

/// Where runs begin.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    /// A bit for each path: whether it is the first of a run.
    bits: Vec<u64>,
    /// For each word of these, how many runs begin before it.
    before: Vec<u16>,
    /// How many paths there are.
    paths: usize,
}

/// Which paths a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The number of the run.
    pub(crate) run: usize,
    /// The place of its first path.
    pub(crate) at: usize,
    /// The place behind its last path.
    pub(crate) end: usize,
}

impl Starts {
    /// Of so many paths, where runs begin at these places.
    pub(crate) fn new(places: impl Iterator<Item = usize>, paths: usize) -> Self {
        let mut bits = vec![0_u64; words_of(paths)];
        places.for_each(|at| bits[at / IN_WORD] |= 1 << (at % IN_WORD));
        let before = bits.iter().scan(0_u16, |before, word| {
            let now = *before;
            *before = now.saturating_add(u16::try_from(word.count_ones()).unwrap_or_default());
            Some(now)
        });
        Self {
            before: before.collect(),
            bits,
            paths,
        }
    }

    /// The run of the path at this place.
    #[inline]
    pub(crate) fn span(&self, at: usize) -> Option<Span> {
        if at >= self.paths {
            return None;
        }
        let word = at / IN_WORD;
        let so_far = self.bits.get(word)? & (u64::MAX >> (IN_WORD - 1 - at % IN_WORD));
        let begun = usize::from(*self.before.get(word)?) + so_far.count_ones() as usize;
        Some(Span {
            run: begun.checked_sub(1)?,
            at: last_one(&self.bits, word, so_far)?,
            end: next_one(&self.bits, at + 1).unwrap_or(self.paths),
        })
    }

    /// The first run with any of these paths at or behind a place.
    #[inline]
    pub(crate) fn next(&self, paths: &[u64], at: usize) -> Option<Span> {
        self.span(next_one(paths, at)?)
    }
}

impl Span {
    /// A bit for each path of it.
    #[inline]
    pub(crate) fn all(self) -> u64 {
        u64::MAX >> (IN_WORD - (self.end - self.at).clamp(1, IN_WORD))
    }
}

/// The place of the last bit before the end of a word, of which these bits are looked at.
#[inline]
fn last_one(bits: &[u64], mut word: usize, mut looked_at: u64) -> Option<usize> {
    while looked_at == 0 {
        word = word.checked_sub(1)?;
        looked_at = *bits.get(word)?;
    }
    Some(word * IN_WORD + looked_at.ilog2() as usize)
}

/// The place of the first bit at or behind a place.
#[inline]
fn next_one(bits: &[u64], at: usize) -> Option<usize> {
    let first = at / IN_WORD;
    let rest = bits.get(first)? & u64::MAX << (at % IN_WORD);
    if rest != 0 {
        return Some(first * IN_WORD + rest.trailing_zeros() as usize);
    }
    let behind = first + 1;
    let word = bits.get(behind..)?.iter().position(|word| *word != 0)?;
    Some((behind + word) * IN_WORD + bits[behind + word].trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_of_every_path_is_known_wherever_it_begins() {
        let places = [0, 1, 64, 127, 128, 190];
        let starts = Starts::new(places.into_iter(), 200);
        for at in 0..200 {
            let run = places.iter().rposition(|place| *place <= at).expect("a run");
            let end = places.get(run + 1).copied().unwrap_or(200);
            assert_eq!(
                starts.span(at),
                Some(Span {
                    run,
                    at: places[run],
                    end
                })
            );
        }
        let mut paths = vec![0; 4];
        paths[0] = 0b1100;
        paths[3] = 1;
        let next = |at| starts.next(&paths, at).map(|span| span.run);
        assert_eq!([0, 4, 193].map(next), [Some(1), Some(5), None]);
        assert_eq!(starts.span(200), None);
        assert_eq!(starts.span(64).map(Span::all), Some(u64::MAX >> 1));
        assert_eq!(starts.span(0).map(Span::all), Some(1));
    }
}
