//! A reader that takes values from the front of a message.

use super::Undecodable;

/// The rest of a message. An incomplete value makes the message invalid.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, length: message.len() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let (taken, rest) =
            self.rest.split_first_chunk().ok_or(Undecodable::WrongLength { found: self.length })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn take_slice(&mut self, length: usize) -> Result<&'a [u8], Undecodable> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(Undecodable::WrongLength { found: self.length })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Undecodable> {
        self.take().map(u8::from_be_bytes)
    }

    pub(super) fn u16_be(&mut self) -> Result<u16, Undecodable> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn i16_be(&mut self) -> Result<i16, Undecodable> {
        self.take().map(i16::from_be_bytes)
    }

    pub(super) fn u16_le(&mut self) -> Result<u16, Undecodable> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn i16_le(&mut self) -> Result<i16, Undecodable> {
        self.take().map(i16::from_le_bytes)
    }

    pub(super) fn u32_le(&mut self) -> Result<u32, Undecodable> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn i32_le(&mut self) -> Result<i32, Undecodable> {
        self.take().map(i32::from_le_bytes)
    }
}

/// An unsigned integer of up to eight bytes, most significant first; `None` for more bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// 24 bits, least significant byte first.
pub(super) fn u24_le(bytes: [u8; 3]) -> u32 {
    let [low, middle, high] = bytes;
    u32::from_le_bytes([low, middle, high, 0])
}
