//! One block of 8x8 pixels as its scans code it (ITU-T T.81, sections F.2.2 and G.1.2).

use super::codes::{Bits, Table};

/// The numbers of a block in the order of the file, or only which of them there are: that is all
/// that must be known to find the way through a scan.
pub(super) trait Numbers {
    fn has(&self, at: usize) -> bool;
    fn set(&mut self, at: usize, value: i32);
    /// Makes one larger, whatever its sign is.
    fn grow(&mut self, at: usize, by: i32);
    /// Adds a bit to the first.
    fn add_bit(&mut self, bit: i32);
}

impl Numbers for [i32; 64] {
    fn has(&self, at: usize) -> bool {
        self[at] != 0
    }

    fn set(&mut self, at: usize, value: i32) {
        self[at] = value;
    }

    fn grow(&mut self, at: usize, by: i32) {
        if self[at] & by == 0 {
            self[at] = self[at].wrapping_add(if self[at] < 0 { -by } else { by });
        }
    }

    fn add_bit(&mut self, bit: i32) {
        self[0] |= bit;
    }
}

impl Numbers for u64 {
    fn has(&self, at: usize) -> bool {
        self >> at & 1 == 1
    }

    fn set(&mut self, at: usize, _: i32) {
        *self |= 1 << at;
    }

    fn grow(&mut self, _: usize, _: i32) {}

    fn add_bit(&mut self, _: i32) {}
}

/// The first number, which is told by its difference from the one before, without its `low` bits.
pub(super) fn first(
    bits: &mut Bits,
    data: &[u8],
    table: &Table,
    before: &mut i32,
    low: u32,
    to: &mut impl Numbers,
) {
    let count = bits.code(data, table);
    *before = before.wrapping_add(bits.signed(data, count.into()));
    to.set(0, before.wrapping_shl(low));
}

/// The other numbers of a block that one scan tells whole.
pub(super) fn rest(bits: &mut Bits, data: &[u8], table: &Table, to: &mut impl Numbers) {
    let mut run = 0;
    others(bits, data, table, (1, 63, 0), &mut run, to);
}

/// Numbers from `first` to `last` without their `low` bits. `run` is how many blocks come that have
/// none of them.
pub(super) fn others(
    bits: &mut Bits,
    data: &[u8],
    table: &Table,
    (first, last, low): (usize, usize, u32),
    run: &mut u32,
    to: &mut impl Numbers,
) {
    if *run > 0 {
        *run -= 1;
        return;
    }
    let mut at = first;
    while at <= last {
        let code = bits.code(data, table);
        let (zeros, count) = (code >> 4, code & 15);
        if count > 0 {
            at += usize::from(zeros);
            let value = bits.signed(data, count.into());
            if at > last {
                return;
            }
            to.set(at, value << low);
            at += 1;
        } else if zeros == 15 {
            at += 16;
        } else {
            *run = length(bits, data, zeros) - 1;
            return;
        }
    }
}

/// For how many blocks nothing comes, this one among them.
fn length(bits: &mut Bits, data: &[u8], code: u8) -> u32 {
    (1 << code) + bits.take(data, code.into()).unsigned_abs()
}

/// One bit more of each number that there is, and numbers that have no higher bit.
pub(super) fn refine(
    bits: &mut Bits,
    data: &[u8],
    table: &Table,
    (first, last, low): (usize, usize, u32),
    run: &mut u32,
    to: &mut impl Numbers,
) {
    let bit = 1 << low;
    let mut at = first;
    while at <= last && *run == 0 {
        let code = bits.code(data, table);
        let (mut zeros, count) = (code >> 4, code & 15);
        let mut value = 0;
        if count > 0 {
            value = if bits.take(data, 1) == 1 { bit } else { -bit };
        } else if zeros < 15 {
            *run = length(bits, data, zeros);
            break;
        }
        while at <= last {
            if to.has(at) {
                if bits.take(data, 1) == 1 {
                    to.grow(at, bit);
                }
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if value != 0 && at <= last {
            to.set(at, value);
        }
        at += 1;
    }
    if *run > 0 {
        while at <= last {
            if to.has(at) && bits.take(data, 1) == 1 {
                to.grow(at, bit);
            }
            at += 1;
        }
        *run -= 1;
    }
}
