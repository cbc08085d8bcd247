//! Faults that come from outside: kills in the middle of everything, power cuts, clocks that jump.
//!
//! A load notes what it was told; a checker compares that with what is there afterwards.
//! `make faults` does more rounds (`DASSIE_ROUNDS`) than the ordinary suite.

mod check;
mod clocks;
mod config;
mod disk;
mod kills;
mod ledger;
mod load;
mod power;

/// How many rounds: more where they were asked for.
fn rounds(usually: u32) -> u32 {
    let asked = std::env::var("DASSIE_ROUNDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(usually)
}

/// Numbers that look like chance and are the same again for the same seed (SplitMix64).
struct Chance(u64);

impl Chance {
    /// The seed is said, and can be given: `DASSIE_SEED`.
    fn new() -> Self {
        let given = std::env::var("DASSIE_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from_le_bytes(dassie::crypto::random_bytes::<8>()));
        println!("DASSIE_SEED={seed}");
        Self(seed)
    }

    /// From 0 up to, but without, `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % end.max(1) as u64) as usize
    }
}
