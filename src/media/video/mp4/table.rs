//! The tables that say where each sample lies, how long it is and how long it lasts (ISO/IEC
//! 14496-12 sections 8.6 and 8.7), read into one list. Counts are compared with what is left of
//! the file's budget before anything is allocated.

use super::boxes::{find, need};
use crate::media::video::bytes::Bytes;
use crate::media::video::{MAX_SAMPLES, Result, damaged, refuse};

/// One picture, or one piece of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub size: u32,
    /// How long it lasts, and how much later than it is decoded it is shown.
    pub delta: u32,
    pub shift: i32,
    /// Whether playing may begin here.
    pub sync: bool,
}

/// Samples that lie one behind the other in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub offset: u64,
    pub samples: u32,
    /// Which sample entry they are of, from 1 on.
    pub entry: u32,
}

/// How many samples a file may still have.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    pub fn new() -> Self {
        Self(MAX_SAMPLES)
    }

    /// Takes so many out.
    pub fn take(&mut self, count: u32) -> Result<usize> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let Some(left) = self.0.checked_sub(count) else {
            return refuse(format!("The video has more than {MAX_SAMPLES} pictures and sounds"));
        };
        self.0 = left;
        Ok(count)
    }
}

/// The samples of a track and where they lie, from its `stbl`.
pub fn read(stbl: &[u8], budget: &mut Budget) -> Result<(Vec<Sample>, Vec<Chunk>)> {
    let mut samples = sizes(stbl, budget)?;
    times(stbl, &mut samples)?;
    shifts(stbl, &mut samples)?;
    starts(stbl, &mut samples)?;
    let chunks = places(stbl, samples.len())?;
    Ok((samples, chunks))
}

fn sizes(stbl: &[u8], budget: &mut Budget) -> Result<Vec<Sample>> {
    let sample = |size| Sample { size, delta: 0, shift: 0, sync: true };
    if let Some(stsz) = find(stbl, b"stsz")? {
        let mut bytes = Bytes(stsz);
        bytes.u32()?;
        let (same, count) = (bytes.u32()?, bytes.u32()?);
        if same != 0 {
            return Ok(vec![sample(same); budget.take(count)?]);
        }
        let table = bytes.take(budget.take(count)?.saturating_mul(4))?;
        let each = table.chunks_exact(4).map(|n| u32::from_be_bytes([n[0], n[1], n[2], n[3]]));
        return Ok(each.map(sample).collect());
    }
    // the compact form: 4, 8 or 16 bits each
    let mut bytes = Bytes(need(stbl, b"stz2")?);
    let (_, bits, count) = (bytes.u32()?, bytes.u32()? & 0xff, bytes.u32()?);
    let count = budget.take(count)?;
    let sizes: Vec<u32> = match bits {
        4 => {
            let table = bytes.take(count.div_ceil(2))?;
            table.iter().flat_map(|b| [u32::from(b >> 4), u32::from(b & 15)]).take(count).collect()
        }
        8 => bytes.take(count)?.iter().map(|b| u32::from(*b)).collect(),
        16 => {
            let table = bytes.take(count.saturating_mul(2))?;
            table.chunks_exact(2).map(|n| u32::from(u16::from_be_bytes([n[0], n[1]]))).collect()
        }
        _ => return damaged(),
    };
    Ok(sizes.into_iter().map(sample).collect())
}

/// Pairs of a count and a value; counts beyond the last sample go nowhere.
fn runs<T: Copy>(
    table: &[u8],
    samples: &mut [Sample],
    value: impl Fn([u8; 4]) -> T,
    set: impl Fn(&mut Sample, T),
) -> Result<Option<T>> {
    let mut bytes = Bytes(table);
    bytes.u32()?;
    let (count, mut rest, mut last) = (bytes.u32()?, samples, None);
    for _ in 0..count {
        if rest.is_empty() {
            break;
        }
        let (many, value) = (bytes.u32()?, value(bytes.array()?));
        let many = usize::try_from(many).unwrap_or(usize::MAX).min(rest.len());
        let (these, others) = rest.split_at_mut(many);
        these.iter_mut().for_each(|sample| set(sample, value));
        (rest, last) = (others, Some(value));
    }
    // some files tell the time of all but the last ones
    match last {
        Some(value) if !rest.is_empty() => rest.iter_mut().for_each(|sample| set(sample, value)),
        _ => {}
    }
    Ok(last)
}

fn times(stbl: &[u8], samples: &mut [Sample]) -> Result<()> {
    let stts = need(stbl, b"stts")?;
    runs(stts, samples, u32::from_be_bytes, |sample, delta| sample.delta = delta)?;
    Ok(())
}

fn shifts(stbl: &[u8], samples: &mut [Sample]) -> Result<()> {
    if let Some(ctts) = find(stbl, b"ctts")? {
        runs(ctts, samples, i32::from_be_bytes, |sample, shift| sample.shift = shift)?;
    }
    Ok(())
}

fn starts(stbl: &[u8], samples: &mut [Sample]) -> Result<()> {
    let Some(stss) = find(stbl, b"stss")? else { return Ok(()) };
    let mut bytes = Bytes(stss);
    bytes.u32()?;
    let count = bytes.u32()?;
    samples.iter_mut().for_each(|sample| sample.sync = false);
    for _ in 0..count {
        let number = usize::try_from(bytes.u32()?).unwrap_or(usize::MAX);
        if let Some(sample) = number.checked_sub(1).and_then(|at| samples.get_mut(at)) {
            sample.sync = true;
        }
    }
    Ok(())
}

fn places(stbl: &[u8], mut left: usize) -> Result<Vec<Chunk>> {
    let (table, wide) = match find(stbl, b"stco")? {
        Some(table) => (table, false),
        None if left == 0 => return Ok(Vec::new()),
        None => (need(stbl, b"co64")?, true),
    };
    let (mut offsets, mut runs) = (Bytes(table), Bytes(need(stbl, b"stsc")?));
    offsets.u32()?;
    runs.u32()?;
    let (count, mut runs_left) = (offsets.u32()?, runs.u32()?);
    let mut run = |before: u32| -> Result<Option<(u32, u32, u32)>> {
        if runs_left == 0 {
            return Ok(None);
        }
        runs_left -= 1;
        let next = (runs.u32()?, runs.u32()?, runs.u32()?);
        if next.0 <= before || next.1 == 0 { damaged() } else { Ok(Some(next)) }
    };
    let Some(mut now) = run(0)? else {
        return if left == 0 { Ok(Vec::new()) } else { damaged() };
    };
    let mut next = run(now.0)?;
    let mut chunks = Vec::new();
    for number in 1..=count {
        if left == 0 {
            break;
        }
        if let Some(later) = next.filter(|later| later.0 <= number) {
            now = later;
            next = run(now.0)?;
        }
        let offset = if wide { offsets.u64()? } else { u64::from(offsets.u32()?) };
        let samples = usize::try_from(now.1).unwrap_or(usize::MAX).min(left);
        left -= samples;
        let samples = u32::try_from(samples).unwrap_or(u32::MAX);
        chunks.push(Chunk { offset, samples, entry: now.2 });
    }
    if left > 0 { damaged() } else { Ok(chunks) }
}
