#![allow(clippy::unwrap_used)]

use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// Made by rage 1.2 with the passphrase "a passphrase, please".
const OF_RAGE: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBZbi9INlFZNFZBa2cxYnFueHNOSVVnIDE1CktUTmVDTzVXK1h5SDQ1ZEtCS3dtWk1JTFVVZUkyd1FaS1g0ek13M1hPZm8KLS0tIGMzc29HY0JqR0g3NlBDZ2hLK3VMQ0VKNVMxdWdJSWVSTVJFdHdkR3dYdHcKpGUnXZ+XVvh3ngkmNKL+5ENe1UG7XEzlNYJxpmBiTsUCfcz79xBdDFFVHPwKEkplIxTgFg==";

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut sealer = Sealer::with_work(Vec::new(), "a secret", 1).unwrap();
    for part in plain.chunks(10_000) {
        sealer.write_all(part).unwrap();
    }
    sealer.finish().unwrap()
}

fn opened(file: &[u8], passphrase: &str) -> std::result::Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let mut opener = Opener::new(file, passphrase).map_err(|e| e.to_string())?;
    opener.read_to_end(&mut plain).map_err(|e| e.to_string())?;
    Ok(plain)
}

#[test]
fn what_another_program_encrypted_is_opened() {
    let file = STANDARD.decode(OF_RAGE).unwrap();
    assert_eq!(opened(&file, "a passphrase, please").unwrap(), b"from another program");
    assert_eq!(opened(&file, "another"), Err("the passphrase is wrong".into()));
    // its header is part of what is sealed
    let mut other = file.clone();
    let at = other.windows(4).position(|part| part == b"--- ").unwrap() + 5;
    other[at] ^= 1;
    assert_eq!(opened(&other, "a passphrase, please"), Err("it is damaged, or cut off".into()));
}

#[test]
fn files_of_all_lengths_come_back() {
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 7] {
        let plain: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
        let file = sealed(&plain);
        assert!(is_age(&file));
        assert_eq!(opened(&file, "a secret").unwrap(), plain, "{length}");
        assert_eq!(opened(&file, "a Secret"), Err("the passphrase is wrong".into()));
    }
}

#[test]
fn no_piece_can_be_cut_off_or_moved() {
    let file = sealed(&vec![7; 3 * PIECE]);
    let begin = file.len() - 3 * (PIECE + SEAL);
    let piece = |n: usize| &file[begin + n * (PIECE + SEAL)..begin + (n + 1) * (PIECE + SEAL)];
    let damaged = Err("it is damaged".into());
    for end in [begin, begin + 5, begin + PIECE + SEAL, file.len() - PIECE - SEAL, file.len() - 1] {
        assert_eq!(opened(&file[..end], "a secret"), damaged, "{end}");
    }
    let head = &file[..begin];
    for order in [vec![1, 0, 2], vec![0, 2], vec![0, 0, 1, 2], vec![0, 1, 2, 2]] {
        let mut other = head.to_vec();
        order.iter().for_each(|n| other.extend_from_slice(piece(*n)));
        assert_eq!(opened(&other, "a secret"), damaged, "{order:?}");
    }
}

#[test]
fn what_would_take_too_much_is_refused() {
    let text = String::from_utf8_lossy(&sealed(b"")).replacen(" 1\n", " 19\n", 1);
    assert!(opened(text.as_bytes(), "a secret").unwrap_err().contains("more work"));
    let endless = [format!("{VERSION}\n-> scrypt ").as_bytes(), &[b'a'; 100_000]].concat();
    assert_eq!(opened(&endless, "a secret"), Err("it is damaged, or cut off".into()));
    let key = format!("{VERSION}\n-> X25519 abc\nabc\n--- abc\n");
    assert!(opened(key.as_bytes(), "a secret").unwrap_err().contains("not encrypted with a pass"));
}

proptest! {
    #[test]
    fn no_change_goes_unnoticed(at in any::<prop::sample::Index>(), other in 1..=255_u8) {
        let mut file = sealed(b"some bytes that matter");
        let at = at.index(file.len());
        // a greater factor may only take its time
        let digit = file.windows(3).position(|part| part == b" 1\n").unwrap() + 1;
        if at != digit {
            file[at] ^= other;
            prop_assert!(opened(&file, "a secret").is_err());
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = opened(&bytes, "a secret");
        let _ = opened(&[VERSION.as_bytes(), b"\n-> scrypt ", &bytes].concat(), "a secret");
    }
}
