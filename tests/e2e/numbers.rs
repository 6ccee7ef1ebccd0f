//! Numbers for tests that send what nobody has thought of.

/// Numbers from a seed: a xorshift generator, so that a failure can be had again.
#[derive(Debug, Clone)]
pub(crate) struct Numbers(u64);

impl Numbers {
    /// How many things to send, by this variable or else so many, and the numbers to make them of: `E2E_FUZZ_SEED`.
    pub(crate) fn of_environment(variable: &str, count: u64) -> (u64, Self) {
        let number = |name: &str, default: u64| {
            std::env::var(name)
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(default)
        };
        let seed = number("E2E_FUZZ_SEED", 0x9e37_79b9_7f4a_7c15);
        // Zero is the one seed that leads nowhere.
        (number(variable, count), Self(seed.max(1)))
    }

    /// Whether something that happens once in so many times happens.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}
