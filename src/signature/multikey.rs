//! Multikeys: Ed25519 keys as actors publish them in `assertionMethod` (FEP-521a):
//! `z`, then base58 of two bytes that say Ed25519 and the 32 bytes of the key.
//! <https://www.w3.org/TR/cid-1.0/#Multikey>

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The multicodec of an Ed25519 public key, as a varint.
const ED25519: [u8; 2] = [0xED, 0x01];
/// Longer is no Ed25519 key; reading base58 costs the square of its length.
const LONGEST: usize = 64;

/// The key as it is published.
pub fn encode(key: &[u8; 32]) -> String {
    let mut bytes = ED25519.to_vec();
    bytes.extend_from_slice(key);
    format!("z{}", base58(&bytes))
}

/// Reads what [`encode`] writes; `None` for every other kind of key.
pub fn decode(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_prefix('z').filter(|text| text.len() <= LONGEST)?;
    let bytes = from_base58(text)?;
    bytes.strip_prefix(&ED25519)?.try_into().ok()
}

fn base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    zeros
        .chain(digits.iter().rev().copied())
        .filter_map(|digit| ALPHABET.get(usize::from(digit)).map(|c| char::from(*c)))
        .collect()
}

fn from_base58(text: &str) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    for c in text.bytes() {
        let mut carry = ALPHABET.iter().position(|a| *a == c)? as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xFF) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xFF) as u8);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|c| *c == b'1').count();
    bytes.extend(std::iter::repeat_n(0, zeros));
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn f_036_known_texts() {
        // the key of the zero seed, RFC 8032's first test key and base58's own examples
        let key = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
            0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
            0xf7, 0x07, 0x51, 0x1a,
        ];
        assert!(encode(&key).starts_with("z6Mk"));
        assert_eq!(decode(&encode(&key)), Some(key));
        assert_eq!(base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
        assert_eq!(base58(&[0, 0, 1]), "112");
        assert_eq!(from_base58("112").unwrap(), [0, 0, 1]);
    }

    #[test]
    fn f_036_other_keys_are_none() {
        for bad in ["", "z", "z0", "6Mk", "u6MkhaXgBZD", "zl", "zé", &"z1".repeat(80)] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        // P-256, and Ed25519 with a byte too many
        assert_eq!(
            decode(&format!("z{}", base58(&[[0x80, 0x24].as_slice(), &[1; 33]].concat()))),
            None
        );
        assert_eq!(decode(&format!("z{}", base58(&[ED25519.as_slice(), &[1; 33]].concat()))), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn f_036_keys_read_back(key: [u8; 32], text in "\\PC{0,80}") {
            prop_assert_eq!(decode(&encode(&key)), Some(key));
            if let Some(read) = decode(&text) {
                prop_assert_eq!(encode(&read), text);
            }
        }
    }
}
