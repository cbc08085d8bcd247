//! Huffman codes of JPEG files (ITU-T T.81, sections C and F.2.2): reading bits in a way that can be
//! taken up again later, and writing them.

/// How many bits are looked up at once.
const QUICK: u32 = 9;

/// A table of codes to read by.
pub(super) struct Table {
    /// For each beginning: the length of its code and what it means; 0: it is longer.
    quick: [(u8, u8); 1 << QUICK],
    /// For each length: one more than its last code, filled up to 16 bits, and what has to be added
    /// to one of its codes for its place in `values`.
    ends: [(u32, i32); 17],
    values: Vec<u8>,
}

impl Table {
    /// By how many codes there are of each length, and what they mean in their order. `None`: more
    /// codes than there can be.
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Option<Self> {
        let mut table =
            Self { quick: [(0, 0); 1 << QUICK], ends: [(0, 0); 17], values: values.to_vec() };
        for (code, length, value) in codes(counts, values)? {
            if let Some(shift) = QUICK.checked_sub(length) {
                let from = code as usize;
                let same = table.quick.get_mut(from << shift..(from + 1) << shift)?;
                same.fill((u8::try_from(length).ok()?, value));
            }
        }
        let (mut code, mut at) = (0_u32, 0_i32);
        for (length, count) in (1_u32..).zip(counts) {
            let first = i32::try_from(code).ok()?;
            code += u32::from(*count);
            table.ends[length as usize] = (code << (16 - length), at - first);
            at += i32::from(*count);
            code <<= 1;
        }
        Some(table)
    }
}

/// Each code with its length and what it means.
fn codes(counts: &[u8; 16], values: &[u8]) -> Option<Vec<(u32, u32, u8)>> {
    let mut out = Vec::with_capacity(values.len());
    let (mut code, mut values) = (0_u32, values.iter());
    for (length, count) in (1_u32..).zip(counts) {
        for _ in 0..*count {
            if code >= 1 << length {
                return None;
            }
            out.push((code, length, *values.next()?));
            code += 1;
        }
        code <<= 1;
    }
    Some(out)
}

/// A place among the bits of a scan. A copy of it is a place to come back to.
#[derive(Clone, Copy, Default)]
pub(super) struct Bits {
    /// The next byte that was not taken yet.
    at: usize,
    /// Taken bits, the next one highest.
    taken: u64,
    count: u32,
    /// How many of them are zeros from behind the end.
    made_up: u32,
}

impl Bits {
    pub(super) fn new(at: usize) -> Self {
        Self { at, ..Self::default() }
    }

    /// Whether more was read than there is.
    pub(super) fn is_over(&self) -> bool {
        self.count < self.made_up
    }

    fn fill(&mut self, data: &[u8]) {
        while self.count <= 48 {
            let byte = match (data.get(self.at), data.get(self.at + 1)) {
                (Some(0xff), Some(0)) => {
                    self.at += 2;
                    0xff
                }
                // a marker ends the bits, or the file does
                (Some(0xff), _) | (None, _) => {
                    self.made_up = self.made_up.saturating_add(8);
                    0
                }
                (Some(byte), _) => {
                    self.at += 1;
                    *byte
                }
            };
            self.taken |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next bits as a number, 16 at the most.
    pub(super) fn take(&mut self, data: &[u8], count: u32) -> i32 {
        if count == 0 {
            return 0;
        }
        if self.count < count {
            self.fill(data);
        }
        let found = self.taken >> (64 - count);
        self.taken <<= count;
        self.count -= count;
        i32::try_from(found).unwrap_or(0)
    }

    /// A number of so many bits, whose first one is its sign (table F.1).
    pub(super) fn signed(&mut self, data: &[u8], count: u32) -> i32 {
        let count = count.min(16);
        let found = self.take(data, count);
        if count > 0 && found < 1 << (count - 1) { found - (1 << count) + 1 } else { found }
    }

    /// What the next code means.
    pub(super) fn code(&mut self, data: &[u8], table: &Table) -> u8 {
        if self.count < 16 {
            self.fill(data);
        }
        let next = usize::try_from(self.taken >> (64 - QUICK)).unwrap_or(0);
        let (length, value) = table.quick[next];
        if length > 0 {
            self.taken <<= length;
            self.count -= u32::from(length);
            return value;
        }
        let next = u32::try_from(self.taken >> 48).unwrap_or(0);
        for length in QUICK + 1..=16 {
            let (end, add) = table.ends[length as usize];
            if next < end {
                let code = self.take(data, length);
                let value = usize::try_from(code + add).ok().and_then(|at| table.values.get(at));
                return value.copied().unwrap_or(0);
            }
        }
        // no such code: the file is damaged, and nothing that follows means anything
        self.take(data, 16);
        self.made_up = u32::MAX;
        0
    }

    /// Goes behind the next marker, if it is one between two parts of a scan.
    pub(super) fn restart(&mut self, data: &[u8]) -> bool {
        let found = matches!(data.get(self.at..), Some([0xff, 0xd0..=0xd7, ..]));
        if found {
            *self = Self::new(self.at + 2);
        }
        found
    }
}

/// The usual codes for the differences of brightness, and for all else (tables K.3 and K.5): how
/// many there are of each length, and what they mean.
pub(super) const DC: ([u8; 16], [u8; 12]) =
    ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
#[rustfmt::skip]
pub(super) const AC: ([u8; 16], [u8; 162]) = (
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
    [
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
        0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
        0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
        0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
        0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
        0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
        0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
        0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5,
        0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
        0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
        0xf9, 0xfa,
    ],
);

/// Writes blocks with the usual codes.
pub(super) struct Writer {
    pub(super) out: Vec<u8>,
    bits: u64,
    count: u32,
    dc: [(u32, u32); 256],
    ac: [(u32, u32); 256],
}

impl Writer {
    /// Behind what was written already.
    pub(super) fn new(out: Vec<u8>) -> Self {
        let all = |counts: &[u8; 16], values: &[u8]| {
            let mut all = [(0, 0); 256];
            for (code, length, value) in codes(counts, values).unwrap_or_default() {
                all[usize::from(value)] = (code, length);
            }
            all
        };
        Self { out, bits: 0, count: 0, dc: all(&DC.0, &DC.1), ac: all(&AC.0, &AC.1) }
    }

    /// A block in the order of the file; `before` is the first number of the one before it.
    pub(super) fn block(&mut self, block: &[i32; 64], before: &mut i32) {
        // what eight bits a channel allow
        let first = block[0].clamp(-1024, 1023);
        let difference = first - *before;
        *before = first;
        let (code, length) = self.dc[width(difference) as usize];
        self.put(code, length);
        self.number(difference);
        let mut zeros = 0;
        for value in block[1..].iter().map(|value| (*value).clamp(-1023, 1023)) {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                let (code, length) = self.ac[0xf0];
                self.put(code, length);
                zeros -= 16;
            }
            let (code, length) = self.ac[zeros << 4 | width(value) as usize];
            self.put(code, length);
            self.number(value);
            zeros = 0;
        }
        if zeros > 0 {
            let (code, length) = self.ac[0];
            self.put(code, length);
        }
    }

    fn number(&mut self, value: i32) {
        let length = width(value);
        let bits = if value < 0 { value - 1 } else { value };
        self.put(bits.cast_unsigned() & ((1 << length) - 1), length);
    }

    fn put(&mut self, bits: u32, length: u32) {
        self.bits = self.bits << length | u64::from(bits);
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.bits >> self.count & 0xff) as u8;
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
        }
    }

    /// The file with its end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(0x7f, 7);
        self.out.extend_from_slice(&[0xff, 0xd9]);
        self.out
    }
}

/// How many bits a number takes without its sign.
fn width(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}
