//! Reproducible random numbers: a small generator (`SplitMix64`) with a printed seed.

pub(crate) struct Random(u64);

impl Random {
    /// A generator with the default seed or the seed in `TEST_SEED`.
    pub(crate) fn seeded() -> Self {
        let seed = std::env::var("TEST_SEED").map_or(42, |seed| seed.parse().expect("TEST_SEED is a number"));
        eprintln!("this run's TEST_SEED is {seed}");
        Self(seed)
    }

    /// Another generator, with a seed drawn from this one.
    pub(crate) fn fork(&mut self) -> Self {
        Self(u64::try_from(self.below(usize::MAX)).expect("as wide"))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % bound as u64).expect("below a usize")
    }

    /// Shuffles (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
