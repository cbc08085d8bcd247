//! The entries of a collection in a file of any size, one at a time: only one of them is ever in
//! memory, and none that is larger than a post may be. What lies between them is passed over
//! without being kept, whatever it is.

use std::io::Read;

use crate::error::{Error, Result};
use crate::text::reason::Reason;

/// The longest entry, as documents from elsewhere may be (S-044).
pub const LONGEST: usize = 1 << 20;
/// The longest key that is looked at.
const LONGEST_KEY: usize = 32;
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// JSON, or what claims to be.
    Document(Vec<u8>),
    TooLarge,
}

/// A collection whose entries are read in turn.
pub struct Items<R> {
    source: R,
    piece: Box<[u8]>,
    at: usize,
    end: usize,
    ended: bool,
}

fn broken<T>() -> Result<T> {
    Err(Error::invalid(Reason::posts_broken.plain()))
}

impl<R: Read> Items<R> {
    /// Reads up to the first entry: in `orderedItems` or `items` of an object, or of the array
    /// that the file is.
    ///
    /// # Errors
    /// For what is no JSON. An object without entries has none.
    pub fn open(source: R) -> Result<Self> {
        let piece = vec![0; PIECE].into_boxed_slice();
        let mut items = Self { source, piece, at: 0, end: 0, ended: false };
        if items.peek()? == Some(0xef) {
            for expected in *b"\xef\xbb\xbf" {
                items.expect(expected)?;
            }
        }
        items.blank()?;
        match items.byte()? {
            Some(b'[') => {}
            Some(b'{') => items.ended = !items.find_entries()?,
            _ => return broken(),
        }
        Ok(items)
    }

    /// Goes to the entries among the keys of an object; `false`: it has none.
    fn find_entries(&mut self) -> Result<bool> {
        loop {
            self.blank()?;
            match self.byte()? {
                Some(b'}') => return Ok(false),
                Some(b',') => continue,
                Some(b'"') => {}
                _ => return broken(),
            }
            let mut key = Vec::new();
            self.string(&mut |byte| {
                if key.len() <= LONGEST_KEY {
                    key.push(byte);
                }
            })?;
            self.blank()?;
            self.expect(b':')?;
            self.blank()?;
            let is_wanted = key == b"orderedItems\"" || key == b"items\"";
            if is_wanted && self.peek()? == Some(b'[') {
                self.at += 1;
                return Ok(true);
            }
            self.value(&mut |_| {})?;
        }
    }

    /// The next entry; `None`: there is no other.
    ///
    /// # Errors
    /// When the file ends early or cannot be read.
    pub fn read_next(&mut self) -> Result<Option<Item>> {
        while !self.ended {
            self.blank()?;
            match self.peek()? {
                Some(b']') => self.ended = true,
                Some(b',') => self.at += 1,
                Some(_) => {
                    let (mut bytes, mut large) = (Vec::new(), false);
                    self.value(&mut |byte| {
                        large |= bytes.len() >= LONGEST;
                        if !large {
                            bytes.push(byte);
                        }
                    })?;
                    return Ok(Some(if large { Item::TooLarge } else { Item::Document(bytes) }));
                }
                None => return broken(),
            }
        }
        Ok(None)
    }

    /// Passes over a value; how deep it goes is counted, not remembered.
    fn value(&mut self, each: &mut dyn FnMut(u8)) -> Result<()> {
        let mut depth = 0_u64;
        let mut any = false;
        while let Some(byte) = self.peek()? {
            let ends = matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\n' | b'\r' | b'\t');
            if depth == 0 && ends {
                break;
            }
            self.at += 1;
            each(byte);
            any = true;
            match byte {
                b'"' => self.string(each)?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                return Ok(());
            }
        }
        if any && depth == 0 { Ok(()) } else { broken() }
    }

    /// The rest of a string, with the mark at its end.
    fn string(&mut self, each: &mut dyn FnMut(u8)) -> Result<()> {
        let mut escaped = false;
        while let Some(byte) = self.byte()? {
            each(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Ok(()),
                _ => {}
            }
        }
        broken()
    }

    fn blank(&mut self) -> Result<()> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek()? {
            self.at += 1;
        }
        Ok(())
    }

    fn expect(&mut self, wanted: u8) -> Result<()> {
        if self.byte()? == Some(wanted) { Ok(()) } else { broken() }
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        if self.at >= self.end {
            let read = self.source.read(&mut self.piece);
            self.end = read.map_err(|e| {
                Error::invalid(format!("the file of the posts cannot be read: {e}"))
            })?;
            self.at = 0;
        }
        Ok(self.piece.get(..self.end).and_then(|piece| piece.get(self.at)).copied())
    }
}
