//! Chance that can be repeated: SplitMix64, written out here so that a seed draws the same orders for ever, whatever
//! the random number libraries do. (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.)

/// The golden ratio in 64 bits: the step between two draws.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A number that looks drawn, from two that are given.
#[must_use]
pub fn mix(seed: u64, value: u64) -> u64 {
    let mut z = (seed ^ value.wrapping_mul(STEP)).wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number that looks drawn, from one that is given and a text.
#[must_use]
pub fn mix_text(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |mixed, byte| mix(mixed, byte.into()))
}

/// A stream of draws.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The stream that belongs to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state, 0)
    }

    /// A number from 0 up to, not including, `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll().checked_rem(bound).unwrap_or(0)
    }

    /// True this many times out of a hundred.
    pub fn chance(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of these, each as likely as the others. The slice must not be empty; `T::default()` stands in if it is.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len() as u64);
        usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
    }

    /// One of these, as likely as its weight says; the last one when all weights are 0.
    pub fn weighted<T: Copy + Default>(&mut self, from: &[(u64, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in from {
            if left < *weight {
                return *one;
            }
            left -= weight;
        }
        from.last().map(|(_, one)| *one).unwrap_or_default()
    }
}
