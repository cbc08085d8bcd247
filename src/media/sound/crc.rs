//! Check sums of the containers, each with the polynomial and the direction that its format names.

/// Most significant bit first, from zero: 32 bits for Ogg pages (RFC 3533, section 6).
const fn ogg_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = (value << 1) ^ (if value >> 31 == 1 { 0x04c1_1db7 } else { 0 });
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// The 16 bits behind a FLAC frame (RFC 9639, section 9.3).
const fn flac_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            value = (value << 1) ^ (if value >> 15 == 1 { 0x8005 } else { 0 });
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// The same polynomial from the other end, as in the info frame of LAME.
const fn lame_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u16;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (if value & 1 == 1 { 0xa001 } else { 0 });
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

static OGG: [u32; 256] = ogg_table();
static FLAC: [u16; 256] = flac_table();
static LAME: [u16; 256] = lame_table();

/// Goes on with the sum of an Ogg page.
pub(super) fn ogg(sum: u32, data: &[u8]) -> u32 {
    data.iter().fold(sum, |sum, byte| (sum << 8) ^ OGG[usize::from((sum >> 24) as u8 ^ byte)])
}

/// Goes on with the sum of a FLAC frame; zero once the sum itself was added.
#[inline]
pub(super) fn flac(sum: u16, byte: u8) -> u16 {
    (sum << 8) ^ FLAC[usize::from((sum >> 8) as u8 ^ byte)]
}

/// The sum of the head of a FLAC frame (RFC 9639, section 9.1.8).
pub(super) fn flac_head(data: &[u8]) -> u8 {
    data.iter().fold(0, |sum: u8, byte| {
        (0..8).fold(sum ^ byte, |sum, _| (sum << 1) ^ (if sum >> 7 == 1 { 7 } else { 0 }))
    })
}

/// Goes on with a sum in the info frame of LAME.
pub(super) fn lame(sum: u16, data: &[u8]) -> u16 {
    data.iter().fold(sum, |sum, byte| (sum >> 8) ^ LAME[usize::from(sum as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    #[test]
    fn sums_are_those_of_the_catalogue() {
        let data = b"123456789";
        assert_eq!(data.iter().fold(0, |sum, byte| super::flac(sum, *byte)), 0xfee8);
        assert_eq!(super::lame(0, data), 0xbb3d);
        assert_eq!(super::flac_head(data), 0xf4);
        assert_eq!(super::ogg(0, data), 0x89a1_897f);
    }
}
